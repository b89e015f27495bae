"""What a queue shows again after it was taken for gone: it is there, so somebody has to look at it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from mailroom.chunks import chunks
from mailroom.faults import faultpoint
from mailroom.store.alerts import Alerts
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.leases import Lease, Leases
from mailroom.store.schema import alerts, items, runs

log = logging.getLogger(__name__)

_CLOSED = ("expired", "handled_elsewhere")
"""How an alert ends when its message was not in the queue any more; never what we did to it ourselves."""
_WHY = "the queue shows it again"

_WANTED = (items.c.source_id == bindparam("source_id")) & items.c.external_key.in_(bindparam("keys", expanding=True))
_GONE = select(*items.c["id", "external_key"]).where(_WANTED, items.c.state == "gone").order_by(items.c.id)
_CLOSED_ALERTS = (
    select(alerts.c.id)
    .join(items, items.c.alert_id == alerts.c.id)
    .where(_WANTED, alerts.c.handling.in_(_CLOSED), alerts.c.handled_at < bindparam("since"))
)
_STILL_CLOSED = (
    select(alerts.c.id)
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)), alerts.c.handling.in_(_CLOSED))
    .order_by(alerts.c.id)
    .with_for_update()
)


class ListedAgain:
    """Opens items and alerts again."""

    def __init__(self, db: Database, leases: Leases, events: Events, known: Alerts) -> None:
        self._db = db
        self._leases = leases
        self._events = events
        self._alerts = known

    def open(self, source_id: int, run_id: int, keys: Sequence[str], *, who: str, lease: Lease | None = None) -> int:
        """Open what the list of this run shows although it was taken for gone before the run began.

        An item that was `gone` is listed again and gets its alert; an alert that was closed because its message was
        not in the queue is open again. Each has an event on the wall. One transaction; twice is harmless.

        Args:
            source_id: Whose list.
            run_id: The run that made the list: what was closed since is not touched, the list may be older.
            keys: External keys that the list shows.
            who: Whom the wall names.
            lease: Checked in the same transaction.

        Returns:
            How many items and alerts were opened.

        Raises:
            LeaseLostError: another worker has taken over; nothing was written.
        """

        def change(tx: Connection) -> int:
            if lease is not None:
                self._leases.check(tx, lease)
            since = tx.execute(select(runs.c.started_at).where(runs.c.id == run_id)).scalar_one()
            wall: list[NewEvent] = []
            for some in chunks(keys, CHUNK):
                wanted = {"source_id": source_id, "keys": some}
                wall += self._items(tx, wanted, who)
                wall += self._closed(tx, wanted | {"since": since}, who)
            self._events.add_many(tx, wall)
            faultpoint("listed_again.before_commit")
            return len(wall)

        opened = self._db.run(change)
        if opened:
            log.warning("%d messages that were taken for gone are in the queue again and were opened", opened)
        return opened

    def _items(self, tx: Connection, wanted: dict[str, object], who: str) -> list[NewEvent]:
        gone = tx.execute(_GONE, wanted).all()
        waits_again = {"state": "listed", "reason": "", "attempts": 0, "settled_at": None, "settled_run_id": None}
        self._db.update_rows(tx, items, [{"id": row.id} | waits_again for row in gone])
        return [
            NewEvent("item", who, f"{row.external_key} is listed again", before="gone", after="listed", why=_WHY)
            for row in gone
        ]

    def _closed(self, tx: Connection, wanted: dict[str, object], who: str) -> list[NewEvent]:
        ids = list(dict.fromkeys(tx.execute(_CLOSED_ALERTS, wanted).scalars()))
        if not ids:
            return []
        still = tx.execute(_STILL_CLOSED, {"ids": ids}).scalars().all()
        return self._alerts.apply_handling(tx, [(alert_id, "open", _WHY) for alert_id in still], who)
