"""Case action "Save Attachments To Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.cases import add_saved_attachments
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident


@describe(
    effect="writes the store",
    twice="harmless: the same file is kept once",
    example='cases.save_attachments_to_incident("3", "17")',
)
@task(
    name="Cases: Save Attachments To Incident",
    task_run_name="Save Attachments To Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def save_attachments_to_incident(case: str, alert: str, *, why: str = "", store: str = "default") -> list[int]:
    """Keep the attachments that were saved to an alert as files of a case.

    Effect: writes the store. Twice is harmless: the same file is kept once.

    Args:
        case: Number of the case.
        alert: Number, hold id or tracking id of the alert; "Save Attachments to Alert" saves them there.
        why: For the wall.
        store: Name of the AlertStore block.

    Returns:
        Numbers of the files that are new in the case.

    Raises:
        NotFoundError: there is no such case or alert.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Save Attachments To Incident"):
        opened = _open.store(store)
        number = _incident.case_number(opened, case)
        mail = opened.alerts.find(alert)
        return [one.id for one in add_saved_attachments(opened, number, mail.id, who=_incident.who(), why=why)]
