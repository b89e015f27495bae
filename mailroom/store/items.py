"""Items: everything a source listed, each settled exactly once.

The connector stages what it listed (known keys are left alone), then settles every item with one final state. The
final states of a batch, its alerts and the cursor are written in one transaction under the source's lease.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select, tuple_

from mailroom.chunks import chunks
from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.store.blobs import Blobs
from mailroom.store.columns import BIG_ID, UtcDateTime
from mailroom.store.database import CHUNK, Database
from mailroom.store.leases import Lease, Leases
from mailroom.store.schema import items
from mailroom.store.settling import Settled, Settler
from mailroom.store.sources import Cursors


@dataclass(slots=True)
class StagedItem:
    """One entry of a listing. `content_key` recognises it again in another generation of the same source."""

    external_key: str
    content_key: str
    received_at: datetime
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Staged:
    """How many staged rows were new and how many were known."""

    new: int
    known: int


@dataclass(slots=True)
class Item:
    """One item that waits for its final state."""

    id: int
    external_key: str
    content_key: str
    received_at: datetime
    raw: dict[str, Any]
    attempts: int
    first_run_id: int | None
    reason: str = ""
    """What an earlier cycle noted about it."""


@dataclass(frozen=True, slots=True)
class SameContent:
    """One item that is alert `alert_id`, or repeats it."""

    content_key: str
    external_key: str
    raw: dict[str, Any]
    alert_id: int


_ITEM = items.c["id", "external_key", "content_key", "received_at", "raw", "attempts", "first_run_id", "reason"]


class Items:
    """What was listed and what became of it."""

    def __init__(self, db: Database, leases: Leases, cursors: Cursors, blobs: Blobs) -> None:
        self._db = db
        self._leases = leases
        self._cursors = cursors
        self._settler = Settler(db, leases, cursors, blobs)

    def stage(
        self, source_id: int, run_id: int | None, rows: Sequence[StagedItem], lease: Lease | None = None, *,
        cursor: datetime | None = None,
    ) -> Staged:  # fmt: skip
        """Remember what was listed; what is known already stays as it is. One transaction.

        `cursor` moves the source's cursor with it, for sources whose cursor says how far they were listed.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """
        now = self._db.clock.now()
        values = [
            {
                "source_id": source_id, "external_key": row.external_key, "content_key": row.content_key,
                "received_at": row.received_at, "raw": row.raw, "state": "listed", "first_run_id": run_id,
                "listed_at": now,
            }
            for row in rows
        ]  # fmt: skip

        def insert(tx: Connection) -> int:
            if lease is not None:
                self._leases.check(tx, lease)
            new = self._db.insert_new(tx, items, values) if values else 0
            if cursor is not None:
                self._cursors.advance(source_id, cursor, tx)
            faultpoint("stage.before_commit")
            return new

        new = self._db.run(insert)
        faultpoint("stage.after_commit")
        return Staged(new, len(values) - new)

    def pending(self, source_id: int, *, limit: int, after: tuple[datetime, int] | None = None) -> list[Item]:
        """Items without a final state, oldest first, beginning behind `after` = (received_at, id) of the last page."""
        query = select(*_ITEM).where(items.c.source_id == source_id, items.c.state == "listed")
        if after is not None:
            query = query.where(
                tuple_(items.c.received_at, items.c.id)
                > tuple_(literal(after[0], UtcDateTime), literal(after[1], BIG_ID))
            )
        query = query.order_by(items.c.received_at, items.c.id).limit(limit)
        return [Item(*row) for row in self._db.rows(query)]

    def count_pending(self, source_id: int) -> int:
        """How many items of the source have no final state."""
        query = select(func.count()).select_from(items).where(items.c.source_id == source_id, items.c.state == "listed")
        return int(self._db.value(query))

    def known(self, source_id: int, keys: Iterable[str]) -> set[str]:
        """Which of these external keys the source has shown before."""
        wanted, found = list(keys), set[str]()
        for some in chunks(wanted, CHUNK):
            query = select(items.c.external_key).where(items.c.source_id == source_id, items.c.external_key.in_(some))
            found.update(self._db.values(query))
        return found

    def find(self, source_id: int, external_key: str) -> Row[Any] | None:
        """How an item came in: `id, state, reason, attempts, listed_at, settled_at, first_run_id, settled_run_id`."""
        columns = items.c[
            "id", "state", "reason", "attempts", "listed_at", "settled_at", "first_run_id", "settled_run_id"
        ]
        query = select(*columns).where(items.c.source_id == source_id, items.c.external_key == external_key)
        return self._db.first(query)

    def count_settled(self, source_id: int, keys: Iterable[str]) -> int:
        """How many of these external keys have their final state already."""
        wanted, found = list(keys), 0
        for some in chunks(wanted, CHUNK):
            query = select(func.count()).where(
                items.c.source_id == source_id,
                items.c.state != "listed",
                items.c.external_key.in_(some),
            )
            found += int(self._db.value(query))
        return found

    def same_content(self, source_id: int, content_keys: Iterable[str]) -> list[SameContent]:
        """Items with this content that are an alert or repeat one, by alert."""
        columns = items.c["content_key", "external_key", "raw", "alert_id"]
        wanted, found = sorted({key for key in content_keys if key}), list[SameContent]()
        for some in chunks(wanted, CHUNK):
            query = select(*columns).where(
                items.c.content_key.in_(some),
                items.c.content_key != "",
                items.c.source_id == source_id,
                items.c.alert_id.is_not(None),
            )
            rows = self._db.rows(query.order_by(items.c.id))
            found += [SameContent(*row) for row in rows]
        return found

    def settle(
        self, source_id: int, run_id: int | None, settled: Sequence[Settled], *, cursor: datetime | None = None,
        lease: Lease | None = None,
    ) -> dict[int, str]:  # fmt: skip
        """Give items their final state: states, alerts, quarantined bytes and cursor in ONE transaction.

        Only items still `listed` are changed, so settling twice is harmless. An alert that exists already (same tenant,
        connector and external key, or the same content in another generation of the source) makes its item a
        `duplicate` of it. Each `Settled.cursor` and `cursor` may only move the cursor forward.

        Returns:
            The final state of each item changed now, by item id.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """
        done = self._settler.settle(source_id, run_id, settled, cursor, lease)
        faultpoint("items.after_commit")
        return done

    def failed_attempt(self, item_id: int, reason: str) -> int:
        """Count one more failure to read an item; returns how many there were."""

        def count(tx: Connection) -> int:
            change = items.update().where(items.c.id == item_id).returning(items.c.attempts)
            row = tx.execute(change.values(attempts=items.c.attempts + 1, reason=reason)).first()
            return -1 if row is None else int(row[0])

        attempts = self._db.run(count)
        if attempts < 0:
            msg = f"There is no item {item_id}."
            raise NotFoundError(msg)
        return attempts

    def note(self, item_ids: Sequence[int], reason: str, lease: Lease | None = None) -> None:
        """Remember something about items that wait, for the next cycle. One transaction.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """

        def write(tx: Connection) -> None:
            if lease is not None:
                self._leases.check(tx, lease)
            for some in chunks(item_ids, CHUNK):
                still = items.c.id.in_(some) & (items.c.state == "listed")
                tx.execute(items.update().where(still).values(reason=reason))

        self._db.run(write)

    def reopen(self, item_id: int) -> bool:
        """Put a quarantined item back among the listed, attempts forgotten; False when it was not."""
        change = items.update().where(items.c.id == item_id, items.c.state == "quarantined")
        change = change.values(state="listed", attempts=0, settled_at=None, settled_run_id=None)
        return self._db.run(lambda tx: tx.execute(change).rowcount) == 1

    def quarantined(self, source_id: int | None = None, *, limit: int = 500, after_id: int = 0) -> list[Row[Any]]:
        """Quarantined items by id: `id, source_id, external_key, reason, attempts, quarantine_sha256`."""
        columns = items.c["id", "source_id", "external_key", "reason", "attempts", "quarantine_sha256"]
        query = select(*columns).where(items.c.state == "quarantined", items.c.id > after_id)
        if source_id is not None:
            query = query.where(items.c.source_id == source_id)
        return list(self._db.rows(query.order_by(items.c.id).limit(limit)))

    def counts(self, source_id: int | None = None) -> dict[str, int]:
        """Items by state."""
        query = select(items.c.state, func.count()).group_by(items.c.state).order_by(items.c.state)
        if source_id is not None:
            query = query.where(items.c.source_id == source_id)
        return {row[0]: int(row[1]) for row in self._db.rows(query)}
