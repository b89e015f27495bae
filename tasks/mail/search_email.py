"""Email action "Search Email"."""

from __future__ import annotations

from typing import Annotated

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.mail.actions.rows import MailRow
from mailroom.mail.actions.selecting import search
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails
from tasks.mail._show import mail_rows, show


@describe(
    effect="reads",
    twice="harmless",
    example='mail.search_email("INBOX", subject_filter="invoice", mailbox="soc")',
)
@task(
    name="Email: Search Email",
    task_run_name="Search Email",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def search_email(
    folders: str = "",
    *,
    subject_filter: str = "",
    sender_filter: str = "",
    recipient_filter: str = "",
    body_filter: str = "",
    message_id: str = "",
    only_unread: bool = False,
    time_frame_minutes: int = 0,
    max_emails_to_return: Annotated[int, Field(ge=1, le=10_000)] = 100,
    mailbox: str = "default",
) -> list[MailRow]:
    """Look for mails. The server narrows the search; every mail is then checked as it reads after decoding.

    Effect: reads; nothing is marked as read. Twice is harmless.

    Args:
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        subject_filter: Text the subject contains; case does not matter.
        sender_filter: Addresses, domains or parts of names, separated by commas; any of them.
        recipient_filter: The same for To.
        body_filter: Text that the body or the name of an attachment contains.
        message_id: Message-IDs, separated by commas.
        only_unread: Unread mails only.
        time_frame_minutes: Arrived within so many minutes; 0: any age.
        max_emails_to_return: Only the newest so many.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        One row per mail, newest first; `as_json()` of a row has the documented keys.

    Raises:
        InvalidInputError: a criterion is wrong.
        NotFoundError: a folder does not exist.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Search Email"):
        wanted = _mails.criteria(
            mailbox, folders=folders, message_id=message_id, subject_filter=subject_filter,
            sender_filter=sender_filter, recipient_filter=recipient_filter, body_filter=body_filter,
            only_unread=only_unread, time_frame_minutes=time_frame_minutes,
        )  # fmt: skip
        with _mails.session(mailbox) as session:
            rows = search(session, wanted, limit=max_emails_to_return)
    get_run_logger().info("%d mails found", len(rows))
    show("emails-found", mail_rows(rows), "Mails that were found, the newest first.")
    return rows
