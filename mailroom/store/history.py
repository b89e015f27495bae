"""What is known of earlier mail of the same sender, counted up to a cap so that a flood costs no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select

from mailroom.chunks import chunks
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import alerts, verdicts

HISTORY_CAP = 100
"""Counts stop here: rules ask for "a few" or "many", never for more."""

_BENIGN = ("benign", "graymail")


class HasId(Protocol):
    """An alert, as far as its history is concerned."""

    @property
    def id(self) -> int:
        """Row id."""
        ...


@dataclass(frozen=True, slots=True)
class History:
    """Earlier mail of the sender: found good, found bad, and whether this is the first we see of it."""

    benign: int = 0
    malicious: int = 0
    first_contact: bool = True
    group_size: int = 1


class Histories:
    """Counts earlier alerts. What an analyst did (released, rejected) outweighs what the rules said."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_sender(
        self, tenant: str, *, sender: str | None, sender_domain: str | None, before: datetime | None
    ) -> History:
        """History of a sender address or a sender domain before an instant; `group_size` counts all earlier mail."""
        old = alerts.alias("old")
        condition = old.c.tenant == tenant
        if sender is not None:
            condition &= old.c.sender == sender
        if sender_domain is not None:
            condition &= old.c.sender_domain == sender_domain
        if before is not None:
            condition &= old.c.received_at < before
        query = select(
            _capped(old, condition, _good(old)),
            _capped(old, condition, _bad(old)),
            _capped(old, condition, None),
        )
        good, bad, seen = self._db.read(lambda tx: tx.execute(query).one())
        return History(int(good), int(bad), seen == 0, int(seen))

    def of_alerts(self, some: Sequence[HasId]) -> dict[int, History]:
        """For each alert: history of its sender address before it, and the size of its group (1 without one)."""
        current, old, group = alerts.alias("cur"), alerts.alias("old"), alerts.alias("grp")
        earlier = and_(
            old.c.tenant == current.c.tenant, old.c.sender == current.c.sender, old.c.id != current.c.id,
            old.c.received_at < current.c.received_at,
        )  # fmt: skip
        same_group = and_(group.c.group_key == current.c.group_key, current.c.group_key != "")
        query = select(
            current.c.id,
            _capped(old, earlier, _good(old), current),
            _capped(old, earlier, _bad(old), current),
            _capped(old, earlier, None, current),
            _capped(group, same_group, None, current),
        )
        found: dict[int, History] = {}
        for ids in chunks([alert.id for alert in some], CHUNK):
            for row in self._db.rows(query.where(current.c.id.in_(ids))):
                found[row[0]] = History(int(row[1]), int(row[2]), row[3] == 0, max(1, int(row[4])))
        return found


def _good(old: Any) -> ColumnElement[bool]:
    judged = and_(old.c.handling.not_in(("released", "rejected")), verdicts.c.verdict.in_(_BENIGN))
    return or_(old.c.handling == "released", judged)


def _bad(old: Any) -> ColumnElement[bool]:
    judged = and_(old.c.handling.not_in(("released", "rejected")), verdicts.c.verdict == "malicious")
    return or_(old.c.handling == "rejected", judged)


def _capped(old: Any, condition: ColumnElement[bool], kind: ColumnElement[bool] | None, outside: Any = None) -> Any:
    rows = select(old.c.id.label("one")).where(condition)
    if kind is not None:
        joined = old.outerjoin(verdicts, and_(verdicts.c.alert_id == old.c.id, verdicts.c.is_current))
        rows = rows.select_from(joined).where(kind)
    if outside is not None:
        rows = rows.correlate(outside)  # two levels up; both databases allow it
    return select(func.count()).select_from(rows.limit(HISTORY_CAP).subquery()).scalar_subquery()
