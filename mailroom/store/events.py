"""The wall: append-only events, chained by hash, so that a change or a gap shows.

Ids are consecutive and each row's hash covers the row before it. The head of the chain is kept apart, so rows cut off
the end show too. Whoever can rewrite the whole database can forge all of it; keep `head()` elsewhere to notice that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, union, update

from mailroom.chunks import chunks
from mailroom.store.columns import canonical_json
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import case_alerts, case_events, chain_heads

_CHAIN = "case_events"
_HASHED = ("alert_id", "case_id", "action_id", "kind", "who", "what", "before", "after", "why")


_HEAD = select(chain_heads.c.last_id, chain_heads.c.hash).where(chain_heads.c.name == _CHAIN).with_for_update()
_INSERT = case_events.insert()
_MOVE_HEAD = (
    update(chain_heads)
    .where(chain_heads.c.name == _CHAIN)
    .values(last_id=bindparam("b_last_id"), hash=bindparam("b_hash"))
)
_SQLITE_HEAD = "SELECT last_id, hash FROM chain_heads WHERE name = ?"
_SQLITE_MOVE_HEAD = "UPDATE chain_heads SET last_id = ?, hash = ? WHERE name = ?"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened to an alert, a case or an action."""

    kind: str
    who: str
    what: str
    alert_id: int | None = None
    case_id: int | None = None
    action_id: int | None = None
    before: Any = None
    after: Any = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the wall."""

    id: int
    at: datetime
    alert_id: int | None
    case_id: int | None
    action_id: int | None
    kind: str
    who: str
    what: str
    before: Any
    after: Any
    why: str
    prev_hash: str
    hash: str


def event_hash(previous: str, event_id: int, at: datetime, values: Mapping[str, Any]) -> str:
    """SHA-256 over an event and the hash of the one before it."""
    body = canonical_json([previous, event_id, at.astimezone(UTC).isoformat(), [values[name] for name in _HASHED]])
    return hashlib.sha256(body.encode("ascii")).hexdigest()


class Events:
    """Writes and reads the wall."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self, tx: Connection | None = None, *, kind: str, who: str, what: str, alert_id: int | None = None,
        case_id: int | None = None, action_id: int | None = None, before: Any = None, after: Any = None, why: str = "",
    ) -> None:  # fmt: skip
        """Append one event."""
        self.add_many(tx, [NewEvent(kind, who, what, alert_id, case_id, action_id, before, after, why)])

    def add_many(self, tx: Connection | None, events: Sequence[NewEvent], *, at: datetime | None = None) -> None:
        """Append events in this order, at `at` (database time; asked for when it is not known).

        Other writers of events wait until `tx` ends, so call it late in `tx`.
        """
        if events:
            self._db.write(lambda c: self._append(c, events, at or self._db.now(c)), tx)

    def for_alert(self, alert_id: int, tx: Connection | None = None) -> list[Event]:
        """All events of an alert, oldest first."""
        return self._select(case_events.c.alert_id == alert_id, tx)

    def for_action(self, action_id: int, tx: Connection | None = None) -> list[Event]:
        """All events of an action, oldest first."""
        return self._select(case_events.c.action_id == action_id, tx)

    def for_case(self, case_id: int, tx: Connection | None = None) -> list[Event]:
        """All events of a case, oldest first."""
        return self._select(case_events.c.case_id == case_id, tx)

    def head(self) -> tuple[int, str]:
        """Number of events and the hash of the last one."""
        row = self._db.first(select(chain_heads).where(chain_heads.c.name == _CHAIN))
        return (int(row.last_id), str(row.hash)) if row else (0, "")

    def hash_of(self, event_id: int) -> str | None:
        """The hash of an event; None when there is no such event."""
        query = select(case_events.c.hash).where(case_events.c.id == event_id)
        known: str | None = self._db.value(query)
        return known

    def hashes_of(self, event_ids: Iterable[int]) -> dict[int, str]:
        """The hashes of those events that exist, by id."""
        ids, found = sorted(set(event_ids)), dict[int, str]()
        for some in chunks(ids, CHUNK):
            query = select(case_events.c.id, case_events.c.hash).where(case_events.c.id.in_(some))
            found.update({int(row.id): str(row.hash) for row in self._db.rows(query)})
        return found

    def walk(
        self, *, after_id: int = 0, until_id: int | None = None, case_ids: Sequence[int] = (),
        alert_id: int | None = None, page: int = 2_000,
    ) -> Iterator[Event]:  # fmt: skip
        """Events in order, a page at a time; only those of these cases and their alerts, or of this alert."""
        wanted: list[ColumnElement[bool]] = []
        if case_ids:
            linked = select(case_alerts.c.alert_id).where(case_alerts.c.case_id.in_(case_ids))
            of_cases = select(case_events.c.id).where(case_events.c.case_id.in_(case_ids))
            of_alerts = select(case_events.c.id).where(case_events.c.alert_id.in_(linked))
            wanted.append(case_events.c.id.in_(union(of_cases, of_alerts)))
        if alert_id is not None:
            wanted.append(case_events.c.alert_id == alert_id)
        if until_id is not None:
            wanted.append(case_events.c.id <= until_id)
        for row in self._walk(page, after_id, wanted):
            yield Event(**row._asdict())

    def verify(self, page: int = 2_000) -> list[str]:
        """Walk the whole chain; returns a sentence for every break (at most ten). Memory stays flat."""
        problems: list[str] = []
        previous, expected = "", 1
        for row in self._walk(page):
            if row.id != expected:
                problems.append(f"Events {expected} to {row.id - 1} of the wall are missing.")
            elif row.prev_hash != previous:
                problems.append(f"Event {row.id} of the wall does not follow the one before it.")
            if row.hash != event_hash(row.prev_hash, row.id, row.at, row._asdict()):
                problems.append(f"Event {row.id} of the wall was changed after it was written.")
            previous, expected = row.hash, row.id + 1
            if len(problems) >= 10:
                return problems
        last_id, last_hash = self.head()
        if last_id >= expected:
            problems.append(f"The wall ends at event {expected - 1}, but {last_id} were written.")
        elif last_id == expected - 1 and last_hash != previous:
            problems.append("The last event of the wall does not fit the recorded head of the chain.")
        return problems

    def proof(self, events: Sequence[Event]) -> list[str]:
        """Check only these events and their places in the chain; returns a sentence for every break.

        `verify` walks the whole chain; this costs two look-ups per event.
        """
        problems: list[str] = []
        last_id, last_hash = self.head()
        for event in events:
            values = {name: getattr(event, name) for name in _HASHED}
            if event.hash != event_hash(event.prev_hash, event.id, event.at, values):
                problems.append(f"Event {event.id} of the wall was changed after it was written.")
            if event.id > 1 and self.hash_of(event.id - 1) != event.prev_hash:
                problems.append(f"Event {event.id} of the wall does not follow the one before it.")
            query = select(case_events.c.prev_hash).where(case_events.c.id == event.id + 1)
            following = self._db.value(query)
            if event.hash != (last_hash if event.id == last_id else following):
                problems.append(f"What stands after event {event.id} of the wall does not follow it.")
        return problems

    def _append(self, tx: Connection, events: Sequence[NewEvent], at: datetime) -> None:
        last_id, previous = self._locked_head(tx)
        rows: list[dict[str, Any]] = []
        for event in events:
            last_id += 1
            values = {name: getattr(event, name) for name in _HASHED}
            digest = event_hash(previous, last_id, at, values)
            rows.append({"id": last_id, "at": at, "prev_hash": previous, "hash": digest, **values})
            previous = digest
        if self._db.is_sqlite:
            self._db.insert_rows(tx, case_events, rows, ignore=False)
            self._db.driver(tx).execute(_SQLITE_MOVE_HEAD, (last_id, previous, _CHAIN))
            return
        if len(rows) == 1:
            tx.execute(_INSERT, rows[0])
        else:
            self._db.insert_rows(tx, case_events, rows, case_events.c.id, ignore=False)
        tx.execute(_MOVE_HEAD, {"b_last_id": last_id, "b_hash": previous})

    def _locked_head(self, tx: Connection) -> tuple[int, str]:
        if self._db.is_sqlite:  # who writes holds the only lock
            row: tuple[int, str] | None = self._db.driver(tx).execute(_SQLITE_HEAD, (_CHAIN,)).fetchone()
        else:
            found = tx.execute(_HEAD).first()
            row = None if found is None else (int(found.last_id), str(found.hash))
        if row is not None:
            return row
        tx.execute(self._db.insert_or_ignore(chain_heads), {"name": _CHAIN, "last_id": 0, "hash": ""})
        return self._locked_head(tx)

    def _select(self, condition: Any, tx: Connection | None) -> list[Event]:
        query = select(case_events).where(condition).order_by(case_events.c.id)
        return [Event(**row._asdict()) for row in self._db.rows(query, tx=tx)]

    def _walk(self, page: int, after: int = 0, wanted: Sequence[ColumnElement[bool]] = ()) -> Iterator[Row[Any]]:
        while True:
            query = select(case_events).where(case_events.c.id > after, *wanted)
            query = query.order_by(case_events.c.id).limit(page)
            rows = self._db.rows(query)
            if not rows:
                return
            yield from rows
            after = rows[-1].id
