"""Rules on mail: which alerts were looked at, which rules held, and how far their actions are.

A pass is written together with its hits: an alert is looked at once, whatever is killed. A hit is `open` until its
actions are carried out (`done`), gave up (`failed`), or could not be answered (`unknown`, which acts on nothing).
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from mailroom.chunks import chunks
from mailroom.errors import NotFoundError
from mailroom.store.alerts import Alert
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alerts, mail_rule_hits, mail_rule_passes

OPEN, DONE, FAILED, UNKNOWN = "open", "done", "failed", "unknown"
STATES = (OPEN, DONE, FAILED, UNKNOWN)
_LOOK_BACK = 5_000
"""Alerts are numbered as they come in; only a transaction that began long ago may still show one so far back."""


@dataclass(frozen=True, slots=True)
class NewHit:
    """A rule that holds for a mail (`open`), or cannot be answered (`unknown`)."""

    rule_id: str
    rule_version: int
    state: str = OPEN
    actions: list[dict[str, Any]] = field(default_factory=list)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One stored hit."""

    id: int
    alert_id: int
    rule_id: str
    rule_version: int
    rule_digest: str
    state: str
    actions: list[dict[str, Any]]
    results: list[dict[str, Any]]
    detail: str
    attempts: int
    created_at: datetime
    settled_at: datetime | None


class MailRuleBook:
    """Passes and hits."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def unseen(
        self, connector: str, *, tenant: str = "", since: datetime | None = None, after_id: int = 0, limit: int = 200
    ) -> builtins.list[Alert]:
        """Alerts no rules were applied to yet, by id.

        Args:
            connector: Which kind of alert.
            tenant: Only those of this tenant; empty: all.
            since: Only what was stored at or after this instant.
            after_id: Only later ones; 0: from a while before the newest one that was looked at.
            limit: Most rows.
        """
        if not after_id:
            after_id = self._looked_up_to(connector, tenant) - _LOOK_BACK
        seen = select(mail_rule_passes.c.alert_id).where(mail_rule_passes.c.alert_id == alerts.c.id).exists()
        wanted = select(alerts.c.id).where(alerts.c.connector == connector, alerts.c.id > after_id, ~seen)
        if tenant:
            wanted = wanted.where(alerts.c.tenant == tenant)
        if since is not None:
            wanted = wanted.where(alerts.c.created_at >= since)
        wanted = wanted.order_by(alerts.c.id).limit(limit)

        def read(tx: Connection) -> builtins.list[Alert]:
            ids = builtins.list(tx.execute(wanted).scalars())
            found: builtins.list[Alert] = []
            for some in chunks(ids, CHUNK):
                query = select(alerts).where(alerts.c.id.in_(some)).order_by(alerts.c.id)
                found += [Alert(**row._asdict()) for row in tx.execute(query)]
            return found

        return self._db.read(read)

    def _looked_up_to(self, connector: str, tenant: str) -> int:
        query = select(mail_rule_passes.c.alert_id).join(alerts, alerts.c.id == mail_rule_passes.c.alert_id)
        query = query.where(alerts.c.connector == connector)
        if tenant:
            query = query.where(alerts.c.tenant == tenant)
        newest = query.order_by(mail_rule_passes.c.alert_id.desc()).limit(1)
        return int(self._db.value(newest) or 0)

    def record(self, digest: str, found: Mapping[int, Sequence[NewHit]], *, who: str) -> int:
        """Write down that these alerts were looked at, and what held. Returns the number of new hits.

        Effect: writes the store. Twice is harmless: an alert that was looked at keeps its first pass.

        Args:
            digest: Of the rules.
            found: By alert.
            who: For the wall.
        """
        if not found:
            return 0

        def write(tx: Connection) -> int:
            now = self._db.now(tx)
            passes = [
                {"alert_id": one, "rule_digest": digest, "matched": sum(hit.state == OPEN for hit in hits), "at": now}
                for one, hits in sorted(found.items())
            ]
            fresh = {
                row.alert_id for row in self._db.insert_rows(tx, mail_rule_passes, passes, mail_rule_passes.c.alert_id)
            }
            rows = [
                {
                    "alert_id": one, "rule_id": hit.rule_id, "rule_version": hit.rule_version, "rule_digest": digest,
                    "state": hit.state, "actions": hit.actions, "results": [], "detail": hit.detail, "attempts": 0,
                    "created_at": now, "settled_at": None if hit.state == OPEN else now,
                }
                for one in sorted(fresh) for hit in found[one]
            ]  # fmt: skip
            made = self._db.insert_rows(tx, mail_rule_hits, rows, *mail_rule_hits.c["alert_id", "rule_id", "state"])
            self._events.add_many(tx, [
                NewEvent("mail_rule.matched", who, f"rule {row.rule_id} holds", row.alert_id, after=digest[:12])
                for row in sorted(made, key=lambda row: (int(row.alert_id), str(row.rule_id))) if row.state == OPEN
            ])  # fmt: skip
            return len(made)

        return self._db.run(write)

    def open(self, *, tenant: str = "", limit: int = 200, after_id: int = 0) -> builtins.list[Hit]:
        """Hits whose actions are not all carried out, oldest first; of one tenant, or of all."""
        query = select(mail_rule_hits).where(mail_rule_hits.c.state == OPEN, mail_rule_hits.c.id > after_id)
        if tenant:
            query = query.join(alerts, alerts.c.id == mail_rule_hits.c.alert_id).where(alerts.c.tenant == tenant)
        return self._select(query.order_by(mail_rule_hits.c.id).limit(limit))

    def get(self, hit_id: int, tx: Connection | None = None) -> Hit:
        """The hit. Raises NotFoundError."""
        query = select(mail_rule_hits).where(mail_rule_hits.c.id == hit_id)
        row = self._db.first(query, tx=tx)
        if row is None:
            raise NotFoundError(f"There is no hit {hit_id}; `mailroom mail-rules hits` lists them.")
        return _hit(row)

    def hits(
        self, *, alert_id: int | None = None, rule_id: str = "", state: str = "", limit: int = 100
    ) -> builtins.list[Hit]:
        """Hits, newest first."""
        query = select(mail_rule_hits)
        if alert_id is not None:
            query = query.where(mail_rule_hits.c.alert_id == alert_id)
        if rule_id:
            query = query.where(mail_rule_hits.c.rule_id == rule_id)
        if state:
            query = query.where(mail_rule_hits.c.state == state)
        return self._select(query.order_by(mail_rule_hits.c.id.desc()).limit(limit))

    def settle(self, hit_id: int, state: str, results: Sequence[Mapping[str, Any]], *, detail: str, who: str) -> Hit:
        """What became of a hit's actions; `open` counts one more attempt. What is settled stays as it is.

        Effect: writes the store. Twice is harmless.
        """

        def write(tx: Connection) -> Hit:
            tx.execute(select(mail_rule_hits.c.id).where(mail_rule_hits.c.id == hit_id).with_for_update())
            hit = self.get(hit_id, tx)
            if hit.state != OPEN:
                return hit
            values: dict[str, Any] = {
                "state": state, "results": [dict(one) for one in results], "detail": detail,
                "attempts": hit.attempts + 1, "settled_at": None if state == OPEN else self._db.now(tx),
            }  # fmt: skip
            tx.execute(update(mail_rule_hits).where(mail_rule_hits.c.id == hit_id).values(**values))
            if state != OPEN:
                what = f"rule {hit.rule_id}: {state}"
                self._events.add(
                    tx, kind=f"mail_rule.{state}", who=who, what=what, alert_id=hit.alert_id, why=detail,
                    after=[dict(one) for one in results],
                )  # fmt: skip
            return self.get(hit_id, tx)

        return self._db.run(write)

    def reopen(self, hit_ids: Iterable[int], *, who: str) -> int:
        """Try the actions of failed hits again; returns how many. Twice is harmless."""
        ids = sorted(set(hit_ids))

        def write(tx: Connection) -> int:
            query = select(*mail_rule_hits.c["id", "alert_id", "rule_id"]).where(
                mail_rule_hits.c.id.in_(ids), mail_rule_hits.c.state == FAILED
            ).order_by(mail_rule_hits.c.id).with_for_update()  # fmt: skip
            rows = tx.execute(query).all()
            if rows:
                change = update(mail_rule_hits).where(mail_rule_hits.c.id.in_([row.id for row in rows]))
                tx.execute(change.values(state=OPEN, attempts=0, settled_at=None))
            self._events.add_many(tx, [
                NewEvent("mail_rule.reopened", who, f"rule {row.rule_id}: tried again", row.alert_id) for row in rows
            ])  # fmt: skip
            return len(rows)

        return self._db.run(write) if ids else 0

    def alerts_named(self, tenant: str, message_ids: Sequence[str], *, limit: int = 500) -> builtins.list[int]:
        """Alerts made of mails with one of these Message-IDs, newest first."""
        ids = [one[:1_000] for one in dict.fromkeys(message_ids) if one]
        found: set[int] = set()
        for some in chunks(ids, CHUNK):
            query = select(alerts.c.id).where(
                alerts.c.message_id.in_(some), alerts.c.tenant == tenant
            ).limit(limit)  # fmt: skip
            found.update(self._db.values(query))
        return sorted(found, reverse=True)[:limit]

    def counts(self) -> dict[tuple[str, str], int]:
        """Hits by rule and state."""
        columns = mail_rule_hits.c["rule_id", "state"]
        query = select(*columns, func.count()).group_by(*columns)
        return {(row[0], row[1]): int(row[2]) for row in self._db.rows(query)}

    def _select(self, query: Any) -> builtins.list[Hit]:
        return [_hit(row) for row in self._db.rows(query)]


def _hit(row: Any) -> Hit:
    values = row._asdict()
    return Hit(**(values | {"actions": values["actions"] or [], "results": values["results"] or []}))
