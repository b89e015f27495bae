"""Email action "Get Mail EML File"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mail.actions.eml import EmlFile, get_eml
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails


@describe(
    effect="reads",
    twice="harmless",
    example='mail.get_mail_eml_file("<m1@example.net>", mailbox="soc").eml_base64',
)
@task(
    name="Email: Get Mail EML File",
    task_run_name="Get Mail EML File",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def get_mail_eml_file(
    message_id: str = "",
    *,
    base64_encode: bool = True,
    email_uid: str = "",
    folders: str = "",
    mailbox: str = "default",
) -> EmlFile:
    """Fetch the source of one mail, as it lies on the server.

    Effect: reads; nothing is marked as read. Twice is harmless.

    Args:
        message_id: Of the mail.
        base64_encode: The source in base64, which keeps every octet; otherwise as text.
        email_uid: Instead of the Message-ID: the UID in the first folder.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        The documented `eml_base64`, the octets, and where the mail lies.

    Raises:
        InvalidInputError: no mail, or more than one, is named.
        NotFoundError: it is not in these folders.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Get Mail EML File"):
        wanted = _mails.criteria(mailbox, folders=folders, message_id=message_id, email_uid=email_uid)
        with _mails.session(mailbox) as session:
            return get_eml(session, wanted, base64_encode=base64_encode)
