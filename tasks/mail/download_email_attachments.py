"""Email action "Download Email Attachments"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.mail.actions.download import Downloads, download
from mailroom.mail.imap import parse_list
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails


@describe(
    effect="writes files",
    twice="harmless: a file that is there is not written again",
    example='mail.download_email_attachments("/var/tmp/case-42", message_id="<m1@example.net>", mailbox="soc")',
)
@task(
    name="Email: Download Email Attachments",
    task_run_name="Download Email Attachments",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def download_email_attachments(
    download_path: str,
    *,
    message_id: str = "",
    subject_filter: str = "",
    email_uid: str = "",
    only_unread: bool = False,
    sender_filter: str = "",
    folders: str = "",
    attachment_names: str = "",
    include_inline: bool = True,
    max_emails: int = 0,
    mailbox: str = "default",
) -> Downloads:
    """Save every attachment of every mail that fits on the worker's disk.

    File names are made safe, nothing is written outside the path, and no file is ever overwritten: another file of the
    same name gets a number. Nothing is marked as read.

    Effect: reads the mailbox, writes files. Twice is harmless: a file that is there already is not written again.

    Args:
        download_path: Folder on the worker; made when missing.
        message_id: Message-IDs, separated by commas.
        subject_filter: Text the subject contains; case does not matter.
        email_uid: UIDs in the first folder, separated by commas.
        only_unread: Unread mails only.
        sender_filter: Addresses, domains or parts of names, separated by commas; any of them.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        attachment_names: Only attachments of these names, separated by commas; empty: all.
        include_inline: Also images that the HTML shows.
        max_emails: Only the newest so many mails; 0: all.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        The documented `attachments_local_paths` (full paths, separated by commas), and every file with its SHA-256.

    Raises:
        InvalidInputError: the path cannot be used, or a criterion is wrong.
        NotFoundError: a folder of the mailbox does not exist.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Download Email Attachments"):
        wanted = _mails.criteria(
            mailbox, folders=folders, message_id=message_id, email_uid=email_uid, subject_filter=subject_filter,
            sender_filter=sender_filter, only_unread=only_unread,
        )  # fmt: skip
        with _mails.session(mailbox) as session:
            found = download(
                session, wanted, download_path, names=parse_list(attachment_names), inline=include_inline,
                most=max_emails,
            )  # fmt: skip
    get_run_logger().info("%d mails, %d files saved, %d not saved", found.mails, len(found.paths), len(found.not_saved))
    return found
