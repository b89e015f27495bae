"""Case action "Create Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.cases.states import priority_of
from mailroom.playbooks.cases import open_case
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless with a key: the same key is the same case",
    example='cases.create_incident("Parcel wave", template="phishing", alerts="17, 18", key="wave-7").case_id',
)
@task(
    name="Cases: Create Incident",
    task_run_name="Create Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def create_incident(
    title: str = "",
    *,
    template: str = "",
    alerts: str = "",
    priority: str = "",
    owner: str = "",
    description: str = "",
    key: str = "",
    tenant: str = "",
    why: str = "",
    templates: str = "",
    store: str = "default",
) -> Incident:
    """Open a case with what its template brings, or add alerts to the one with the same key.

    Effect: writes the store. Twice is harmless with a key. New mail opens a closed case again.

    Args:
        title: One line; empty: the template's.
        template: Incident template it begins with; empty: none.
        alerts: Numbers, hold ids or tracking ids of alerts, separated by commas.
        priority: informational, low, medium, high, critical or a number; empty: the template's.
        owner: Who works on it; empty: whom the template names.
        description: What it is about; empty: the template's.
        key: The same key is the same case; empty: a new case each time.
        tenant: Name of the tenant in the store; empty: that of the first alert.
        why: For the wall.
        templates: Folders on the worker with templates of your own, separated by commas.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case, and whether it is new.

    Raises:
        NotFoundError: there is no such alert or template.
        InvalidInputError: no title, or a priority that is none.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    with action("Create Incident"):
        opened = _open.store(store)
        numbers = _incident.alert_numbers(opened, alerts)
        first = opened.alerts.get(numbers[0]) if numbers else None
        case = open_case(
            opened, tenant=tenant or (first.tenant if first else ""), title=title, who=_incident.who(), why=why,
            key=key, template=_incident.template(template, templates), alert_ids=numbers, description=description,
            assigned_to=owner, priority=priority_of(priority) if priority else None,
        )  # fmt: skip
        return _incident.incident(opened, case)
