"""Step "Plan Recipient Question"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks._wording import action
from tasks.playbook._recipients import recipient_desk


@task(
    name="Plan Recipient Question", task_run_name="Plan Recipient Question", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def plan_recipient_question(
    alert: str, *, language: str = "", hours: float = 0.0, requested_by: str = "", mailbox: str = "default",
    mimecast: str = "default", store: str = "default", policy: str = "default",
) -> dict[str, Any]:  # fmt: skip
    """Whether the recipient of one held message would be asked, in which language and until when.

    Effect: reads the store and the tenant. Writes nothing, sends nothing.

    Args:
        alert: Alert id, hold id or tracking id.
        language: Of the question; empty: as known of the recipient.
        hours: How long the person may take; 0: as the policy says.
        requested_by: Who wants it.
        mailbox: Name of the MailboxCredentials block.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        `asks`, `reasons` against it, `language`, `deadline`; no address and no words.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    from mailroom.playbooks import ask_recipient as playbook

    with action("Plan Recipient Question"):
        desk = recipient_desk(mailbox, mimecast, store, policy)
        plan = playbook.plan_question(desk, alert, by=requested_by, language=language, hours=hours).as_dict()
    for reason in plan["reasons"]:
        get_run_logger().info("not asked: %s", reason)
    return {name: plan[name] for name in ("alert", "asks", "question_id", "reasons", "language", "deadline")}
