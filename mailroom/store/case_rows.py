"""Rows of cases as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailroom.store.events import NewEvent

MERGED = "merged"
"""State of a case that was merged into another one."""

IdList = list[int]
EventList = list[NewEvent]
"""Events that a caller collects and puts on the wall at the end of its transaction."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case about to be opened."""

    tenant: str
    title: str
    priority: int
    created_by: str
    key: str = ""
    """The same key is the same case; empty: a new case each time."""
    template: str = ""
    description: str = ""
    environment: str = ""
    assigned_to: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case, every column."""

    id: int
    tenant: str
    title: str
    state: str
    priority: int
    environment: str
    assigned_to: str
    opened_at: datetime
    closed_at: datetime | None
    reason: str
    key: str
    template: str
    description: str
    created_by: str
    state_before: str
    due_at: datetime | None
    updated_at: datetime | None
    merged_into_id: int | None
    root_id: int | None
    created: bool = False
    """This call made it."""

    @property
    def is_merged(self) -> bool:
        """It is shown as a part of another case."""
        return self.merged_into_id is not None

    @property
    def shown_id(self) -> int:
        """The case that shows this one: itself, or what it was merged into in the end."""
        return self.root_id or self.id

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "created"}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Link:
    """That an alert belongs to a case."""

    case_id: int
    alert_id: int
    added_at: datetime
    added_by: str
    why: str


def case_of(row: Row[Any]) -> Case:
    """A row of `cases` as a value."""
    return Case(**row._asdict())


def case_row(new: NewCase, now: datetime) -> dict[str, Any]:
    """The columns of a new case."""
    return {name: getattr(new, name) for name in NewCase.__slots__} | {
        "state": "new", "opened_at": now, "updated_at": now, "closed_at": None, "reason": "", "state_before": "",
        "merged_into_id": None, "root_id": None,
    }  # fmt: skip


def unique(ids: Sequence[int]) -> IdList:
    """Each id once, in order: rows are always locked in this order."""
    return sorted(set(ids))
