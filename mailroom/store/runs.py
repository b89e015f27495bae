"""Runs: what was started, how it ended, and where every fetched item went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from mailroom.errors import NotFoundError
from mailroom.store.database import Database
from mailroom.store.schema import runs

ENDINGS = ("alerted", "duplicate", "filtered", "quarantined", "gone")
"""The final states of an item. Per run: fetched = their sum."""
_UNFINISHED = text("runs.state IN ('running', 'failed')")
"""Word for word as in the index: a bound value would hide from SQLite that it can be used."""
_COUNTED = ("fetched", *ENDINGS)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a flow or command."""

    id: int
    kind: str
    source_id: int | None
    flow_run_id: str
    state: str
    parameters: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None
    message: str
    counts: dict[str, Any] = field(default_factory=dict)


def _run(row: Row[Any]) -> Run:
    counts = {name: getattr(row, name) for name in _COUNTED} | (row.counts or {})
    return Run(
        row.id, row.kind, row.source_id, row.flow_run_id, row.state, row.parameters or {}, row.started_at,
        row.finished_at, row.message, counts,
    )  # fmt: skip


class Runs:
    """Records of runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def start(
        self,
        kind: str,
        *,
        source_id: int | None = None,
        flow_run_id: str = "",
        parameters: dict[str, Any] | None = None,
    ) -> int:
        """Record that a run has begun; returns its id."""
        row = {
            "kind": kind, "source_id": source_id, "flow_run_id": flow_run_id, "state": "running",
            "parameters": parameters, "started_at": self._db.clock.now(),
        }  # fmt: skip
        return self._db.run(lambda tx: int(tx.execute(runs.insert().returning(runs.c.id), row).scalar_one()))

    def finish(self, run_id: int, state: str, counts: Mapping[str, Any] | None = None, message: str = "") -> None:
        """Record how the run ended. `counts`: fetched, the five endings, and whatever else is worth keeping."""
        given = dict(counts or {})
        values = {name: int(given.pop(name, 0)) for name in _COUNTED}
        change = runs.update().where(runs.c.id == run_id).values(
            state=state, message=message, finished_at=self._db.clock.now(), counts=given, **values
        )  # fmt: skip
        if self._db.run(lambda tx: tx.execute(change).rowcount) != 1:
            msg = f"There is no run {run_id}."
            raise NotFoundError(msg)

    def close_lost(self, source_id: int, *, but: int) -> int:
        """Mark earlier runs of the source that never ended as `lost`; call it while holding the source's lease."""
        lost = (runs.c.source_id == source_id) & (runs.c.state == "running") & (runs.c.id < but)
        change = runs.update().where(lost).values(
            state="lost", finished_at=self._db.clock.now(), message="It ended without a word; a later run went on."
        )  # fmt: skip
        return self._db.run(lambda tx: tx.execute(change).rowcount)

    def get(self, run_id: int) -> Run:
        """The run. Raises NotFoundError."""
        row = self._db.first(select(runs).where(runs.c.id == run_id))
        if row is None:
            msg = f"There is no run {run_id}."
            raise NotFoundError(msg)
        return _run(row)

    def first(self, kind: str, source_id: int) -> Run | None:
        """The first run of this kind on the source."""
        query = select(runs).where(runs.c.kind == kind, runs.c.source_id == source_id).order_by(runs.c.id).limit(1)
        row = self._db.first(query)
        return _run(row) if row is not None else None

    def latest(self, kind: str, n: int = 10, *, source_id: int | None = None) -> list[Run]:
        """The last `n` runs of this kind, of one source or of all, newest first."""
        query = select(runs).where(runs.c.kind == kind).order_by(runs.c.id.desc()).limit(n)
        if source_id is not None:
            query = query.where(runs.c.source_id == source_id)
        return [_run(row) for row in self._db.rows(query)]

    def unfinished(self, kind: str, limit: int = 100) -> list[Run]:
        """The last `limit` runs of this kind that did not come to their end, newest first, however many did since."""
        query = select(runs).where(runs.c.kind == kind, _UNFINISHED)
        query = query.order_by(runs.c.id.desc()).limit(limit)
        return [_run(row) for row in self._db.read(lambda tx: tx.execute(query).all())]

    def conservation_violations(self, limit: int = 100) -> list[Run]:
        """Completed runs whose fetched items did not all get exactly one ending. Must be empty."""
        return [_run(row) for row in self._db.read(lambda tx: _violations(tx, limit))]


def _violations(tx: Connection, limit: int) -> list[Row[Any]]:
    total = sum((runs.c[name] for name in ENDINGS[1:]), runs.c[ENDINGS[0]])
    query = select(runs).where(runs.c.state == "completed", runs.c.fetched != total).order_by(runs.c.id).limit(limit)
    return list(tx.execute(query).all())
