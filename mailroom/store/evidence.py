"""What people said about a message: points for or against it, each said once under its key.

New evidence makes the current verdict of an open held message out of date, in the same transaction: triage judges that
message again. Whoever writes a verdict meanwhile looks here before it commits (`of_many` in its transaction).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.faults import faultpoint
from mailroom.store.columns import clean_text
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alert_evidence, alerts, verdicts

MOST_POINTS = 40
"""No evidence of people weighs more, whoever they are."""

_LOCKED = (
    select(alerts.c.id, alerts.c.handling, alerts.c.hold_id)
    .where(alerts.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(alerts.c.id)
    .with_for_update()
)
_RETIRE = (
    update(verdicts)
    .where(verdicts.c.alert_id.in_(bindparam("ids", expanding=True)), verdicts.c.is_current)
    .values(is_current=False)
)


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """Evidence about to be stored.

    Attributes:
        alert_id: About which message.
        key: Unique per alert; the same key again replaces what was said (somebody changed their mind, one more report).
        kind: `recipient_answer`, `user_reports`, ... Groups what is said in reports; the answer of a recipient is read
            from `source["answer"]`.
        points: -40 to 40; positive speaks against the message.
        text: One line in our own words, never what a mail says.
        who: Who said it; an address or a name.
        source: Plain data that proves it, such as the numbers of question and answer.
    """

    alert_id: int
    key: str
    kind: str
    points: int
    text: str
    who: str = ""
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row."""

    id: int
    alert_id: int
    key: str
    kind: str
    points: int
    text: str
    who: str
    source: dict[str, Any]
    at: datetime


EvidenceList = list[Evidence]


class EvidenceOfPeople:
    """Records and reads what people said."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def put(self, new: NewEvidence, tx: Connection | None = None) -> bool:
        """Record evidence, or replace what was said under its key; False when exactly this is there already."""
        return self.put_many([new], tx) == 1

    def put_many(self, wanted: Sequence[NewEvidence], tx: Connection | None = None) -> int:
        """`put` for many, in one transaction; returns how many are new or say something else than before.

        Effect: writes the store, with an event each. Current verdicts of open held messages among them are retired.
        Twice is harmless.

        Raises:
            InvalidInputError: points beyond 40, or no key or text.
            NotFoundError: no such alert; nothing was written.
        """
        for new in wanted:
            if abs(new.points) > MOST_POINTS or not new.key or not new.kind or not new.text.strip():
                msg = f"evidence needs a key, a kind, a text and at most {MOST_POINTS} points, got {new.points} points."
                raise InvalidInputError(msg)
        changed = self._db.write(lambda c: self._put(c, wanted), tx) if wanted else 0
        faultpoint("evidence.after_commit")
        return changed

    def of(self, alert_id: int, tx: Connection | None = None) -> EvidenceList:
        """What people said about one message, oldest first."""
        return self.of_many([alert_id], tx).get(alert_id, [])

    def of_many(self, alert_ids: Iterable[int], tx: Connection | None = None) -> dict[int, EvidenceList]:
        """What people said about those of the messages about which anybody did."""
        ids, found = list(alert_ids), dict[int, EvidenceList]()
        for some in chunks(ids, CHUNK):
            query = select(alert_evidence).where(alert_evidence.c.alert_id.in_(some))
            query = query.order_by(alert_evidence.c.id)
            for row in self._db.rows(query, tx=tx):
                found.setdefault(row.alert_id, []).append(_evidence(row))
        return found

    # -- inside ---------------------------------------------------------------------------------------------------

    def _put(self, tx: Connection, wanted: Sequence[NewEvidence]) -> int:
        last = {(new.alert_id, new.key): _clean(new) for new in wanted}  # of several under one key the last counts
        changed = 0
        rows = list(last.values())
        for some in chunks(rows, CHUNK):
            changed += self._chunk(tx, some)
        faultpoint("evidence.before_commit")
        return changed

    def _chunk(self, tx: Connection, rows: Sequence[NewEvidence]) -> int:
        ids = sorted({row.alert_id for row in rows})
        # Verdicts are written under the same lock: evidence is either seen by a verdict or makes it out of date.
        known = {row.id: row for row in tx.execute(_LOCKED, {"ids": ids})}
        if missing := [alert_id for alert_id in ids if alert_id not in known]:
            msg = f"There is no alert {missing[0]}; no evidence was recorded."
            raise NotFoundError(msg)
        query = select(alert_evidence).where(alert_evidence.c.alert_id.in_(ids))
        stored = {(row.alert_id, row.key): _evidence(row) for row in tx.execute(query)}
        fresh = [row for row in rows if not _same(stored.get((row.alert_id, row.key)), row)]
        if not fresh:
            return 0
        now = self._db.now(tx)
        inserts = [_values(row) | {"at": now} for row in fresh if (row.alert_id, row.key) not in stored]
        updates = [
            _values(row) | {"id": stored[row.alert_id, row.key].id, "at": now}
            for row in fresh
            if (row.alert_id, row.key) in stored
        ]
        self._db.insert_rows(tx, alert_evidence, inserts, alert_evidence.c.id, ignore=False)
        self._db.update_rows(tx, alert_evidence, updates)
        open_ids = {one for one in ids if known[one].handling == "open" and known[one].hold_id}
        if judged_again := sorted(open_ids & {row.alert_id for row in fresh}):
            tx.execute(_RETIRE, {"ids": judged_again})
        self._events.add_many(tx, [_event(stored.get((row.alert_id, row.key)), row) for row in fresh], at=now)
        return len(fresh)


def _clean(new: NewEvidence) -> NewEvidence:
    return replace(new, key=clean_text(new.key), text=" ".join(clean_text(new.text).split())[:300])


def _values(new: NewEvidence) -> dict[str, Any]:
    return {name: getattr(new, name) for name in NewEvidence.__slots__}


def _evidence(row: Row[Any]) -> Evidence:
    return Evidence(**row._asdict() | {"source": row.source or {}})


def _same(old: Evidence | None, new: NewEvidence) -> bool:
    return old is not None and (old.kind, old.points, old.text, old.who, old.source) == (
        new.kind, new.points, new.text, new.who, new.source
    )  # fmt: skip


def _event(old: Evidence | None, new: NewEvidence) -> NewEvent:
    before = {"points": old.points, "text": old.text} if old else None
    after = {"points": new.points, "text": new.text}
    return NewEvent("evidence", new.who, f"{new.kind}: {new.points:+d}", new.alert_id, before=before, after=after,
                    why=new.text)  # fmt: skip
