"""Step "Handle Reports"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks import _open
from tasks._progress import artifact_progress
from tasks._show import show
from tasks._wording import action
from tasks.playbook._blocking import desk

_MOST_ROWS = 200


@task(name="Handle Reports", task_run_name="Handle Reports", cache_policy=NO_CACHE, persist_result=False)
def handle_reports(
    alert: str = "", *, answer_reporters: bool = True, dry_run: bool = False, mailbox: str = "default",
    mimecast: str = "default", store: str = "default", policy: str = "default",
) -> list[dict[str, Any]]:  # fmt: skip
    """Handle one report of a user, or all of a mailbox that are not handled yet: from the original to the result.

    Effect: sends mail to reporters, reads tenant and mailbox, writes the store. The tenant is not changed: what could
    be done stands in the ledger as proposals. Twice is harmless.

    Args:
        alert: The alert of the reporting mail; empty: all reports of the mailbox.
        answer_reporters: Thank reporters and tell them the result.
        dry_run: Only look and judge; nothing is written or sent.
        mailbox: Name of the MailboxCredentials block that reports come to.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        One row per report: numbers and states, no address and no word of a mail.

    Raises:
        NotFoundError: There is no such alert, or its mail was deleted.
        AccessError, TransientError: Tenant or mailbox cannot be read now; what was done stays.

    Source: https://docs.prefect.io/v3/develop/write-tasks
    """
    from mailroom.playbooks import reported
    from mailroom.playbooks.tenants import tenant_of

    with action("Handle Reports"), artifact_progress("reports") as progress:
        table = desk(mimecast, store, policy)
        here = reported.ReportDesk(table, _open.account(mailbox), tenant_of(table.client), answer=answer_reporters)
        if alert.strip():
            results = [reported.handle_report(here, alert, dry_run=dry_run)]
        else:
            results = reported.handle_reports(here, dry_run=dry_run, progress=progress)
    rows = [one.row() for one in results]
    if rows:
        show("reports", rows[:_MOST_ROWS], "What became of each report.")
    log = get_run_logger()
    for result in results:
        for mail in result.mails:
            for note in mail.notes:
                log.info("report %d: %s", result.report_id, note)
    return rows
