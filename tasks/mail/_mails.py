"""What the actions on mails of a mailbox share: the mailbox, the criteria, one mail by its id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from mailroom.clock import SYSTEM_CLOCK
from mailroom.connectors.stored_mail import mail_of_alert
from mailroom.errors import InvalidInputError
from mailroom.mail.actions.criteria import MailCriteria, criteria_from
from mailroom.mail.actions.eml import one_mail
from mailroom.mail.imap import ImapSession
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse_safely
from tasks import _open
from tasks.mail._refusals import HERE


@contextmanager
def session(mailbox: str) -> Iterator[ImapSession]:
    """The mailbox behind the block, logged in; a login that was refused is not tried again in this process."""
    with HERE.entered(_open.account(mailbox)) as opened:
        yield opened


def criteria(
    mailbox: str,
    *,
    folders: str,
    message_id: str = "",
    email_uid: str = "",
    subject_filter: str = "",
    sender_filter: str = "",
    recipient_filter: str = "",
    body_filter: str = "",
    only_unread: bool = False,
    time_frame_minutes: int = 0,
) -> MailCriteria:
    """The criteria of a form; without a folder those of the mailbox.

    Raises:
        InvalidInputError: something is not as it should be.
    """
    if time_frame_minutes < 0:
        raise InvalidInputError("the time frame cannot be negative; 0 means mail of any age")
    return criteria_from(
        folders=folders or _default_folders(mailbox, email_uid),
        message_id=message_id,
        email_uid=email_uid,
        subject=subject_filter,
        sender=sender_filter,
        recipient=recipient_filter,
        body=body_filter,
        only_unread=only_unread,
        within=timedelta(minutes=time_frame_minutes) if time_frame_minutes else None,
        now=SYSTEM_CLOCK.now(),
    )


def source(
    mailbox: str, store: str, *, alert: str = "", message_id: str = "", email_uid: str = "", folders: str = ""
) -> bytes:
    """The source of one mail: that of an alert, or the one in the mailbox that Message-ID or UID name.

    Raises:
        InvalidInputError: none is named, or both ways at once.
        NotFoundError: it is not there.
    """
    if alert.strip() and (message_id.strip() or email_uid.strip()):
        raise InvalidInputError("name the mail by its alert, or by Message-ID or UID: not both")
    if alert.strip():
        opened = _open.store(store)
        return mail_of_alert(opened, _open.account(mailbox), opened.alerts.find(alert))
    wanted = criteria(mailbox, folders=folders, message_id=message_id, email_uid=email_uid)
    with session(mailbox) as opened_session:
        return one_mail(opened_session, wanted)[1].raw


def mail(
    mailbox: str, store: str, *, alert: str = "", message_id: str = "", email_uid: str = "", folders: str = ""
) -> Mail:
    """The same, read."""
    return parse_safely(
        source(mailbox, store, alert=alert, message_id=message_id, email_uid=email_uid, folders=folders)
    )


def _default_folders(mailbox: str, email_uid: str) -> str:
    folders = _open.account(mailbox).folders or ("INBOX",)
    escaped = [folder.replace("\\", "\\\\").replace(",", "\\,") for folder in folders]
    return escaped[0] if email_uid.strip() else ",".join(escaped)
