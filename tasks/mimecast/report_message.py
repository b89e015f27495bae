"""Mimecast action "Report Message"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.report import ReportAs
from mailroom.playbooks import changes
from mailroom.playbooks.act import Desk
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(capabilities.REPORT_MESSAGE,),
    effect="changes the tenant",
    twice="once per wish: the ledger stops a second, equal report",
    example='mimecast.report_message(message_id, report_as="Phishing", comment="case 42")',
    note="API 2.0 has no such function: report in the administration console, or keep an API 1.0 application for this. "
    "When the answer is lost nobody can look it up: it stays unknown and is repeated only with `again`",
)
@task(name="Mimecast: Report Message", task_run_name="Report Message", cache_policy=NO_CACHE, persist_result=False)
def report_message(
    message_id: str,
    *,
    report_as: ReportAs = "Spam",
    comment: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Report a held, archived or bounced message to Mimecast's analysts.

    Effect: changes the tenant; final. Goes through the ledger: calling it twice or retrying it reports once.

    Args:
        message_id: Alert number, hold id or tracking id. Only held, archived and bounced messages can be reported.
        report_as: What it is.
        comment: For Mimecast's analysts.
        dry_run: Say what would be sent; change nothing.
        again: Any text names a new wish: report it although it was reported before, or nobody knows whether it was.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        What happened, with the documented message.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        NotOfferedError: the block is for API 2.0, which has no such function; the message says what to do instead.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused, e.g. because of the message's status.
        OutcomeUnknownError: the answer was not seen; it cannot be looked up.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """

    def wish(desk: Desk) -> tuple[dict[str, Any], int | None]:
        tracking_id, alert_id = changes.report_target(desk.store, message_id)
        return {"message_id": tracking_id, "report_as": report_as, "comment": comment}, alert_id

    return changed(
        "Report Message",
        "report_message",
        wish,
        success=f'Successfully reported the following messages with ID "{message_id}" in Mimecast',
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
