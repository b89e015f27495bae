"""Playbooks that templates, rules and people want started: each wish is a row with a key, so it is started once.

offered → wanted → started → completed | failed | unknown. `offered` waits for a person. `started` with a flow run id
runs in Prefect; without one it runs, or ran, in the process that holds the lease `LEASE`.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store.case_rows import EventList
from mailroom.store.database import Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.leases import Lease, Leases
from mailroom.store.schema import cases, playbook_runs

LEASE = "playbook runs"
"""Who holds it starts playbooks; nobody else does."""

OVER = ("completed", "failed", "unknown")
STATES = ("offered", "wanted", "started", *OVER)


@dataclass(frozen=True, slots=True)
class NewPlaybookRun:
    """A wish: this playbook, for this case or alert."""

    key: str
    playbook: str
    tenant: str = ""
    case_id: int | None = None
    alert_id: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    state: str = "wanted"
    """`wanted`, or `offered`: only when a person says so."""
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """One wish and what became of it."""

    id: int
    key: str
    tenant: str
    case_id: int | None
    alert_id: int | None
    playbook: str
    parameters: dict[str, Any]
    state: str
    requested_by: str
    flow_run_id: str
    detail: str
    result: Any
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class PlaybookRuns:
    """The repository of wanted playbooks."""

    def __init__(self, db: Database, events: Events, leases: Leases) -> None:
        self._db = db
        self._events = events
        self._leases = leases

    def want(
        self, wanted: Sequence[NewPlaybookRun], *, why: str = "", tx: Connection | None = None,
        wall: EventList | None = None,
    ) -> builtins.list[int]:  # fmt: skip
        """Write wishes down; returns the ids of those that are new. Effect: writes the store. Twice is harmless."""
        for one in wanted:
            if not one.key or one.state not in {"wanted", "offered"}:
                raise InvalidInputError("A wanted playbook needs a key, and is `wanted` or `offered`.")

        def write(c: Connection) -> builtins.list[int]:
            now = self._db.now(c)
            rows = [
                {
                    "key": one.key, "tenant": one.tenant, "case_id": one.case_id, "alert_id": one.alert_id,
                    "playbook": one.playbook, "parameters": one.parameters, "state": one.state,
                    "requested_by": one.requested_by, "flow_run_id": "", "detail": "", "result": None, "attempts": 0,
                    "created_at": now, "started_at": None, "finished_at": None,
                }
                for one in wanted
            ]  # fmt: skip
            made = self._db.insert_rows(c, playbook_runs, rows, *playbook_runs.c["id", "key"])
            by_key = {one.key: one for one in wanted}
            events = [_wanted(row.id, by_key[row.key], why) for row in sorted(made, key=lambda row: int(row.id))]
            if wall is None:
                self._events.add_many(c, events)
            else:
                wall.extend(events)
            return sorted(int(row.id) for row in made)

        return self._db.write(write, tx) if wanted else []

    def get(self, run_id: int, tx: Connection | None = None) -> PlaybookRun:
        """The wish. Raises NotFoundError."""
        query = select(playbook_runs).where(playbook_runs.c.id == run_id)
        row = self._db.first(query, tx=tx)
        if row is None:
            raise NotFoundError(f"There is no playbook run {run_id}; `mailroom case playbooks` lists them.")
        return PlaybookRun(**row._asdict())

    def by_key(self, key: str) -> PlaybookRun | None:
        """The wish with this key."""
        query = select(playbook_runs).where(playbook_runs.c.key == key)
        row = self._db.first(query)
        return PlaybookRun(**row._asdict()) if row is not None else None

    def open(self, state: str, *, limit: int = 500, after_id: int = 0) -> builtins.list[PlaybookRun]:
        """What is `wanted`, or what is `started` and not over, oldest first."""
        query = select(playbook_runs).where(playbook_runs.c.state.in_(("wanted", "started")))  # the index's words
        query = query.where(playbook_runs.c.state == state, playbook_runs.c.id > after_id)
        return self._select(query.order_by(playbook_runs.c.id).limit(limit))

    def list(
        self, *, case_ids: Sequence[int] | None = None, alert_id: int | None = None, state: str = "", limit: int = 100
    ) -> builtins.list[PlaybookRun]:
        """Wishes, newest first."""
        query = select(playbook_runs)
        if case_ids is not None:
            query = query.where(playbook_runs.c.case_id.in_(builtins.list(case_ids)))
        if alert_id is not None:
            query = query.where(playbook_runs.c.alert_id == alert_id)
        if state:
            query = query.where(playbook_runs.c.state == state)
        return self._select(query.order_by(playbook_runs.c.id.desc()).limit(limit))

    def accept(self, run_id: int, *, who: str, why: str = "") -> PlaybookRun:
        """Want what was offered, or once more what failed or got lost. Twice is harmless.

        Raises:
            NotFoundError: there is no such row.
        """

        def write(tx: Connection) -> PlaybookRun:
            run = self._locked(tx, run_id)
            if run.state not in {"offered", "failed", "unknown"}:
                return run
            fresh = {"flow_run_id": "", "detail": "", "result": None, "started_at": None, "finished_at": None}
            return self._set(tx, run, "wanted", who, why, **fresh)

        return self._db.run(write)

    def started(self, run_id: int, *, flow_run_id: str = "", lease: Lease, who: str) -> PlaybookRun:
        """It is about to run here, or runs in Prefect. Counts one more attempt. Raises LeaseLostError."""

        def write(tx: Connection) -> PlaybookRun:
            self._leases.check(tx, lease)
            run = self._locked(tx, run_id)
            if run.state in OVER:
                return run
            now = self._db.now(tx)
            return self._set(
                tx, run, "started", who, "", flow_run_id=flow_run_id, started_at=now, attempts=run.attempts + 1
            )

        return self._db.run(write)

    def finish(
        self, run_id: int, state: str, *, detail: str = "", result: Any = None, lease: Lease, who: str
    ) -> PlaybookRun:
        """What became of it. What is over already stays as it is. Raises LeaseLostError."""
        if state not in OVER:
            raise InvalidInputError(f"{state!r} is no end of a playbook; use one of {', '.join(OVER)}.")

        def write(tx: Connection) -> PlaybookRun:
            self._leases.check(tx, lease)
            run = self._locked(tx, run_id)
            if run.state in OVER:
                return run
            now = self._db.now(tx)
            return self._set(tx, run, state, who, detail, detail=detail, result=result, finished_at=now)

        return self._db.run(write)

    def remark(self, run_id: int, detail: str) -> None:
        """Say why it waits; no event. Effect: writes the store when that is news. Twice is harmless."""
        mine = (playbook_runs.c.id == run_id) & (playbook_runs.c.detail != detail)
        self._db.run(lambda tx: tx.execute(update(playbook_runs).where(mine).values(detail=detail)))

    def _set(self, tx: Connection, run: PlaybookRun, state: str, who: str, why: str, **values: Any) -> PlaybookRun:
        tx.execute(update(playbook_runs).where(playbook_runs.c.id == run.id).values(state=state, **values))
        if run.case_id is not None or run.alert_id is not None:
            event = NewEvent(
                f"playbook.{state}", who, f"{run.playbook}: run {run.id} {state}", run.alert_id, run.case_id,
                before=run.state, after=state, why=why,
            )  # fmt: skip
            self._events.add_many(tx, [event])
        return self.get(run.id, tx)

    def _locked(self, tx: Connection, run_id: int) -> PlaybookRun:
        case_id = self.get(run_id, tx).case_id
        if case_id is not None:  # the case's row comes first, as everywhere
            tx.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())
        query = select(playbook_runs).where(playbook_runs.c.id == run_id).with_for_update()
        return PlaybookRun(**tx.execute(query).one()._asdict())

    def _select(self, query: Any) -> builtins.list[PlaybookRun]:
        return [PlaybookRun(**row._asdict()) for row in self._db.rows(query)]


def _wanted(run_id: int, new: NewPlaybookRun, why: str) -> NewEvent:
    what = f"{new.playbook}: run {run_id} {new.state}"
    return NewEvent(f"playbook.{new.state}", new.requested_by, what, new.alert_id, new.case_id, why=why)
