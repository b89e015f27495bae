"""Tasks of cases: what people still have to do, who does it, until when."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store.case_rows import EventList
from mailroom.store.database import Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import case_tasks, cases

TASK_STATES = ("open", "done", "skipped")


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task about to be added; the same key in a case is the same task."""

    key: str
    title: str
    description: str = ""
    assigned_to: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseTask:
    """One task of a case."""

    id: int
    case_id: int
    key: str
    title: str
    description: str
    state: str
    assigned_to: str
    due_at: datetime | None
    created_by: str
    created_at: datetime
    done_by: str
    done_at: datetime | None
    note: str

    @property
    def is_open(self) -> bool:
        """It waits for somebody."""
        return self.state == "open"


class CaseTasks:
    """The repository of tasks of cases."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def add(
        self, case_id: int, wanted: Sequence[NewTask], *, who: str, why: str = "", tx: Connection | None = None,
        wall: EventList | None = None,
    ) -> builtins.list[int]:  # fmt: skip
        """Add tasks; returns the ids of those that are new. Effect: writes the store. Twice is harmless.

        Raises:
            NotFoundError: there is no such case.
        """

        def write(c: Connection) -> builtins.list[int]:
            self._lock(c, case_id)
            now = self._db.now(c)
            rows = [
                {
                    "case_id": case_id, "key": one.key, "title": one.title, "description": one.description,
                    "state": "open", "assigned_to": one.assigned_to, "due_at": one.due_at, "created_by": who,
                    "created_at": now, "done_by": "", "done_at": None, "note": "",
                }
                for one in wanted
            ]  # fmt: skip
            made = self._db.insert_rows(c, case_tasks, rows, *case_tasks.c["id", "title"])
            self._say(c, wall, [
                NewEvent("case.task_added", who, f"task {row.id} added", case_id=case_id, after=row.title, why=why)
                for row in made
            ])  # fmt: skip
            return sorted(row.id for row in made)

        return self._db.write(write, tx) if wanted else []

    def get(self, task_id: int, tx: Connection | None = None) -> CaseTask:
        """The task. Raises NotFoundError."""
        query = select(case_tasks).where(case_tasks.c.id == task_id)
        row = self._db.first(query, tx=tx)
        if row is None:
            raise NotFoundError(f"There is no task {task_id}; `mailroom case show` lists those of a case.")
        return CaseTask(**row._asdict())

    def list(
        self, case_ids: Iterable[int], *, only_open: bool = False, tx: Connection | None = None
    ) -> builtins.list[CaseTask]:
        """Tasks of these cases, oldest first."""
        query = select(case_tasks).where(case_tasks.c.case_id.in_(builtins.list(case_ids)))
        if only_open:
            query = query.where(case_tasks.c.state == "open")
        query = query.order_by(case_tasks.c.id)
        return [CaseTask(**row._asdict()) for row in self._db.rows(query, tx=tx)]

    def set_state(self, task_id: int, state: str, *, who: str, note: str = "") -> CaseTask:
        """Say that a task is done, is left out, or is open again. Effect: writes the store. Twice is harmless.

        Raises:
            NotFoundError: there is no such task.
            InvalidInputError: no such state.
        """
        if state not in TASK_STATES:
            raise InvalidInputError(f"{state!r} is no state of a task; use one of {', '.join(TASK_STATES)}.")

        def decide(task: CaseTask, now: datetime) -> dict[str, Any]:
            if task.state == state:
                return {}
            over = state != "open"
            return {"state": state, "done_by": who if over else "", "done_at": now if over else None, "note": note}

        return self._change(task_id, decide, who, note)

    def assign(self, task_id: int, owner: str, *, who: str, why: str = "") -> CaseTask:
        """Give a task to somebody; an empty text takes it back. Effect: writes the store. Twice is harmless."""
        return self._change(task_id, lambda _task, _now: {"assigned_to": owner}, who, why)

    def _change(self, task_id: int, decide: Any, who: str, why: str) -> CaseTask:
        def write(tx: Connection) -> CaseTask:
            case_id = self.get(task_id, tx).case_id
            self._lock(tx, case_id)
            task = self.get(task_id, tx)
            values = {name: value for name, value in decide(task, self._db.now(tx)).items()
                      if getattr(task, name) != value}  # fmt: skip
            if not values:
                return task
            tx.execute(update(case_tasks).where(case_tasks.c.id == task_id).values(**values))
            self._events.add_many(tx, [
                NewEvent("case.task", who, f"task {task_id}: {name.replace('_', ' ')} changed", case_id=case_id,
                         before=getattr(task, name), after=values[name], why=why)
                for name in ("state", "assigned_to") if name in values
            ])  # fmt: skip
            return self.get(task_id, tx)

        return self._db.run(write)

    def _say(self, tx: Connection, wall: EventList | None, events: Sequence[NewEvent]) -> None:
        if wall is None:
            self._events.add_many(tx, events)
        else:
            wall.extend(events)

    def _lock(self, tx: Connection, case_id: int) -> None:
        if tx.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update()).first() is None:
            raise NotFoundError(f"There is no case {case_id}; `mailroom case list` shows them.")
