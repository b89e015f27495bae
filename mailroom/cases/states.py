"""States and priorities of cases, and what a change from one to another asks for. Pure."""

from __future__ import annotations

from typing import Any

from mailroom.errors import InvalidInputError, RefusedError

NEW, OPEN, WAITING, CLOSED, MERGED = "new", "open", "waiting", "closed", "merged"
STATES = (NEW, OPEN, WAITING, CLOSED)
"""What people may set. `merged` comes from a merge only, and ends with it."""
ACTIVE = (NEW, OPEN, WAITING)

PRIORITIES = {"informational": -1, "low": 40, "medium": 60, "high": 80, "critical": 100}
"""The same scale as alerts."""


def priority_of(text: str | int) -> int:
    """A priority by name or number.

    Raises:
        InvalidInputError: neither.
    """
    wanted = str(text).strip().lower()
    if wanted in PRIORITIES:
        return PRIORITIES[wanted]
    if wanted.lstrip("-").isascii() and wanted.lstrip("-").isdigit() and -1 <= int(wanted) <= 100:
        return int(wanted)
    msg = f"{str(text)[:40]!r} is no priority; use {', '.join(PRIORITIES)}, or a number from -1 to 100."
    raise InvalidInputError(msg)


def priority_name(priority: int) -> str:
    """The name of the step that a priority has reached."""
    reached = [name for name, least in PRIORITIES.items() if priority >= least]
    return reached[-1] if reached else "informational"


def changed_state(old: str, new: str, *, why: str, open_tasks: int = 0, leave_tasks: bool = False) -> dict[str, Any]:
    """What changes besides the state itself, or why it may not.

    Args:
        old: The state now.
        new: The state wanted.
        why: The reason given.
        open_tasks: How many tasks are still open.
        leave_tasks: Close all the same.

    Returns:
        `state`, `closed` (whether the time of closing is now, or none) and `reason`; empty when nothing changes.

    Raises:
        InvalidInputError: no such state, or a reason is missing.
        RefusedError: tasks are open.
    """
    if new not in STATES:
        raise InvalidInputError(f"{new[:40]!r} is no state of a case; use one of {', '.join(STATES)}.")
    if old == new:
        return {}
    if CLOSED in (old, new) and not why.strip():
        verb = "closed" if new == CLOSED else "opened again"
        raise InvalidInputError(f"A case is {verb} with a reason only: say why.")
    if new == CLOSED and open_tasks and not leave_tasks:
        tasks = "one task is" if open_tasks == 1 else f"{open_tasks} tasks are"
        raise RefusedError(f"{tasks} still open: finish or skip them, or close the case and leave them as they are.")
    return {"state": new, "closed": new == CLOSED, "reason": why if new == CLOSED else ""}
