"""Case action "Create Incident from Mail"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.cases import add_saved_attachments, open_case
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident
from tasks.cases._incident import Incident


@describe(
    effect="writes the store",
    twice="harmless: one mail makes one case",
    example='cases.create_incident_from_mail("17", template="phishing").case_id',
)
@task(
    name="Cases: Create Incident from Mail",
    task_run_name="Create Incident from Mail",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def create_incident_from_mail(
    alert: str,
    *,
    template: str = "mail-incident",
    title: str = "",
    why: str = "",
    templates: str = "",
    store: str = "default",
) -> Incident:
    """Open the case of one stored mail: its subject becomes the title, its saved attachments become files of the case.

    Effect: writes the store. Twice is harmless: one mail makes one case.

    Args:
        alert: Number, hold id or tracking id of the mail's alert.
        template: Incident template it begins with; empty: none.
        title: One line; empty: the template's, with the mail's subject, or the subject alone.
        why: For the wall.
        templates: Folders on the worker with templates of your own, separated by commas.
        store: Name of the AlertStore block.

    Returns:
        Number, state and alerts of the case, and whether it is new.

    Raises:
        NotFoundError: there is no such alert or template.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Create Incident from Mail"):
        opened = _open.store(store)
        mail = opened.alerts.find(alert)
        begun_with = _incident.template(template, templates)
        if begun_with is None:
            title = title or mail.title or f"Mail of alert {mail.id}"
        case = open_case(
            opened, tenant=mail.tenant, title=title, who=_incident.who(), why=why, key=f"mail:{mail.id}",
            template=begun_with, alert_ids=[mail.id],
        )  # fmt: skip
        add_saved_attachments(opened, case.id, mail.id, who=_incident.who(), why=why)
        return _incident.incident(opened, case)
