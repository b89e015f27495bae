"""What one wants to send, before it is bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import InvalidInputError
from mailroom.mail.compose.addresses import parse_mailbox
from mailroom.mail.threading_headers import new_message_id

_REF = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file, or with a `content_id` an image the HTML shows with `<img src="cid:...">`."""

    name: str
    content: bytes = field(repr=False)
    mime_type: str = "application/octet-stream"
    content_id: str | None = None
    """Without angle brackets."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail. Addresses are `a@b` or `Name <a@b>`; `bcc` goes into the envelope and into no header."""

    sender: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[OutgoingAttachment, ...] = ()
    reply_to: str | tuple[str, ...] = ()
    in_reply_to: str = ""
    """One id with angle brackets."""
    references: tuple[str, ...] = ()
    message_id: str = ""
    """With angle brackets. Set it and keep it when a mail may have to be sent again."""
    date: datetime | None = None
    """Aware."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers: `X-...` and a few others; never one that is a field here."""


def completed(mail: OutgoingMail, clock: Clock = SYSTEM_CLOCK) -> OutgoingMail:
    """`mail` with Message-ID (of the sender's domain) and date set; fields that are set stay as they are.

    Raises:
        InvalidInputError: The sender is not an address.
    """
    if mail.message_id and mail.date is not None:
        return mail
    return replace(
        mail,
        message_id=mail.message_id or new_message_id(parse_mailbox(mail.sender).domain),
        date=mail.date or clock.now(),
    )


def question_headers(ref: str) -> tuple[tuple[str, str], ...]:
    """Headers of a mail that asks a person: no automatic answers from Exchange, and our reference.

    Not `Auto-Submitted`: some systems then keep the mail from the person.

    Raises:
        InvalidInputError: `ref` holds more than letters, digits, `_`, `.` and `-`.
    """
    if not _REF.fullmatch(ref):
        raise InvalidInputError(f"reference {ref!r}: use 1 to 128 letters, digits, _ . and -")
    return (("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN"), ("X-SOC-Ref", ref))
