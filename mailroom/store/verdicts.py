"""Verdicts: what the rules said about an alert, with the evidence that made them say it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from mailroom.chunks import chunks
from mailroom.faults import faultpoint
from mailroom.store.columns import canonical_json
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import alerts, verdicts


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """A verdict about to be stored."""

    alert_id: int
    run_id: int | None
    verdict: str
    risk: int
    confidence: float
    priority: int
    rule_digest: str
    level: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    shadow: list[dict[str, Any]] = field(default_factory=list)
    proposed_action: str = ""
    proposed_reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A stored verdict. Exactly one per alert is the current one."""

    id: int
    alert_id: int
    run_id: int | None
    verdict: str
    risk: int
    confidence: float
    priority: int
    rule_digest: str
    level: str
    evidence: list[dict[str, Any]]
    shadow: list[dict[str, Any]]
    evidence_digest: str
    proposed_action: str
    proposed_reason: str
    is_current: bool
    created_at: datetime


def evidence_digest(new: NewVerdict) -> str:
    """SHA-256 over everything the verdict says; two equal ones say the same."""
    said = [
        new.verdict, new.risk, new.confidence, new.priority, new.evidence, new.shadow, new.proposed_action,
        new.proposed_reason,
    ]  # fmt: skip
    return hashlib.sha256(canonical_json(said).encode("ascii")).hexdigest()


def _verdict(row: Row[Any]) -> Verdict:
    return Verdict(**row._asdict())


_LOCKED = (
    select(alerts.c.id, alerts.c.priority)
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(alerts.c.id)
    .with_for_update()
)
_RETIRE = (
    update(verdicts)
    .where(verdicts.c.alert_id.in_(bindparam("ids", expanding=True)), verdicts.c.is_current)
    .values(is_current=False)
)


_OPEN_HELD = (
    select(alerts.c.id)
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)), alerts.c.handling == "open", alerts.c.hold_id != "")
    .order_by(alerts.c.id)
    .with_for_update()
)
_AS_OF_NOW = (
    select(alerts.c.id.label("of_alert"), alerts.c.level.label("known"), *verdicts.c)
    .select_from(alerts.outerjoin(verdicts, (verdicts.c.alert_id == alerts.c.id) & verdicts.c.is_current))
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)))
)


class Verdicts:
    """Records and reads verdicts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def record(self, rows: Sequence[NewVerdict], tx: Connection | None = None) -> list[int]:
        """Store verdicts and the final priority of their alerts, in one transaction.

        The same verdict from the same rules at the same level is not stored twice: its id is returned again, and where
        it becomes the current one once more, it is of the run that says so now.

        Returns:
            One id per row, in order.
        """
        ids = self._db.write(lambda c: self._record(c, rows), tx) if rows else []
        faultpoint("verdicts.after_commit")
        return ids

    def current(self, alert_id: int) -> Verdict | None:
        """The current verdict of an alert."""
        return self.current_many([alert_id]).get(alert_id)

    def current_many(self, alert_ids: Iterable[int]) -> dict[int, Verdict]:
        """The current verdicts of those alerts that have one, by alert id."""
        ids, found = list(alert_ids), dict[int, Verdict]()
        for some in chunks(ids, CHUNK):
            query = select(verdicts).where(verdicts.c.alert_id.in_(some), verdicts.c.is_current)
            found.update({row.alert_id: _verdict(row) for row in self._db.rows(query)})
        return found

    def as_of_now(self, alert_ids: Iterable[int]) -> dict[int, tuple[str, Verdict | None]]:
        """How much is known of each message, and its current verdict if there is one: both of the same moment."""
        ids, found = sorted(set(alert_ids)), dict[int, tuple[str, Verdict | None]]()
        for some in chunks(ids, CHUNK):
            for row in self._db.rows(_AS_OF_NOW, {"ids": some}):
                given = row._asdict()
                alert_id, level = given.pop("of_alert"), given.pop("known")
                found[alert_id] = level, Verdict(**given) if row.id is not None else None
        return found

    def retire(self, alert_ids: Iterable[int], tx: Connection) -> None:
        """Leave these messages, as far as they are open and held, without a verdict: triage judges and rules anew."""
        open_ids = tx.execute(_OPEN_HELD, {"ids": sorted(set(alert_ids))}).scalars().all()
        if open_ids:
            tx.execute(_RETIRE, {"ids": list(open_ids)})

    def history(self, alert_id: int) -> list[Verdict]:
        """All verdicts of an alert, oldest first."""
        query = select(verdicts).where(verdicts.c.alert_id == alert_id).order_by(verdicts.c.id)
        return [_verdict(row) for row in self._db.rows(query)]

    def counts(self) -> dict[str, int]:
        """Current verdicts by kind."""
        query = select(verdicts.c.verdict, func.count()).where(verdicts.c.is_current).group_by(verdicts.c.verdict)
        rows = self._db.rows(query.order_by(verdicts.c.verdict))
        return {row[0]: int(row[1]) for row in rows}

    def _record(self, tx: Connection, rows: Sequence[NewVerdict]) -> list[int]:
        ids: list[int] = []
        for some in chunks(rows, CHUNK):
            ids += self._record_chunk(tx, some)
        faultpoint("verdicts.before_commit")
        return ids

    def _record_chunk(self, tx: Connection, rows: Sequence[NewVerdict]) -> list[int]:
        now = self._db.clock.now()
        keys = [(row.alert_id, row.rule_digest, row.level, evidence_digest(row)) for row in rows]
        wanted = sorted({row.alert_id for row in rows})
        # The alert rows are locked in id order, so two writers never make two current verdicts or a deadlock.
        before = dict(tx.execute(_LOCKED, {"ids": wanted}).tuples().all())
        same = verdicts.c["id", "alert_id", "run_id", "rule_digest", "level", "evidence_digest", "is_current"]
        stored = {
            (old.alert_id, old.rule_digest, old.level, old.evidence_digest): old
            for old in tx.execute(select(*same).where(verdicts.c.alert_id.in_(wanted)).order_by(verdicts.c.id))
        }
        latest = dict(zip((key[0] for key in keys), keys, strict=True))  # the last of several for one alert counts
        fresh: dict[tuple[int, str, str, str], NewVerdict] = {}
        retire: set[int] = set()
        revive: list[dict[str, Any]] = []
        for key, row in zip(keys, rows, strict=True):
            old = stored.get(key)
            is_latest = latest[row.alert_id] == key
            if old is None:
                fresh.setdefault(key, row)
            elif is_latest and not old.is_current:
                # Whoever looks what this run left finds it by the run that made it the current one.
                revive.append({"id": old.id, "is_current": True, "run_id": row.run_id or old.run_id})
            if is_latest and (old is None or not old.is_current):
                retire.add(row.alert_id)
        if retire:
            tx.execute(_RETIRE, {"ids": sorted(retire)})
        self._db.update_rows(tx, verdicts, revive)
        made = self._insert(tx, fresh, latest, now)
        priorities = {row.alert_id: row.priority for row in rows}  # of several for one alert the last counts
        raised = [
            {"id": alert_id, "priority": priorities[alert_id], "updated_at": now}
            for alert_id, old in before.items()
            if alert_id in retire and old != priorities[alert_id]
        ]
        self._db.update_rows(tx, alerts, raised)
        return [made[key] if key in made else stored[key].id for key in keys]

    def _insert(
        self, tx: Connection, fresh: dict[tuple[int, str, str, str], NewVerdict],
        latest: dict[int, tuple[int, str, str, str]], now: datetime,
    ) -> dict[tuple[int, str, str, str], int]:  # fmt: skip
        values = [
            {name: getattr(row, name) for name in NewVerdict.__slots__}
            | {"evidence_digest": key[3], "is_current": latest[row.alert_id] == key, "created_at": now}
            for key, row in fresh.items()
        ]
        columns = verdicts.c["id", "alert_id", "rule_digest", "level", "evidence_digest"]
        rows = self._db.insert_rows(tx, verdicts, values, *columns, ignore=False)
        return {(row.alert_id, row.rule_digest, row.level, row.evidence_digest): int(row.id) for row in rows}
