"""Email action "Analyze EML/MSG"."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import InvalidInputError
from mailroom.mail.actions.analyze import PARTS, Part, analyze, analyze_attached
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails


@describe(
    effect="reads",
    twice="harmless",
    example='mail.analyze_eml_msg(message_id="<m1@example.net>", mailbox="soc")',
)
@task(
    name="Email: Analyze EML/MSG",
    task_run_name="Analyze EML/MSG",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def analyze_eml_msg(
    attachment_name: str = "",
    *,
    extract: tuple[Part, ...] = PARTS,
    eml_base64: str = "",
    message_id: str = "",
    email_uid: str = "",
    folders: str = "",
    alert: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> list[dict[str, Any]]:
    """Read EML and MSG files that are attached to a mail, without saving them; choose what to extract.

    Effect: reads; nothing is written or marked as read. Twice is harmless.

    Args:
        attachment_name: Which attachment; empty: every EML and MSG file of the mail.
        extract: Which parts of the result are wanted.
        eml_base64: Instead of a mail: the file itself, in base64, as "Get Mail EML File" gives it.
        message_id: Of the mail.
        email_uid: Instead of the Message-ID: the UID in the first folder.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        alert: Instead of both: the number of the alert that was made of the mail.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block; only used with `alert`.

    Returns:
        One entry per file, mails inside it included. Everything in it is the sender's word.

    Raises:
        InvalidInputError: no mail is named, a part is not known, or the file is not base64.
        NotFoundError: the mail is not there, or has no such attachment.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Analyze EML/MSG"):
        if eml_base64:
            try:
                raw = base64.b64decode(eml_base64, validate=True)
            except (binascii.Error, ValueError) as error:
                raise InvalidInputError("eml_base64 is not base64; give it without line breaks") from error
            return [analyze(raw, extract, name=attachment_name)]
        found = _mails.mail(mailbox, store, alert=alert, message_id=message_id, email_uid=email_uid, folders=folders)
        return analyze_attached(found, extract, attachment=attachment_name)
