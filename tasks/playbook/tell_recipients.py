"""Step "Tell Recipients"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.remediate import ItemResult, NoticeReport, RemediationPlan, notify
from tasks import _open
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(name="Tell Recipients", task_run_name="Tell Recipients", cache_policy=NO_CACHE, persist_result=False)
def tell_recipients(
    plan: RemediationPlan, results: list[ItemResult], *, case: str = "", mailbox: str = "default",
    mimecast: str = "default", store: str = "default", policy: str = "default",
) -> NoticeReport:  # fmt: skip
    """Tell everybody whose copy was pulled back, once each. Nothing of the mail is quoted.

    Effect: sends mail, to our own domains only. Twice sends nothing again.

    Args:
        plan: Result of "Find Harmful Mail".
        results: Results of "Pull Back Mail".
        case: Number of the case, for the reference.
        mailbox: Name of the MailboxCredentials block that sends.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Numbers: sent, sent before, left out, failed.

    Raises:
        InvalidInputError: Nobody has said which domains are ours.
        RefusedError: The kill switch is on, or too many people would be told.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email-v2
    """
    with action("Tell Recipients"):
        report = notify(desk(mimecast, store, policy), _open.account(mailbox), plan, results, case=case)
    get_run_logger().info("%d told, %d before, %d left out, %d failed", report.sent, report.before, report.left_out,
                          report.failed)  # fmt: skip
    return report
