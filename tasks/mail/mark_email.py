"""Email action "Mark Email"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mail.actions.mark import Mark, mark
from mailroom.mail.actions.move import MOST
from mailroom.mail.actions.rows import ChangeReport
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mail import _mails
from tasks.mail._show import show_changes


@describe(
    effect="changes the mailbox",
    twice="harmless",
    example='mail.mark_email("read", message_id="<m1@example.net>", mailbox="soc")',
    undo="mark it the other way",
)
@task(
    name="Email: Mark Email",
    task_run_name="Mark Email",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def mark_email(
    mark_as: Mark = "read",
    *,
    folder: str = "INBOX",
    message_id: str = "",
    email_uid: str = "",
    subject_filter: str = "",
    sender_filter: str = "",
    recipient_filter: str = "",
    body_filter: str = "",
    only_unread: bool = False,
    time_frame_minutes: int = 0,
    keyword: str = "",
    max_emails: int = MOST,
    dry_run: bool = False,
    mailbox: str = "default",
) -> ChangeReport:
    """Mark the mails that fit: read, unread, flagged, answered, or with a keyword.

    The server only narrows the search: a mail is touched after every criterion was checked on what it says after
    decoding. Something must say which mails are meant; unread or age alone is refused.

    Effect: changes the mailbox. Twice is harmless.

    Args:
        mark_as: What they become.
        folder: Where they lie; several separated by commas.
        message_id: Message-IDs, separated by commas.
        email_uid: UIDs in that folder, separated by commas.
        subject_filter: Text the subject contains; case does not matter.
        sender_filter: Addresses, domains or parts of names, separated by commas; any of them.
        recipient_filter: The same for To.
        body_filter: Text that the body or the name of an attachment contains.
        only_unread: Unread mails only.
        time_frame_minutes: Arrived within so many minutes; 0: any age.
        keyword: For `keyword` and `no keyword`, such as `$Done`.
        max_emails: Refuse when more fit.
        dry_run: Only say what would happen.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        What became of each mail; ids that were named and are not there.

    Raises:
        RefusedError: no criterion, or it fits more mails than are allowed; nothing was changed.
        NotFoundError: a folder does not exist.
        NotOfferedError: the folder keeps no such keyword.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Mark Email"):
        wanted = _mails.criteria(
            mailbox, folders=folder, message_id=message_id, email_uid=email_uid, subject_filter=subject_filter,
            sender_filter=sender_filter, recipient_filter=recipient_filter, body_filter=body_filter,
            only_unread=only_unread, time_frame_minutes=time_frame_minutes,
        )  # fmt: skip
        with _mails.session(mailbox) as session:
            report = mark(session, wanted, mark_as, keyword=keyword, dry_run=dry_run, most=max_emails)
    show_changes("emails-marked", report)
    return report
