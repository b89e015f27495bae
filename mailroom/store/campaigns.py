"""Which campaign an alert belongs to, and why. A campaign is a key that alerts share; nothing follows from it."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from mailroom.chunks import chunks
from mailroom.store.alerts import Alert
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import alert_campaigns, alerts

NONE = ""
"""Key of a mail that carries nothing others could share; written down too, so that nobody looks again."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign as a list shows it."""

    key: str
    alerts: int
    senders: int
    recipients: int
    first_at: datetime
    last_at: datetime
    newest_alert_id: int
    parts: dict[str, Any]
    """Of its newest alert; hostile data."""


class Campaigns:
    """The repository of campaigns."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def without(self, connectors: Iterable[str], *, after_id: int = 0, limit: int = 500) -> list[Alert]:
        """Alerts that have no campaign worked out yet, by id."""
        known = select(alert_campaigns.c.alert_id).where(alert_campaigns.c.alert_id == alerts.c.id).exists()
        wanted = select(alerts.c.id).where(alerts.c.connector.in_(list(connectors)), alerts.c.id > after_id, ~known)

        def read(tx: Connection) -> list[Alert]:
            ids = list(tx.execute(wanted.order_by(alerts.c.id).limit(min(limit, CHUNK))).scalars())
            query = select(alerts).where(alerts.c.id.in_(ids)).order_by(alerts.c.id)
            return [Alert(**row._asdict()) for row in tx.execute(query)]

        return self._db.read(read)

    def newest(self) -> int:
        """The newest alert that was looked at; 0: none."""
        return int(self._db.value(select(func.max(alert_campaigns.c.alert_id))) or 0)

    def write(self, found: Mapping[int, tuple[str, Mapping[str, Any]]]) -> int:
        """Write down (key, parts) of alerts; returns how many are new. Twice is harmless: the first one stays."""
        if not found:
            return 0

        def write(tx: Connection) -> int:
            now = self._db.now(tx)
            rows = [
                {"alert_id": one, "key": key, "parts": dict(parts), "at": now}
                for one, (key, parts) in sorted(found.items())
            ]
            return len(self._db.insert_rows(tx, alert_campaigns, rows, alert_campaigns.c.alert_id))

        return self._db.run(write)

    def of(self, alert_ids: Iterable[int]) -> dict[int, tuple[str, dict[str, Any]]]:
        """Key and parts of alerts that belong to a campaign."""
        ids, found = sorted(set(alert_ids)), dict[int, tuple[str, dict[str, Any]]]()
        for some in chunks(ids, CHUNK):
            query = select(*alert_campaigns.c["alert_id", "key", "parts"]).where(
                alert_campaigns.c.alert_id.in_(some), alert_campaigns.c.key != NONE
            )
            for row in self._db.rows(query):
                found[row.alert_id] = (row.key, row.parts or {})
        return found

    def alert_ids(self, key: str, *, limit: int = 1_000) -> list[int]:
        """Alerts of a campaign, newest first."""
        query = select(alert_campaigns.c.alert_id).where(alert_campaigns.c.key == key)
        query = query.order_by(alert_campaigns.c.alert_id.desc()).limit(limit)
        return list(self._db.values(query)) if key else []

    def find(self, text: str) -> str:
        """The one key that begins with `text`; empty when there is none, or more than one."""
        wanted = alert_campaigns.c.key.startswith(text, autoescape=True)
        query = select(alert_campaigns.c.key).where(wanted, alert_campaigns.c.key != NONE).distinct().limit(2)
        found = self._db.values(query) if text else []
        return str(found[0]) if len(found) == 1 else ""

    def list(
        self, *, since: datetime | None = None, least: int = 2, limit: int = 50, keys: Iterable[str] | None = None
    ) -> list[CampaignRow]:
        """Campaigns, the largest first.

        Args:
            since: Only alerts that came in at or after this instant count.
            least: Alerts a campaign must have.
            limit: Most rows.
            keys: Only these.
        """
        times = func.min(alerts.c.received_at).label("first"), func.max(alerts.c.received_at).label("last")
        senders, recipients = (func.count(one.distinct()) for one in (alerts.c.sender, alerts.c.recipient))
        counts = func.count().label("n"), senders.label("senders"), recipients.label("recipients")
        columns = (alert_campaigns.c.key, *counts, *times, func.max(alerts.c.id).label("newest"))
        query = select(*columns).join(alerts, alerts.c.id == alert_campaigns.c.alert_id)
        query = query.where(alert_campaigns.c.key != NONE)
        if since is not None:
            query = query.where(alerts.c.received_at >= since)
        if keys is not None:
            query = query.where(alert_campaigns.c.key.in_([*keys]))
        query = query.group_by(alert_campaigns.c.key).having(func.count() >= least)
        query = query.order_by(func.count().desc(), func.max(alerts.c.id).desc()).limit(limit)

        def read(tx: Connection) -> list[CampaignRow]:
            rows = tx.execute(query).all()
            newest = [row.newest for row in rows]
            parts = dict[int, dict[str, Any]]()
            for some in chunks(newest, CHUNK):
                wanted = select(*alert_campaigns.c["alert_id", "parts"])
                wanted = wanted.where(alert_campaigns.c.alert_id.in_(some))
                parts |= {row.alert_id: row.parts or {} for row in tx.execute(wanted)}
            return [
                CampaignRow(row.key, int(row.n), int(row.senders), int(row.recipients), row.first, row.last,
                            int(row.newest), parts.get(row.newest, {}))
                for row in rows
            ]  # fmt: skip

        return self._db.read(read)

    def latest_parts(self, limit: int = 5_000) -> builtins.list[tuple[str, dict[str, Any]]]:
        """(key, parts) of the newest alerts: for finding related campaigns."""
        query = select(*alert_campaigns.c["key", "parts"]).where(alert_campaigns.c.key != NONE)
        query = query.order_by(alert_campaigns.c.alert_id.desc()).limit(limit)
        return [(row[0], row[1] or {}) for row in self._db.rows(query)]
