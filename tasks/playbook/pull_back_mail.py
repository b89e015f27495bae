"""Step "Pull Back Mail": one task run per item."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast.incident import Incident
from mailroom.playbooks.remediate import ItemResult, RemediationPlan, pull_back
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(name="Pull Back Mail", task_run_name="Pull Back Mail {number}", cache_policy=NO_CACHE, persist_result=False)
def pull_back_mail(
    plan: RemediationPlan, number: int, *, follow_minutes: float = 15.0, mimecast: str = "default",
    store: str = "default", policy: str = "default",
) -> ItemResult:  # fmt: skip
    """Begin the remediation incident of one item, unless it was begun before, and follow it until it is done.

    Effect: changes the tenant: messages disappear from mailboxes. Twice is harmless: the incident stands in the
    ledger and is only followed.

    Args:
        plan: Result of "Find Harmful Mail".
        number: Which item of the plan, from 0.
        follow_minutes: Longest time to follow the incident.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        The item's state and the incident's counts.

    Raises:
        RefusedError: Too many copies, or the kill switch is on.
        AccessError, TransientError: It was not begun, or cannot be followed now.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    log = get_run_logger()

    def told(incident: Incident) -> None:
        log.info(
            "%s: %d identified, %d pulled back, %d failed",
            incident.code, incident.identified, incident.successful, incident.failed,
        )  # fmt: skip

    with action("Pull Back Mail"):
        return pull_back(
            desk(mimecast, store, policy), plan, plan.items[number], follow_seconds=follow_minutes * 60,
            on_progress=told,
        )  # fmt: skip
