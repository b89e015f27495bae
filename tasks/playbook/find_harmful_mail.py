"""Step "Find Harmful Mail"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.remediate import RemediateForm, RemediationPlan, plan_remediation
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._show import show
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(
    name="Find Harmful Mail",
    task_run_name="Find Harmful Mail",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def find_harmful_mail(
    form: dict[str, Any], *, mimecast: str = "default", store: str = "default", policy: str = "default"
) -> RemediationPlan:
    """Look for mails, a file or a link in message tracking, the archive and the threat logs.

    Effect: reads the tenant and the store; shows a table of counts beside the run. Twice is harmless.

    Args:
        form: What to look for: fields of `mailroom.playbooks.remediate.RemediateForm`.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        One item per incident that would be begun, with everything that was found. Kept nowhere: it holds addresses.

    Raises:
        InvalidInputError: The form cannot be meant.
        NotFoundError: There is no such alert.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    log = get_run_logger()
    with action("Find Harmful Mail"), artifact_progress("items") as progress:
        plan = plan_remediation(desk(mimecast, store, policy), RemediateForm(**form), on_item=progress)
        show("harmful-mail", plan.rows(), "What would be pulled back: numbers per item; nobody is named.")
    log.info("%d items, %d delivered copies that are not pulled back yet", len(plan.items), plan.copies)
    for note in plan.notes:
        log.warning(note)
    return plan
