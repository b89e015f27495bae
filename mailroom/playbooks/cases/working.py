"""What people and rules do to cases. Each change is written once, with who, why, before and after on the wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailroom.cases.states import changed_state
from mailroom.cases.templates import IncidentTemplate
from mailroom.cases.values import fitting
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.cases.opening import LONGEST_TITLE, reopen, wanted_playbooks
from mailroom.redact import one_line
from mailroom.store import NewEvent, Store
from mailroom.store.case_rows import Case


def link(
    store: Store, case_id: int, alert_ids: Sequence[int], *, who: str, why: str = "",
    template: IncidentTemplate | None = None, keep_closed: bool = False,
) -> list[int]:  # fmt: skip
    """Add alerts to a case; returns those that were not in it. A closed case is opened again unless told otherwise.

    Effect: writes the store. Twice is harmless.

    Args:
        store: Where.
        case_id: Which case; one that was merged away takes them too, and the case that shows it shows them.
        alert_ids: Which alerts.
        who: For the wall.
        why: For the wall.
        template: The case's template: playbooks `for: each alert` are wanted for the new ones.
        keep_closed: A closed case stays closed.

    Raises:
        NotFoundError: there is no such case or alert; nothing was added.
    """

    def write(tx: Connection) -> list[int]:
        wall: list[NewEvent] = []
        linked = store.cases.link(case_id, alert_ids, who=who, why=why, tx=tx, wall=wall)
        if linked:
            case = store.cases.get(case_id, tx)
            if template is not None and template.name == case.template:
                store.playbook_runs.want(wanted_playbooks(template, case, linked, who), why=why, tx=tx, wall=wall)
            if not keep_closed:
                reopen(store, case, linked, who=who, tx=tx, wall=wall)
        store.events.add_many(tx, wall)
        faultpoint("cases.before_commit")
        return linked

    return store.run(write)


def unlink(store: Store, case_id: int, alert_ids: Sequence[int], *, who: str, why: str = "") -> list[int]:
    """Take alerts out of a case, or out of what was merged into it; returns those that were in it.

    Effect: writes the store. Twice is harmless.
    """
    wanted = set(alert_ids)

    def write(tx: Connection) -> list[int]:
        gone: set[int] = set()
        for link_ in store.cases.links(case_id, tx):
            if link_.alert_id in wanted:
                gone.update(store.cases.unlink(link_.case_id, [link_.alert_id], who=who, why=why, tx=tx))
        return sorted(gone)

    return store.run(write)


def merge(store: Store, case_id: int, into_id: int, *, who: str, why: str = "", across_tenants: bool = False) -> bool:
    """Show a case as a part of another one. Nothing is moved: `unmerge` gives back exactly what was there.

    Effect: writes the store. Twice is harmless: the second call returns False.

    Raises:
        NotFoundError: there is no such case.
        RefusedError: one of them was merged already, or they are of different tenants.
    """

    def check(case: Case, into: Case) -> None:
        if case.tenant != into.tenant and not across_tenants:
            msg = f"Cases {case.id} and {into.id} are of different tenants: nothing was merged."
            raise RefusedError(msg)

    return store.cases.merge(case_id, into_id, who=who, why=why, check=check)


def unmerge(store: Store, case_id: int, *, who: str, why: str = "") -> bool:
    """Take a merge back. Effect: writes the store. Twice is harmless: the second call returns False."""
    return store.cases.unmerge(case_id, who=who, why=why)


def set_state(
    store: Store, case_id: int, state: str, *, who: str, why: str = "", leave_tasks: bool = False,
    template: IncidentTemplate | None = None,
) -> Case:  # fmt: skip
    """Change the state of a case. Closing and opening again need a reason; open tasks and empty fields stop a closing.

    Effect: writes the store. Twice is harmless.

    Args:
        store: Where.
        case_id: Which case.
        state: new, open, waiting or closed.
        who: For the wall.
        why: For the wall; when closing, the case's reason.
        leave_tasks: Close although tasks are open or required fields are empty.
        template: The case's template, for its required fields.

    Raises:
        InvalidInputError: no such state, or the reason is missing.
        RefusedError: tasks are open, required fields are empty, or the case was merged.
    """

    def write(tx: Connection) -> Case:
        parts = [one.id for one in store.cases.parts(case_id, tx)]
        tasks = len(store.case_tasks.list(parts, only_open=True, tx=tx))
        fields = store.fields.get("case", case_id, tx)

        def decide(case: Case, now: datetime) -> dict[str, Any]:
            new = changed_state(case.state, state, why=why, open_tasks=tasks, leave_tasks=leave_tasks)
            if not new:
                return {}
            required = template.required if template is not None and template.name == case.template else ()
            missing = [name for name in required if fields.get(name) in (None, "")]
            if new["closed"] and missing and not leave_tasks:
                raise RefusedError(f"Case {case_id} lacks {', '.join(missing)}: set it before closing.")
            return {"state": state, "closed_at": now if new["closed"] else None, "reason": new["reason"]}

        return store.cases.change(case_id, decide, who=who, why=why, tx=tx)

    return store.run(write)


def update_case(
    store: Store, case_id: int, *, who: str, why: str = "", title: str | None = None, description: str | None = None,
    priority: int | None = None, assigned_to: str | None = None, due_at: datetime | None = None,
) -> Case:  # fmt: skip
    """Change what is given of title, description, priority, owner and deadline. Twice is harmless.

    Effect: writes the store.

    Raises:
        NotFoundError: there is no such case.
        RefusedError: it was merged into another one.
        InvalidInputError: the title is empty, or the priority is none.
    """
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = one_line(title, LONGEST_TITLE).strip()
        if not values["title"]:
            raise InvalidInputError("A case needs a title: one line that says what it is about.")
    if priority is not None and not -1 <= priority <= 100:
        raise InvalidInputError(f"{priority} is no priority; use a number from -1 to 100.")
    given = {"description": description, "priority": priority, "assigned_to": assigned_to, "due_at": due_at}
    values |= {name: value for name, value in given.items() if value is not None}
    return store.cases.change(case_id, lambda _case, _now: values, who=who, why=why)


def set_fields(
    store: Store, case_id: int, values: Mapping[str, Any], *, who: str, why: str = "",
    template: IncidentTemplate | None = None,
) -> list[str]:  # fmt: skip
    """Set fields of a case; None takes one away. Returns the names that changed. Twice is harmless.

    Effect: writes the store.

    Raises:
        InvalidInputError: a name or a value does not fit, or there is no such case.
    """
    types = template.fields if template is not None and template.name == store.cases.get(case_id).template else None
    return store.fields.set("case", case_id, fitting(values, types), who=who, why=why)


def set_alert_fields(store: Store, alert_id: int, values: Mapping[str, Any], *, who: str, why: str = "") -> list[str]:
    """The same for an alert."""
    return store.fields.set("alert", alert_id, fitting(values), who=who, why=why)
