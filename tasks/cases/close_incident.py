"""Case action "Close Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.cases import set_state
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless: a closed case stays closed",
    example='cases.close_incident("3", "pulled back, sender blocked")',
)
@task(
    name="Cases: Close Incident",
    task_run_name="Close Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def close_incident(
    case: str, why: str, *, leave_tasks: bool = False, templates: str = "", store: str = "default"
) -> Incident:
    """Close a case with a reason. Open tasks and empty required fields stop it.

    Effect: writes the store. Twice is harmless: a closed case stays closed.

    Args:
        case: Number of the case.
        why: What it was and why it is over.
        leave_tasks: Close although tasks are open or required fields are empty.
        templates: Folders on the worker with templates of your own, separated by commas.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case.

    Raises:
        NotFoundError: there is no such case.
        RefusedError: it was merged into another one, or tasks or fields stop the closing.
        InvalidInputError: the reason is missing.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    with action("Close Incident"):
        opened = _open.store(store)
        number = _incident.case_number(opened, case)
        known = _incident.known_template(opened.cases.get(number).template, templates)
        closed = set_state(
            opened, number, "closed", who=_incident.who(), why=why, leave_tasks=leave_tasks, template=known
        )
        return _incident.incident(opened, closed)
