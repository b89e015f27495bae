"""Email action "Move Email To Folder"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mail.actions.move import MOST, move
from mailroom.mail.actions.rows import ChangeReport
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mail import _mails
from tasks.mail._show import show_changes


@describe(
    effect="changes the mailbox",
    twice="harmless: what was moved is not there any more",
    example='mail.move_email_to_folder("Junk", message_id="<m1@example.net>", mailbox="soc")',
    undo="move it back",
)
@task(
    name="Email: Move Email To Folder",
    task_run_name="Move Email To Folder",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def move_email_to_folder(
    destination_folder: str,
    *,
    source_folder: str = "INBOX",
    message_id: str = "",
    email_uid: str = "",
    subject_filter: str = "",
    sender_filter: str = "",
    recipient_filter: str = "",
    body_filter: str = "",
    only_unread: bool = False,
    time_frame_minutes: int = 0,
    create_folder: bool = False,
    max_emails: int = MOST,
    dry_run: bool = False,
    mailbox: str = "default",
) -> ChangeReport:
    """Move the mails that fit to a folder.

    The server only narrows the search: a mail is touched after every criterion was checked on what it says after
    decoding. Something must say which mails are meant; unread or age alone is refused.

    Effect: changes the mailbox. Twice is harmless: what was moved is not there any more, and is said to be
    where it was moved to.

    Args:
        destination_folder: Where to, as people write it (`Archive`, `Junk`, `Processed/2026`).
        source_folder: Where from; several separated by commas.
        message_id: Message-IDs, separated by commas.
        email_uid: UIDs in that folder, separated by commas.
        subject_filter: Text the subject contains; case does not matter.
        sender_filter: Addresses, domains or parts of names, separated by commas; any of them.
        recipient_filter: The same for To.
        body_filter: Text that the body or the name of an attachment contains.
        only_unread: Unread mails only.
        time_frame_minutes: Arrived within so many minutes; 0: any age.
        create_folder: Make the destination when it is missing.
        max_emails: Refuse when more fit.
        dry_run: Only say what would happen.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        What became of each mail; ids that were named and are not there.

    Raises:
        RefusedError: no criterion, or it fits more mails than are allowed; nothing was changed.
        NotFoundError: a folder does not exist.
        OutcomeUnknownError: the server can only copy, and the connection was lost meanwhile.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Move Email To Folder"):
        wanted = _mails.criteria(
            mailbox, folders=source_folder, message_id=message_id, email_uid=email_uid, subject_filter=subject_filter,
            sender_filter=sender_filter, recipient_filter=recipient_filter, body_filter=body_filter,
            only_unread=only_unread, time_frame_minutes=time_frame_minutes,
        )  # fmt: skip
        with _mails.session(mailbox) as session:
            report = move(session, wanted, destination_folder, dry_run=dry_run, most=max_emails, create=create_folder)
    show_changes("emails-moved", report)
    return report
