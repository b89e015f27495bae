"""Intake: mails with their final states, their alerts and the mark of the source, in one transaction per batch.

The quick way into the store for a source whose items are read once and settled at once. What cannot be settled in the
same breath is written down as `listed`, with the mark, and is settled later by its row id. The caller holds the
source's lease; the lease is checked in every transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError
from mailroom.faults import faultpoint
from mailroom.store.database import CHUNK, Database
from mailroom.store.leases import Lease, Leases
from mailroom.store.runs import ENDINGS
from mailroom.store.schema import alerts, blobs, items, runs, sources
from mailroom.store.sources import Cursors

log = logging.getLogger(__name__)

LISTED = "listed"
"""The state of an item that is still to be settled."""


class Generation(NamedTuple):
    """One generation of a source, and since when it is known."""

    id: int
    generation: str
    created_at: datetime


class Waiting(NamedTuple):
    """An item that was written down and has no final state yet."""

    id: int
    external_key: str
    attempts: int


class LastRun(NamedTuple):
    """How a run of the source ended."""

    id: int
    state: str
    counts: dict[str, Any]


@dataclass(slots=True)
class Taken:
    """What became of one item: a final state, or `listed` when it is to be tried again."""

    external_key: str
    state: str
    received_at: datetime
    content_key: str = ""
    reason: str = ""
    item_id: int = 0
    """Row of an item written down before; 0: it is new."""
    attempts: int = 0
    alert: dict[str, Any] | None = None
    """A row of `alerts` without `source_id`, `connector`, `handling` and our times."""
    more_alerts: tuple[dict[str, Any], ...] = ()
    """Further alerts made of the same item."""
    alert_id: int | None = None
    """Of the alert this one repeats."""
    kept: tuple[tuple[str, int], ...] = ()
    """(SHA-256, octets) of blobs that were stored for it."""
    quarantine_sha256: str | None = None


class Intake:
    """Writes batches, and answers what a connector must know before it reads."""

    def __init__(self, db: Database, leases: Leases, cursors: Cursors) -> None:
        self._db = db
        self._leases = leases
        self._cursors = cursors

    def generations(self, tenant: str, connector: str, name: str) -> list[Generation]:
        """Every generation of this source, oldest first."""
        query = select(sources.c.id, sources.c.generation, sources.c.created_at).where(
            sources.c.tenant == tenant, sources.c.connector == connector, sources.c.name == name
        )
        return [Generation(*row) for row in self._db.rows(query.order_by(sources.c.id))]

    def stage(
        self, source_id: int, run_id: int, keys: Sequence[str], *, mark: int, lease: Lease, received_at: datetime
    ) -> None:
        """Write down items to be settled later, and move the mark, in one transaction. Known keys stay as they are.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """
        rows = [
            {"source_id": source_id, "external_key": key, "received_at": received_at, "state": LISTED,
             "first_run_id": run_id, "listed_at": received_at}
            for key in keys
        ]  # fmt: skip

        def write(tx: Connection) -> None:
            self._leases.check(tx, lease)
            if rows:
                self._db.insert_new(tx, items, rows)
            self._cursors.advance_mark(source_id, mark, tx)
            faultpoint("intake.before_stage")

        self._db.run(write)

    def move_mark(self, source_id: int, mark: int, lease: Lease) -> None:
        """Move the mark forward, with nothing to write down. Raises LeaseLostError."""

        def write(tx: Connection) -> None:
            self._leases.check(tx, lease)
            self._cursors.advance_mark(source_id, mark, tx)

        self._db.run(write)

    def waiting(self, source_id: int, *, limit: int, tried: bool) -> list[Waiting]:
        """Items without a final state in the order they were written down: those never tried, or those that failed."""
        query = select(items.c.id, items.c.external_key, items.c.attempts).where(
            items.c.source_id == source_id,
            items.c.state == LISTED,
            items.c.attempts > 0 if tried else items.c.attempts == 0,
        )
        query = query.order_by(items.c.received_at, items.c.id).limit(limit)
        return [Waiting(*row) for row in self._db.rows(query)]

    def unreadable(self, source_id: int, *, limit: int) -> list[str]:
        """External keys of items that failed, and of those quarantined without their bytes; the newest first."""
        # Two questions: each has an index of its own, and to both at once a database reads every item of the source.
        failed = (items.c.state == LISTED) & (items.c.attempts > 0)
        lost = (items.c.state == "quarantined") & items.c.quarantine_sha256.is_(None)
        found: list[tuple[int, str]] = []
        for which in (failed, lost):
            query = select(items.c.id, items.c.external_key).where(items.c.source_id == source_id, which)
            found += [
                (row.id, row.external_key) for row in self._db.rows(query.order_by(items.c.id.desc()).limit(limit))
            ]
        return [key for _, key in sorted(found, reverse=True)[:limit]]

    def begin_attempt(self, item_id: int, lease: Lease) -> None:
        """Count an attempt before it is made, for items that may kill the process that tries."""

        def count(tx: Connection) -> None:
            self._leases.check(tx, lease)
            tx.execute(items.update().where(items.c.id == item_id).values(attempts=items.c.attempts + 1))

        self._db.run(count)

    def twins(self, source_ids: Iterable[int], content_keys: Iterable[str]) -> dict[str, int]:
        """Content key -> alert id, for items of these sources that have become an alert."""
        ids, wanted, found = list(source_ids), [key for key in content_keys if key], dict[str, int]()
        for some in chunks(wanted, CHUNK) if ids else ():
            query = select(items.c.content_key, items.c.alert_id).where(
                items.c.content_key.in_(some),
                items.c.content_key != "",
                items.c.source_id.in_(ids),
                items.c.alert_id.is_not(None),
            )
            found.update({row.content_key: row.alert_id for row in self._db.rows(query)})
        return found

    def same_group(self, source_ids: Iterable[int], group_keys: Iterable[str]) -> dict[str, int]:
        """Group key -> alert id, for alerts of these sources."""
        ids, wanted, found = list(source_ids), [key for key in group_keys if key], dict[str, int]()
        for some in chunks(wanted, CHUNK) if ids else ():
            query = select(alerts.c.group_key, alerts.c.id).where(
                alerts.c.group_key.in_(some), alerts.c.source_id.in_(ids)
            )
            found.update({row.group_key: row.id for row in self._db.rows(query)})
        return found

    def last_runs(self, kind: str, source_id: int, *, limit: int, before: int = 0) -> list[LastRun]:
        """The last runs of a source, newest first; `before`: only those with a lower id."""
        query = select(runs.c.id, runs.c.state, runs.c.counts).where(runs.c.kind == kind, runs.c.source_id == source_id)
        if before:
            query = query.where(runs.c.id < before)
        found = self._db.rows(query.order_by(runs.c.id.desc()).limit(limit))
        return [LastRun(row.id, row.state, row.counts or {}) for row in found]

    def in_trouble(self, kind: str, source_id: int) -> bool:
        """The last run of the source never ended, or items of it failed and wait to be tried again."""
        last = self.last_runs(kind, source_id, limit=1)
        return bool(last and last[0].state == "running") or bool(self.waiting(source_id, limit=1, tried=True))

    def settled_since(self, source_id: int, run_id: int, states: Iterable[str]) -> list[str]:
        """External keys of the items that this run and later ones gave one of these states."""
        query = select(items.c.external_key).where(
            items.c.source_id == source_id, items.c.settled_run_id >= run_id, items.c.state.in_(list(states))
        )
        return list(self._db.values(query))

    def commit(
        self, source_id: int, connector: str, run_id: int, taken: Sequence[Taken], *, lease: Lease, mark: int = 0
    ) -> dict[str, int]:
        """Write a batch: alerts, items, blobs and mark, in one transaction.

        An alert whose key exists already makes its item a duplicate of it. Items known already stay as they are.

        Args:
            source_id: The source.
            connector: What its alerts are filed under.
            run_id: The run that settles them.
            taken: What became of each item, each item once.
            lease: The caller's right to write.
            mark: The source's mark moves here, if that is forward; 0 leaves it.

        Returns:
            How many items got each final state.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """
        for one in taken:
            if one.state not in (*ENDINGS, LISTED) or (one.state == "alerted") != (one.alert is not None):
                msg = f"Item {one.external_key}: {one.state!r} is no state, or an alert is missing or too many."
                raise InvalidInputError(msg)
        now = self._db.clock.now()

        def write(tx: Connection) -> dict[str, int]:
            self._leases.check(tx, lease)
            made, existing = self._alerts(tx, source_id, connector, taken, now)
            counts: dict[str, int] = {}
            new: list[dict[str, Any]] = []
            changed: list[dict[str, Any]] = []
            for one in taken:
                state, reason, alert_id = one.state, one.reason, one.alert_id
                if one.alert is not None:
                    alert_id = made.get(one.alert["external_key"])
                    if alert_id is None:
                        alert_id = existing[one.alert["external_key"]]
                        state, reason = "duplicate", f"already stored as alert {alert_id}"
                settled = state != LISTED
                if settled:
                    counts[state] = counts.get(state, 0) + 1
                row = {
                    "state": state, "reason": reason, "content_key": one.content_key, "received_at": one.received_at,
                    "attempts": one.attempts, "alert_id": alert_id, "quarantine_sha256": one.quarantine_sha256,
                    "settled_at": now if settled else None, "settled_run_id": run_id if settled else None,
                }  # fmt: skip
                if one.item_id:
                    row["id"] = one.item_id
                    changed.append(row)
                else:
                    row |= {
                        "source_id": source_id, "external_key": one.external_key, "first_run_id": run_id,
                        "listed_at": now,
                    }  # fmt: skip
                    new.append(row)
            self._blobs(tx, taken, now)
            if new and (written := self._db.insert_new(tx, items, new)) != len(new):
                log.warning("%d of %d items of source %d were known already", len(new) - written, len(new), source_id)
            self._db.update_rows(tx, items, changed)
            if mark:
                self._cursors.advance_mark(source_id, mark, tx)
            faultpoint("intake.before_commit")
            return counts

        return self._db.run(write)

    def _alerts(
        self, tx: Connection, source_id: int, connector: str, taken: Sequence[Taken], now: datetime
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Insert the alerts; external key -> id of those made now, and of those that were there."""
        same = {
            "source_id": source_id, "connector": connector, "handling": "open", "created_at": now, "updated_at": now,
        }  # fmt: skip
        rows = [row | same for one in taken if one.alert is not None for row in (one.alert, *one.more_alerts)]
        if not rows:
            return {}, {}
        inserted = self._db.insert_numbered(tx, alerts, rows, alerts.c.external_key)
        made: dict[str, int] = {row[1]: row[0] for row in inserted}
        missing = (
            [row["external_key"] for row in rows if row["external_key"] not in made] if len(made) < len(rows) else []
        )
        existing: dict[str, int] = {}
        for some in chunks(missing, CHUNK):
            query = select(alerts.c.external_key, alerts.c.id).where(
                alerts.c.connector == connector,
                alerts.c.tenant == rows[0]["tenant"],
                alerts.c.external_key.in_(some),
            )
            existing.update({row.external_key: row.id for row in tx.execute(query)})
        return made, existing

    def _blobs(self, tx: Connection, taken: Sequence[Taken], now: datetime) -> None:
        rows = {
            sha256: {"sha256": sha256, "size": size, "created_at": now} for one in taken for sha256, size in one.kept
        }
        if rows:
            tx.execute(self._db.insert_or_ignore(blobs), list(rows.values()))
