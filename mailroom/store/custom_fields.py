"""Fields that people and rules give to cases and alerts, with every change on the wall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError
from mailroom.store.case_rows import EventList
from mailroom.store.columns import clean_json
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alerts, cases, custom_fields

_TABLES = {"case": cases, "alert": alerts}


class CustomFields:
    """Named values of one case or one alert."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def get(self, scope: str, subject_id: int, tx: Connection | None = None) -> dict[str, Any]:
        """All fields of a case or an alert, by name."""
        return self.get_many(scope, [subject_id], tx)[subject_id]

    def get_many(
        self, scope: str, subject_ids: Iterable[int], tx: Connection | None = None
    ) -> dict[int, dict[str, Any]]:
        """All fields of several cases or alerts."""
        ids = list(subject_ids)
        found: dict[int, dict[str, Any]] = {one: {} for one in ids}
        for some in chunks(ids, CHUNK):
            query = select(*custom_fields.c["subject_id", "name", "value"]).where(
                custom_fields.c.scope == scope, custom_fields.c.subject_id.in_(some)
            ).order_by(custom_fields.c.name)  # fmt: skip
            for row in self._db.rows(query, tx=tx):
                found[row.subject_id][row.name] = row.value
        return found

    def set(
        self, scope: str, subject_id: int, values: Mapping[str, Any], *, who: str, why: str = "",
        tx: Connection | None = None, wall: EventList | None = None,
    ) -> list[str]:  # fmt: skip
        """Set fields; None takes a field away. Returns the names that changed.

        Effect: writes the store. Twice is harmless: what is so already is no change and no event.

        Args:
            scope: `case` or `alert`.
            subject_id: Which one.
            values: By name.
            who: For the wall.
            why: For the wall.
            tx: The caller's transaction; the row of the case or alert is locked in it.
            wall: Where events are collected; the caller writes them at the end of `tx`.

        Raises:
            InvalidInputError: no such scope, or no such case or alert.
        """
        if scope not in _TABLES:
            raise InvalidInputError(f"Fields belong to a case or an alert, not to {scope[:40]!r}.")
        wanted = {name: clean_json(value) for name, value in values.items()}
        return self._db.write(lambda c: self._set(c, scope, subject_id, wanted, who, why, wall), tx) if wanted else []

    def _set(
        self, tx: Connection, scope: str, subject_id: int, wanted: Mapping[str, Any], who: str, why: str,
        wall: EventList | None,
    ) -> list[str]:  # fmt: skip
        table = _TABLES[scope]
        if tx.execute(select(table.c.id).where(table.c.id == subject_id).with_for_update()).first() is None:
            raise InvalidInputError(f"There is no {scope} {subject_id}; no field was set.")
        before, now = self.get(scope, subject_id, tx), self._db.now(tx)
        events: list[NewEvent] = []
        for name, value in sorted(wanted.items()):
            if before.get(name) == value and type(before.get(name)) is type(value):
                continue
            here = (
                (custom_fields.c.scope == scope)
                & (custom_fields.c.subject_id == subject_id)
                & (custom_fields.c.name == name)
            )
            if value is None:
                tx.execute(custom_fields.delete().where(here))
            elif name in before:
                tx.execute(update(custom_fields).where(here).values(value=value, updated_at=now))
            else:
                row = {"scope": scope, "subject_id": subject_id, "name": name, "value": value, "updated_at": now}
                tx.execute(custom_fields.insert(), row)
            subject = {f"{scope}_id": subject_id}
            events.append(
                NewEvent(
                    f"{scope}.field", who, f"field {name}", before=before.get(name), after=value, why=why, **subject
                )
            )
        if wall is None:
            self._events.add_many(tx, events)
        else:
            wall.extend(events)
        return [event.what.removeprefix("field ") for event in events]
