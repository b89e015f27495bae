"""How a batch of items gets its final states: one transaction with the alerts and the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.faults import faultpoint
from mailroom.store.alerts import NewAlert, alert_row
from mailroom.store.blobs import Blobs
from mailroom.store.columns import clean_text
from mailroom.store.database import CHUNK, Database
from mailroom.store.leases import Lease, Leases
from mailroom.store.runs import ENDINGS
from mailroom.store.schema import alerts, blobs, items, sources
from mailroom.store.sources import Cursors

_LOCKED = (
    select(*items.c["id", "content_key", "source_id", "state"])
    .where(items.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(items.c.id)
    .with_for_update()
)
"""By id alone: with the state in the condition, SQLite walks over every item that waits instead."""

_SOURCE = select(*sources.c["tenant", "connector", "name"]).where(sources.c.id == bindparam("source_id"))
_SIBLINGS = select(sources.c.id).where(
    sources.c.tenant == bindparam("tenant"),
    sources.c.connector == bindparam("connector"),
    sources.c.name == bindparam("name"),
    sources.c.id != bindparam("source_id"),
)
_TWINS = select(items.c.content_key, items.c.alert_id).where(
    items.c.content_key.in_(bindparam("keys", expanding=True)),
    items.c.content_key != "",
    items.c.source_id.in_(bindparam("source_ids", expanding=True)),
    items.c.state == "alerted",
)


@dataclass(slots=True)
class Settled:
    """The final state of one item: `alerted` (with an alert), `duplicate`, `filtered`, `quarantined` or `gone`."""

    item_id: int
    state: str
    reason: str = ""
    alert: NewAlert | None = None
    quarantine: bytes | None = None
    cursor: datetime | None = None
    alert_id: int | None = None
    """Of the alert that a `duplicate` repeats, where that is known."""


class _Source(NamedTuple):
    """Where the items of a batch belong."""

    id: int
    connector: str
    siblings: list[int]
    """The other generations of the same source."""


class Settler:
    """Carries out `Items.settle`."""

    def __init__(self, db: Database, leases: Leases, cursors: Cursors, blob_store: Blobs) -> None:
        self._db = db
        self._leases = leases
        self._cursors = cursors
        self._blobs = blob_store

    def settle(
        self,
        source_id: int,
        run_id: int | None,
        settled: Sequence[Settled],
        cursor: datetime | None,
        lease: Lease | None,
    ) -> dict[int, str]:
        """See `Items.settle`."""
        for one in settled:
            if one.state not in ENDINGS or (one.state == "alerted") != (one.alert is not None):
                msg = f"Item {one.item_id}: {one.state!r} is no final state, or an alert is missing or too many."
                raise InvalidInputError(msg)
        # Bytes first, outside the transaction: a blob without a row is harmless, a row without its blob is not.
        kept = {one.item_id: self._blobs.put(one.quarantine) for one in settled if one.quarantine is not None}
        positions = [one.cursor for one in settled if one.cursor is not None] + ([cursor] if cursor else [])

        def write(tx: Connection) -> dict[int, str]:
            if lease is not None:
                self._leases.check(tx, lease)
            done: dict[int, str] = {}
            if settled:
                source = _source(tx, source_id)
                for some in chunks(settled, CHUNK):
                    done |= self._chunk(tx, source, run_id, some, kept)
            if positions:
                self._cursors.advance(source_id, max(positions), tx)
            faultpoint("items.before_commit")
            return done

        return self._db.run(write)

    def _chunk(
        self,
        tx: Connection,
        source: _Source,
        run_id: int | None,
        settled: Sequence[Settled],
        kept: dict[int, str],
    ) -> dict[int, str]:
        open_items = _still_listed(tx, source.id, [one.item_id for one in settled])
        todo = list({one.item_id: one for one in settled if one.item_id in open_items}.values())
        now = self._db.clock.now()
        twins = _twins(tx, source, [open_items[one.item_id] for one in todo if one.alert])
        fresh = [one.alert for one in todo if one.alert and open_items[one.item_id] not in twins]
        made, existing = self._insert_alerts(tx, source, fresh, now)
        rows: list[dict[str, Any]] = []
        for one in todo:
            state, reason, alert_id = one.state, one.reason, one.alert_id
            if one.alert is not None:
                key = (one.alert.tenant, clean_text(one.alert.external_key))
                alert_id = made.pop(key, None)  # the first item of a key makes the alert, the others repeat it
                if alert_id is None:
                    alert_id = twins.get(open_items[one.item_id]) or existing[key]
                    state, reason = "duplicate", reason or f"already stored as alert {alert_id}"
                else:
                    existing[key] = alert_id
            rows.append({
                "id": one.item_id, "state": state, "reason": reason, "alert_id": alert_id, "settled_at": now,
                "settled_run_id": run_id, "quarantine_sha256": kept.get(one.item_id),
            })  # fmt: skip
        self._record_blobs(tx, settled, kept, now)
        self._db.update_rows(tx, items, rows)
        return {row["id"]: row["state"] for row in rows}

    def _insert_alerts(
        self, tx: Connection, source: _Source, fresh: list[NewAlert], now: datetime
    ) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
        """Insert what is new; returns ids of (new, all) by (tenant, external key)."""
        if not fresh:
            return {}, {}
        rows = [alert_row(alert, source_id=source.id, connector=source.connector, now=now) for alert in fresh]
        inserted = self._db.insert_numbered(tx, alerts, rows, *alerts.c["tenant", "external_key"])
        made = {(row[1], row[2]): row[0] for row in inserted}
        if len(made) == len(rows):
            return made, {}
        missing = {(row["tenant"], clean_text(row["external_key"])) for row in rows} - made.keys()
        query = select(alerts.c.id, alerts.c.tenant, alerts.c.external_key).where(
            alerts.c.connector == source.connector,
            alerts.c.tenant.in_({tenant for tenant, _ in missing}),
            alerts.c.external_key.in_({key for _, key in missing}),
        )
        return made, {(row.tenant, row.external_key): row.id for row in tx.execute(query)}

    def _record_blobs(self, tx: Connection, settled: Sequence[Settled], kept: dict[int, str], now: datetime) -> None:
        rows = {
            kept[one.item_id]: {"sha256": kept[one.item_id], "size": len(one.quarantine), "created_at": now}
            for one in settled
            if one.quarantine is not None
        }
        if rows:
            tx.execute(self._db.insert_or_ignore(blobs), list(rows.values()))


def _source(tx: Connection, source_id: int) -> _Source:
    mine = tx.execute(_SOURCE, {"source_id": source_id}).first()
    if mine is None:
        msg = f"There is no source {source_id}; make it with `sources.ensure`."
        raise NotFoundError(msg)
    siblings = tx.execute(_SIBLINGS, {"source_id": source_id, **mine._mapping}).scalars().all()
    return _Source(source_id, mine.connector, list(siblings))


def _still_listed(tx: Connection, source_id: int, ids: list[int]) -> dict[int, str]:
    """Content key of each of these items that waits still, by item id."""
    rows = tx.execute(_LOCKED, {"ids": ids}).all()
    return {row[0]: row[1] for row in rows if row[2] == source_id and row[3] == "listed"}


def _twins(tx: Connection, source: _Source, content_keys: list[str]) -> dict[str, int]:
    """Alerts made from the same content in another generation of this source."""
    wanted = [key for key in content_keys if key]
    if not wanted or not source.siblings:
        return {}
    return {row[0]: row[1] for row in tx.execute(_TWINS, {"keys": wanted, "source_ids": source.siblings})}
