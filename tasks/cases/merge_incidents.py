"""Case action "Merge Incidents"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.cases import merge
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless: what is merged already stays so",
    example='cases.merge_incidents("4", "3", why="the same wave")',
)
@task(
    name="Cases: Merge Incidents",
    task_run_name="Merge Incidents",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def merge_incidents(
    case: str, into: str, *, across_tenants: bool = False, why: str = "", store: str = "default"
) -> Incident:
    """Show a case as a part of another one. Nothing is moved: `mailroom case unmerge` takes it back without loss.

    Effect: writes the store. Twice is harmless: what is merged already stays so.

    Args:
        case: Number of the case that disappears from lists.
        into: Number of the case that shows both from now on.
        across_tenants: Also cases of different tenants.
        why: For the wall.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case that shows both.

    Raises:
        NotFoundError: there is no such case.
        RefusedError: one of them was merged already, or they are of different tenants.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    with action("Merge Incidents"):
        opened = _open.store(store)
        number, target = _incident.case_number(opened, case), _incident.case_number(opened, into)
        merge(opened, number, target, who=_incident.who(), why=why, across_tenants=across_tenants)
        return _incident.incident(opened, opened.cases.get(target))
