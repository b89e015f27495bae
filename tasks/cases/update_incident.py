"""Case action "Update Incident"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.cases.states import priority_of
from mailroom.playbooks.cases import set_fields, set_state, update_case
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless: what is so already is no change",
    example='cases.update_incident("3", state="waiting", priority="high", fields={"outcome": "malicious"})',
)
@task(
    name="Cases: Update Incident",
    task_run_name="Update Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def update_incident(
    case: str,
    *,
    state: str = "",
    priority: str = "",
    owner: str = "",
    title: str = "",
    fields: dict[str, Any] | None = None,
    leave_tasks: bool = False,
    why: str = "",
    templates: str = "",
    store: str = "default",
) -> Incident:
    """Change what is given of a case: state, priority, owner, title, fields. Closing needs a reason.

    Effect: writes the store. Twice is harmless: what is so already is no change.

    Args:
        case: Number of the case.
        state: new, open, waiting or closed; empty: as it is.
        priority: informational, low, medium, high, critical or a number; empty: as it is.
        owner: Who works on it; empty: as it is.
        title: One line; empty: as it is.
        fields: Values by name; None takes a field away. Those of the case's template are checked by their type.
        leave_tasks: Close although tasks are open or required fields are empty.
        why: For the wall; when closing, the reason.
        templates: Folders on the worker with templates of your own, separated by commas.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case.

    Raises:
        NotFoundError: there is no such case.
        RefusedError: it was merged into another one, or tasks or fields stop the closing.
        InvalidInputError: a value does not fit, or the reason is missing.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    with action("Update Incident"):
        opened = _open.store(store)
        number, who = _incident.case_number(opened, case), _incident.who()
        known = _incident.known_template(opened.cases.get(number).template, templates)
        if fields:
            set_fields(opened, number, fields, who=who, why=why, template=known)
        found = update_case(
            opened, number, who=who, why=why, title=title or None, assigned_to=owner or None,
            priority=priority_of(priority) if priority else None,
        )  # fmt: skip
        if state:
            found = set_state(opened, number, state, who=who, why=why, leave_tasks=leave_tasks, template=known)
        return _incident.incident(opened, found)
