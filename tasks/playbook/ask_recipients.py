"""Step "Ask Recipients"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks import _open
from tasks._wording import action
from tasks.playbook._recipients import recipient_desk


@task(name="Ask Recipients", task_run_name="Ask Recipients", cache_policy=NO_CACHE, persist_result=False)
def ask_recipients(
    *, requested_by: str = "", most: int = 1_000, dry_run: bool = False, mailbox: str = "default",
    mimecast: str = "default", store: str = "default", policy: str = "default",
) -> dict[str, Any]:  # fmt: skip
    """Make use of the answers that are there, then ask every recipient whom triage would ask.

    Effect: sends mail, writes the store. Nobody is asked twice, however often it runs.

    Args:
        requested_by: The person who wants it. Empty: the policy's mode and limits of ask_recipient decide.
        most: Most questions of this run.
        dry_run: Only count.
        mailbox: Name of the MailboxCredentials block that asks.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Counts.

    Raises:
        TransientError: Another run is asking.
        AccessError: The mailbox cannot be used as it is configured.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    from mailroom.playbooks import ask_recipient as playbook

    log = get_run_logger()
    with action("Ask Recipients"):
        desk = recipient_desk(mailbox, mimecast, store, policy)
        handled = playbook.HandleReport()
        if not dry_run:
            handled = playbook.handle_answers(desk.store, _open.policy(policy), tenants=desk.own_names())
        asked = playbook.ask_recipients(desk, by=requested_by, limit=most, dry_run=dry_run)
    for reason, number in asked.left.items():
        log.info("%d not asked: %s", number, reason)
    for problem in asked.problems:
        log.warning("%s", problem)
    log.info("%d asked, %d answers made use of", asked.asked, handled.handled)
    return {
        "asked": asked.asked, "left": sum(asked.left.values()), "waits_for_a_person": asked.waits_for_a_person,
        "not_sent": len(asked.problems), "handled": handled.handled, "answers": dict(handled.answers),
        "planned": dict(handled.planned),
    }  # fmt: skip
