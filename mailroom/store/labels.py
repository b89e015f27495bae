"""Labels: what a mail really was, as people say it, or as what they did to it shows. Rules are measured by them.

One label per alert is the current one; older ones stay. What somebody says outright is never replaced by what an
action of theirs merely implies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alerts, labels, verdicts

LABELS = ("malicious", "suspicious", "spam", "graymail", "wanted")
"""`suspicious`: unwanted, harm not proven."""
PERSON = "person"
OVERTURN = "overturn"
_STRENGTH = {PERSON: 3, OVERTURN: 2}
"""What is not named here (release, reject, analyst, ...) is implied by something that was done."""
_BY_VERDICT = {"malicious": "malicious", "spam": "spam", "graymail": "graymail"}
_RELEASES = ("release", "release_to_sandbox")


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label about to be recorded. `source` says how it is known: `person`, `overturn`, `release`, `reject`, ..."""

    alert_id: int
    label: str
    source: str
    who: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A recorded label."""

    id: int
    alert_id: int
    label: str
    source: str
    who: str
    why: str
    is_current: bool
    at: datetime


_LOCKED = select(alerts.c.id).where(alerts.c.id.in_(bindparam("ids", expanding=True))).order_by(alerts.c.id)
_CURRENT = select(labels).where(labels.c.alert_id.in_(bindparam("ids", expanding=True)), labels.c.is_current)
_JUDGED = select(verdicts.c.alert_id, verdicts.c.verdict).where(
    verdicts.c.alert_id.in_(bindparam("ids", expanding=True)), verdicts.c.is_current
)


class Labels:
    """Records and reads labels."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def record(
        self, alert_id: int, label: str, *, source: str, who: str, why: str = "", tx: Connection | None = None
    ) -> bool:
        """Say what the mail of one alert was; see `record_many`. True when that is new."""
        return self.record_many([NewLabel(alert_id, label, source, who, why)], tx) == 1

    def record_many(self, rows: Sequence[NewLabel], tx: Connection | None = None) -> int:
        """Record labels, each with an event on the wall, in one transaction. Twice is harmless.

        A label that is weaker than the current one changes nothing: what a person says outright (`person`) outweighs
        an overturned decision (`overturn`), and that outweighs what an action implies (every other source).

        Returns:
            How many changed.

        Raises:
            InvalidInputError: no such label.
            NotFoundError: no such alert; nothing was recorded.
        """
        for row in rows:
            if row.label not in LABELS:
                msg = f"{row.label!r} is not a label; choose one of {', '.join(LABELS)}."
                raise InvalidInputError(msg)

        def write(c: Connection) -> int:
            wall: list[NewEvent] = []
            for some in chunks(rows, CHUNK):
                wall += self._chunk(c, some)
            self._events.add_many(c, wall)
            return len(wall)

        return self._db.write(write, tx) if rows else 0

    def from_dispositions(self, tx: Connection, done: Sequence[tuple[int, str, str]]) -> list[NewEvent]:
        """Labels that people's own releases and rejections imply; returns the events for the wall.

        Args:
            tx: The transaction that settles them.
            done: (alert id, kind of action, who), for actions that a person wanted and that are applied.
        """
        wall: list[NewEvent] = []
        for some in chunks(done, CHUNK):
            wall += self._implied(tx, some)
        return wall

    def current(self, alert_id: int) -> Label | None:
        """The current label of an alert."""
        return self.current_many([alert_id]).get(alert_id)

    def current_many(self, alert_ids: Iterable[int]) -> dict[int, Label]:
        """The current labels of those alerts that have one, by alert id."""
        ids, found = list(alert_ids), dict[int, Label]()
        for some in chunks(ids, CHUNK):
            rows = self._db.rows(_CURRENT, {"ids": some})
            found.update({row.alert_id: Label(**row._asdict()) for row in rows})
        return found

    def history(self, alert_id: int) -> list[Label]:
        """All labels of an alert, oldest first."""
        query = select(labels).where(labels.c.alert_id == alert_id).order_by(labels.c.id)
        return [Label(**row._asdict()) for row in self._db.rows(query)]

    def page(self, *, after_id: int = 0, limit: int = 1_000) -> list[Label]:
        """Current labels by alert id, from `after_id` on; page through with the last one's alert id."""
        query = select(labels).where(labels.c.is_current, labels.c.alert_id > after_id)
        query = query.order_by(labels.c.alert_id).limit(limit)
        return [Label(**row._asdict()) for row in self._db.rows(query)]

    def counts(self) -> dict[str, int]:
        """Current labels by kind."""
        query = select(labels.c.label, func.count()).where(labels.c.is_current).group_by(labels.c.label)
        return {row[0]: int(row[1]) for row in self._db.rows(query.order_by(labels.c.label))}

    def _implied(self, tx: Connection, done: Sequence[tuple[int, str, str]]) -> list[NewEvent]:
        judged = dict(tx.execute(_JUDGED, {"ids": sorted({alert_id for alert_id, _, _ in done})}).tuples().all())
        rows = [
            NewLabel(alert_id, "wanted", "release", who, "released by a person")
            if kind in _RELEASES
            else NewLabel(
                alert_id, _BY_VERDICT.get(judged.get(alert_id, ""), "suspicious"), "reject", who, "rejected by a person"
            )
            for alert_id, kind, who in done
        ]
        return self._chunk(tx, rows)

    def _chunk(self, tx: Connection, rows: Sequence[NewLabel]) -> list[NewEvent]:
        wanted = {"ids": sorted({row.alert_id for row in rows})}
        known = set(tx.execute(_LOCKED.with_for_update(), wanted).scalars())  # one writer per alert at a time
        if missing := [row.alert_id for row in rows if row.alert_id not in known]:
            msg = f"There is no alert {missing[0]}; no label was recorded."
            raise NotFoundError(msg)
        standing: dict[int, tuple[str, str]] = {
            row.alert_id: (row.label, row.source) for row in tx.execute(_CURRENT, wanted)
        }
        had = dict(standing)
        wall: list[NewEvent] = []
        taken: dict[int, NewLabel] = {}  # of several for one alert the last that counts
        for row in rows:
            label, source = standing.get(row.alert_id, ("", ""))
            weaker = _strength(row.source) < _strength(source) if source else False
            if weaker or (label == row.label and _strength(row.source) == _strength(source)):
                continue
            standing[row.alert_id] = (row.label, row.source)
            taken[row.alert_id] = row
        for row in taken.values():
            before = had.get(row.alert_id, ("", ""))[0] or None
            wall.append(NewEvent(
                "label", row.who or row.source, f"label: {row.label} ({row.source})", row.alert_id, before=before,
                after=row.label, why=row.why,
            ))  # fmt: skip
        self._insert(tx, list(taken.values()))
        return wall

    def _insert(self, tx: Connection, rows: Sequence[NewLabel]) -> None:
        if not rows:
            return
        ids = [row.alert_id for row in rows]
        tx.execute(update(labels).where(labels.c.alert_id.in_(ids), labels.c.is_current).values(is_current=False))
        now = self._db.clock.now()
        values: list[dict[str, Any]] = [
            {
                "alert_id": row.alert_id, "label": row.label, "source": row.source, "who": row.who, "why": row.why,
                "is_current": True, "at": now,
            }
            for row in rows
        ]  # fmt: skip
        self._db.insert_rows(tx, labels, values, labels.c.id, ignore=False)


def _strength(source: str) -> int:
    return _STRENGTH.get(source, 1)
