"""Case action "Add Email To Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import InvalidInputError
from mailroom.playbooks.cases import add_saved_attachments, link
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless: what is in the case already stays as it is",
    example='cases.add_email_to_incident("3", "17, 18", why="the same sender")',
)
@task(
    name="Cases: Add Email To Incident",
    task_run_name="Add Email To Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def add_email_to_incident(
    case: str,
    alerts: str,
    *,
    with_attachments: bool = False,
    keep_closed: bool = False,
    why: str = "",
    store: str = "default",
) -> Incident:
    """Add stored mails, held or tracked messages to a case. New ones open a closed case again.

    Effect: writes the store. Twice is harmless: what is in the case already stays as it is.

    Args:
        case: Number of the case.
        alerts: Numbers, hold ids or tracking ids of alerts, separated by commas.
        with_attachments: Also keep their saved attachments as files of the case.
        keep_closed: A closed case stays closed.
        why: For the wall.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case.

    Raises:
        NotFoundError: there is no such case or alert; nothing was added.
        InvalidInputError: no alert is named.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Add Email To Incident"):
        opened = _open.store(store)
        number = _incident.case_number(opened, case)
        wanted = _incident.alert_numbers(opened, alerts)
        if not wanted:
            raise InvalidInputError("Alerts is empty: name at least one, by its number, hold id or tracking id")
        link(opened, number, wanted, who=_incident.who(), why=why, keep_closed=keep_closed)
        for alert_id in wanted if with_attachments else ():
            add_saved_attachments(opened, number, alert_id, who=_incident.who(), why=why)
        return _incident.incident(opened, opened.cases.get(number))
