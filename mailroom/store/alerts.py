"""Alerts: what an analyst sees of one held message, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, or_, select, update

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.history import Histories, History
from mailroom.store.schema import alerts, verdicts

_LARGEST_ID = 2**63 - 1
_NAMED = 10
"""Alerts that a message names at most."""


@dataclass(slots=True)
class NewAlert:
    """An alert about to be stored. `external_key` is the product's own id, never a header the sender wrote."""

    external_key: str
    tenant: str
    title: str
    sender: str
    sender_domain: str
    recipient: str
    received_at: datetime
    seed_priority: int
    priority: int
    environment: str = ""
    product: str = ""
    event_name: str = ""
    group_key: str = ""
    level: str = "T1"
    event: dict[str, Any] = field(default_factory=dict)
    hold_id: str = ""
    tracking_id: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One stored alert, every column."""

    id: int
    source_id: int
    tenant: str
    connector: str
    external_key: str
    title: str
    sender: str
    sender_domain: str
    recipient: str
    received_at: datetime
    seed_priority: int
    priority: int
    environment: str
    product: str
    event_name: str
    group_key: str
    level: str
    event: dict[str, Any]
    hold_id: str
    tracking_id: str
    message_id: str
    handling: str
    handling_reason: str
    handled_by: str
    handled_at: datetime | None
    created_at: datetime
    updated_at: datetime


def alert_row(alert: NewAlert, *, source_id: int, connector: str, now: datetime) -> dict[str, Any]:
    """The columns of a new alert."""
    row = {name: getattr(alert, name) for name in NewAlert.__slots__}
    return row | {
        "source_id": source_id, "connector": connector, "handling": "open", "created_at": now, "updated_at": now,
    }  # fmt: skip


AlertList = list[Alert]  # `Alerts.list` hides the builtin inside the class

EventList = list[NewEvent]

_HANDLINGS = (
    select(alerts.c.id, alerts.c.handling)
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(alerts.c.id)
    .with_for_update()
)


def _alert(row: Row[Any]) -> Alert:
    return Alert(**row._asdict())


class Alerts:
    """Reads alerts and changes what may change about them."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events
        self._histories = Histories(db)

    def get(self, alert_id: int, tx: Connection | None = None) -> Alert:
        """The alert. Raises NotFoundError."""
        found = self._all(select(alerts).where(alerts.c.id == alert_id), tx)
        if not found:
            msg = f"There is no alert {alert_id}. `mailroom stats` shows what the store holds."
            raise NotFoundError(msg)
        return found[0]

    def get_many(self, alert_ids: Iterable[int], tx: Connection | None = None) -> dict[int, Alert]:
        """The alerts that exist among `alert_ids`."""
        ids, found = list(alert_ids), {}
        for some in chunks(ids, CHUNK):
            query = select(alerts).where(alerts.c.id.in_(some))
            found.update({alert.id: alert for alert in self._all(query, tx)})
        return found

    def find(self, text: str) -> Alert:
        """The newest alert with this id, hold id or tracking id, as an analyst would paste it.

        Of those with the same tracking id, one of the hold queue comes first: it can be released and rejected.

        Raises:
            NotFoundError: none fits.
        """
        wanted = text.strip()
        # "<> ''" lets the database use indexes that leave out alerts without such an id.
        clauses: list[ColumnElement[bool]] = [
            (column == wanted) & (column != "") for column in (alerts.c.hold_id, alerts.c.tracking_id)
        ]
        if wanted.isascii() and wanted.isdigit() and int(wanted) <= _LARGEST_ID:
            clauses.append(alerts.c.id == int(wanted))
        query = select(alerts).where(or_(*clauses))
        found = self._all(query.order_by(alerts.c.hold_id == "", alerts.c.id.desc()).limit(1), None)
        if not wanted or not found:
            msg = f"No alert has {wanted[:80]!r} as its id, hold id or tracking id. Was it ingested into this store?"
            raise NotFoundError(msg)
        return found[0]

    def find_one(self, text: str) -> Alert:
        """`find` for whoever changes something: the one alert that is meant, or none.

        The copies of one mail for several recipients are held one by one, and share their tracking id.

        Raises:
            NotFoundError: none fits.
            InvalidInputError: the tracking id fits several held messages; the message names their alerts.
        """
        found = self.find(text)
        wanted = text.strip()
        if wanted in {str(found.id), found.hold_id} or not found.hold_id:
            return found
        same = (alerts.c.tracking_id == wanted) & (alerts.c.tracking_id != "") & (alerts.c.hold_id != "")
        query = select(alerts.c.id).where(same).order_by(alerts.c.id).limit(_NAMED + 1)
        ids = self._db.values(query)
        if len(ids) > 1:
            names = ", ".join(map(str, ids[:_NAMED])) + (" and more" if len(ids) > _NAMED else "")
            msg = (
                f"{wanted[:80]!r} is the tracking id of several held messages, one for each recipient: alerts {names}. "
                "Name the alert that is meant; `mailroom explain ALERT` shows whose it is."
            )
            raise InvalidInputError(msg)
        return found

    def tracked(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Which hold id the alert of each (tracking id, recipient) has, where there is one."""
        wanted, found = set(places), dict[tuple[str, str], str]()
        ids = sorted({tracking_id for tracking_id, _ in wanted})
        columns = alerts.c["tracking_id", "recipient", "hold_id"]
        for some in chunks(ids, CHUNK):
            query = select(*columns).where(
                alerts.c.tracking_id.in_(some),
                alerts.c.tracking_id != "",
                alerts.c.hold_id != "",
            )
            query = query.order_by(alerts.c.id)
            rows = self._db.rows(query)
            found.update({(row[0], row[1]): row[2] for row in rows if (row[0], row[1]) in wanted})
        return found

    def untriaged(
        self, limit: int, after_id: int = 0, rule_digest: str | None = None, *, connector: str | None = None,
        tenants: Collection[str] | None = None,
    ) -> AlertList:  # fmt: skip
        """Open alerts without a verdict, by id; with `rule_digest`, also those judged by other rules or less detail.

        `connector` and `tenants` leave out what came in by another way.
        """
        judged = (verdicts.c.alert_id == alerts.c.id) & verdicts.c.is_current
        if rule_digest is not None:
            judged &= (verdicts.c.rule_digest == rule_digest) & (verdicts.c.level == alerts.c.level)
        query = select(alerts).where(
            alerts.c.handling == "open", alerts.c.id > after_id, ~select(verdicts.c.id).where(judged).exists()
        )  # fmt: skip
        if connector is not None:
            query = query.where(alerts.c.connector == connector)
        if tenants is not None:
            query = query.where(alerts.c.tenant.in_(tuple(tenants)))
        return self._all(query.order_by(alerts.c.id).limit(limit), None)

    def list(
        self, *, status: str | None = None, handling: str | None = None, verdict: str | None = None,
        limit: int = 100, offset: int = 0, after_id: int | None = None, connector: str = "", key_prefix: str = "",
        sender: str = "", sender_domain: str = "", tenants: Collection[str] | None = None,
    ) -> AlertList:  # fmt: skip
        """Alerts, newest first, or by id from `after_id` on; `status` is another word for `handling`.

        `connector`, the beginning of the external key, `sender` (in any case), `sender_domain` and `tenants` leave out
        what came in otherwise.
        """
        query = select(alerts)
        if connector:
            query = query.where(alerts.c.connector == connector)
        if key_prefix:
            query = query.where(alerts.c.external_key.startswith(key_prefix, autoescape=True))
        if sender:
            query = query.where(func.lower(alerts.c.sender) == sender.lower())
        if sender_domain:
            query = query.where(alerts.c.sender_domain == sender_domain)
        if tenants is not None:
            query = query.where(alerts.c.tenant.in_(tuple(tenants)))
        wanted = handling or status
        if wanted:
            query = query.where(alerts.c.handling == wanted)
        if verdict:
            current = verdicts.c.is_current & (verdicts.c.verdict == verdict)
            query = query.join(verdicts, (verdicts.c.alert_id == alerts.c.id) & current)
        if after_id is not None:
            query = query.where(alerts.c.id > after_id).order_by(alerts.c.id)
        else:
            query = query.order_by(alerts.c.id.desc()).offset(offset)
        return self._all(query.limit(limit), None)

    def from_sender(self, sender: str, sender_domain: str, *, tenants: Collection[str], limit: int) -> Iterator[Alert]:
        """Alerts of one sender (in any case; empty: of the whole domain), newest first, read some at a time."""
        query = select(alerts.c.id).where(alerts.c.sender_domain == sender_domain, alerts.c.tenant.in_(tuple(tenants)))
        if sender:
            query = query.where(func.lower(alerts.c.sender) == sender.lower())
        query = query.order_by(alerts.c.id.desc()).limit(limit)
        for some in chunks(self._db.values(query), CHUNK):
            found = self.get_many(some)
            yield from (found[one] for one in some if one in found)

    def update_detail(self, alert_id: int, event: dict[str, Any], level: str, tx: Connection | None = None) -> None:
        """Replace the event by a more detailed one."""
        change = update(alerts).where(alerts.c.id == alert_id)
        change = change.values(event=event, level=level, updated_at=self._db.clock.now())
        if self._db.write(lambda c: c.execute(change).rowcount, tx) != 1:
            msg = f"There is no alert {alert_id}."
            raise NotFoundError(msg)

    def set_handling(self, alert_id: int, handling: str, reason: str, who: str, tx: Connection | None = None) -> bool:
        """Record what became of the message, with an event on the wall. Returns False when it was recorded already."""
        return self.set_handling_many([(alert_id, handling, reason)], who, tx) == 1

    def set_handling_many(self, changes: Sequence[tuple[int, str, str]], who: str, tx: Connection | None = None) -> int:
        """`set_handling` for many (alert id, handling, reason) at once; returns how many changed."""

        def change(c: Connection) -> int:
            wall = self.apply_handling(c, changes, who)
            self._events.add_many(c, wall)
            return len(wall)

        return self._db.write(change, tx)

    def apply_handling(self, tx: Connection, changes: Sequence[tuple[int, str, str]], who: str) -> EventList:
        """Change handlings inside `tx`; returns the events to be put on the wall for it."""
        wall: list[NewEvent] = []
        now = self._db.clock.now()
        ids = sorted({alert_id for alert_id, _, _ in changes})
        before: dict[int, str] = {}
        for some in chunks(ids, CHUNK):
            before.update(tx.execute(_HANDLINGS, {"ids": some}).tuples().all())
        rows: dict[int, dict[str, Any]] = {}
        for alert_id, handling, reason in changes:
            if alert_id not in before:
                msg = f"There is no alert {alert_id}; no handling was recorded."
                raise NotFoundError(msg)
            old = before[alert_id]
            if old == handling:
                continue
            before[alert_id] = handling
            rows[alert_id] = {
                "id": alert_id, "handling": handling, "handling_reason": reason, "handled_by": who, "handled_at": now,
                "updated_at": now,
            }  # fmt: skip
            what = f"handling: {handling}"
            wall.append(NewEvent("handling", who, what, alert_id, before=old, after=handling, why=reason))
        self._db.update_rows(tx, alerts, list(rows.values()))
        return wall

    def group_size(self, group_key: str) -> int:
        """How many alerts share the group key."""
        query = select(func.count()).select_from(alerts).where(alerts.c.group_key == group_key)
        return int(self._db.value(query)) if group_key else 0

    def sender_history(
        self,
        tenant: str,
        *,
        sender: str | None = None,
        sender_domain: str | None = None,
        before: datetime | None = None,
    ) -> History:
        """What is known of earlier mail of a sender, or of a whole domain."""
        return self._histories.of_sender(tenant, sender=sender, sender_domain=sender_domain, before=before)

    def histories(self, some: Sequence[Alert]) -> dict[int, History]:
        """For each alert, what is known of earlier mail of its sender address, and the size of its group."""
        return self._histories.of_alerts(some)

    def counts(self) -> dict[str, int]:
        """Alerts by handling."""
        query = select(alerts.c.handling, func.count()).group_by(alerts.c.handling).order_by(alerts.c.handling)
        return {row[0]: int(row[1]) for row in self._db.rows(query)}

    def _all(self, query: Select[Any], tx: Connection | None) -> AlertList:
        return [_alert(row) for row in self._db.rows(query, tx=tx)]
