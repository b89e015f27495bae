"""Step "Mail Triage Report"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import EffectsFailedError
from mailroom.playbooks.triage_report import ReportNumbers, mail_report
from tasks import _open
from tasks._wording import action


@task(name="Mail Triage Report", task_run_name="Mail Triage Report", cache_policy=NO_CACHE, persist_result=False)
def mail_triage_report(
    numbers: ReportNumbers, to: list[str], *, mailbox: str = "default", store: str = "default", policy: str = "default"
) -> str:
    """Mail a report to people of ours: the text in short, the whole of it as an HTML file.

    Effect: sends mail, to our own domains only. Twice on one day for the same period and people sends nothing again.

    Args:
        numbers: Result of "Make Triage Report".
        to: Addresses.
        mailbox: Name of the MailboxCredentials block that sends.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block: its list of our own domains.

    Returns:
        "sent now" or "sent before".

    Raises:
        InvalidInputError: nobody is named, or somebody who is not one of ours.
        RefusedError: a guard of the mailbox.
        EffectsFailedError: it was not sent, or nobody knows.

    Source: https://docs.prefect.io/v3/concepts/artifacts
    """
    with action("Mail Triage Report"):
        outcome = mail_report(
            _open.store(store), _open.account(mailbox), _open.policy(policy), numbers, to, requested_by="triage report"
        )
        if not outcome.is_sent:
            raise EffectsFailedError(f"the report was not sent: {outcome.detail} Retry tries again.")
        what = "sent now" if outcome.sent_now else "sent before"
        get_run_logger().info("the report to %d people: %s", len(to), what)
    return what
