"""Step "Check Mailbox": IMAP and SMTP, where a mailbox is configured."""

from __future__ import annotations

from contextlib import suppress

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.connectors.careful_login import remember_ping
from mailroom.errors import InvalidInputError, MailroomError
from mailroom.mail.actions.ping import ping
from mailroom.playbooks.check_rows import CheckRow, failed, rows_of
from tasks import _open
from tasks._policy import only_transient
from tasks._wording import action


@task(
    name="Check Mailbox",
    task_run_name="Check Mailbox",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def check_mailbox(mailbox: str = "default", store: str = "") -> list[dict[str, str]]:
    """Check the mailbox stage by stage, or say that there is none.

    Effect: reads; a mail is announced to the SMTP server and taken back. A login that works ends the pause after a
    refused one. Twice is harmless.

    Args:
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block, where refused logins are remembered; empty: none.

    Returns:
        One row per stage: stage, result, detail, advice.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Check Mailbox"):
        if not mailbox.strip() or not _open.has_account(mailbox):
            return [CheckRow("mailbox", "skipped", "there is no mailbox block of this name").as_dict()]
        try:
            account = _open.account(mailbox)
        except InvalidInputError as error:
            return [failed("mailbox", error).as_dict()]
        report = ping(account)
        if store:
            with suppress(MailroomError):  # "Check Our Side" says what is wrong with the store
                remember_ping(account, _open.store(store), report)
    return [row.as_dict() for row in rows_of(report.stages)]
