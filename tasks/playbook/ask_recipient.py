"""Step "Ask Recipient"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.ask import outcome, wait_in_place
from tasks._resume import resume_run
from tasks._wording import action
from tasks.mail._asking import ReplyResult, as_reply_result
from tasks.playbook._recipients import recipient_answers, recipient_desk


@task(name="Ask Recipient", task_run_name="Ask Recipient", cache_policy=NO_CACHE, persist_result=False)
def ask_recipient(
    alert: str, *, language: str = "", hours: float = 0.0, requested_by: str = "", resume_run_id: str = "",
    wait_seconds: float | None = None, mailbox: str = "default", mimecast: str = "default", store: str = "default",
    policy: str = "default",
) -> ReplyResult:  # fmt: skip
    """Ask the recipient of one held message whether they expect it, once, and wait for the answer.

    Effect: sends mail. Once per person and message, whoever asks; at most one such mail per person and day.

    Args:
        alert: Alert id, hold id or tracking id.
        language: Of the question; empty: as known of the recipient.
        hours: How long the person may take; 0: as the policy says. The end of the hold comes first.
        requested_by: Who wants it, for the history.
        resume_run_id: The run to resume when the question is settled.
        wait_seconds: Come back after so long, answered or not; 0 at once, None never before the outcome.
        mailbox: Name of the MailboxCredentials block that asks.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        How the question stands.

    Raises:
        NotFoundError: No alert has this id.
        RefusedError: Why this recipient is not asked about this message.
        TransientError: Not sent now; Retry sends it.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    from mailroom.playbooks import ask_recipient as playbook

    with action("Ask Recipient"):
        desk = recipient_desk(mailbox, mimecast, store, policy)
        wait = playbook.ask_recipient(
            desk, alert, by=requested_by, language=language, hours=hours, flow_run_id=resume_run_id
        )
        if wait.is_open and wait_seconds != 0:
            wait_in_place(
                desk.post, wait.id, seconds=wait_seconds, resume=resume_run, handlers=(recipient_answers(policy),)
            )
        return as_reply_result(outcome(desk.post, wait.id))
