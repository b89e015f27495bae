"""The result of a received answer as playbooks know it: the documented keys, and our clearer names beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailroom.mail.html_text import html_to_text
from mailroom.mail.model import Mail, MailAddress

_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """One answer. `as_json` gives the keys of the "Send Email and Wait" action, the misspelt one included."""

    answer: str
    """What the person wrote, quotes and signature removed."""
    sender: str
    subject: str
    message_id: str
    email_uid: str
    sent_at: datetime | None
    """Of the Date header, aware."""
    received_at: datetime
    """When the mailbox got it, aware."""
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    reply_to: tuple[str, ...]
    names: tuple[tuple[str, str | None], ...]
    """Address and display name of everybody in the header."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    plaintext_body: str
    html_body: str
    charset: str
    content_type: str
    mail_sha256: str
    raw: str = ""
    """The mail's source, when it was asked for."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody in To, Cc and Bcc, each once."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))

    def as_json(self) -> dict[str, Any]:
        """The documented keys, then ours. Times are UTC; `receivers` is a list, like `to`, `cc` and `bcc`."""
        sent = self.sent_at.astimezone(UTC) if self.sent_at is not None else None
        received = self.received_at.astimezone(UTC)
        parent = " ".join(self.in_reply_to)
        return {
            "body": self.plaintext_body or html_to_text(self.html_body),
            "receivers": list(self.recipients),
            "cc": list(self.cc),
            "timestamp": int(sent.timestamp()) if sent is not None else None,
            "raw": self.raw,
            "names": dict(self.names),
            "content_type": self.content_type,
            "date": sent.strftime(_FORM) if sent is not None else None,
            "subject": self.subject,
            "answer": self.answer,
            "sender": self.sender,
            "received_timestamp": int(received.timestamp()),
            "charset": self.charset,
            "bcc": list(self.bcc),
            "to": list(self.to),
            "email_uid": self.email_uid,
            "received_date": received.strftime(_FORM),
            "reply_to": ",".join(self.reply_to),
            "html_body": self.html_body,
            "message_id": self.message_id,
            "plaintext_body": self.plaintext_body,
            "in_replay_to": parent,
            "in_reply_to": parent,
            "references": list(self.references),
            "recipients": list(self.recipients),
            "sent_at": sent.isoformat() if sent is not None else None,
            "received_at": received.isoformat(),
            "mail_sha256": self.mail_sha256,
        }


def answer_result(
    mail: Mail, *, uid: int | str, received_at: datetime, answer: str, raw: bytes | None = None
) -> AnswerResult:
    """Put the result together.

    Args:
        mail: The parsed answer.
        uid: Its UID in the folder it was found in.
        received_at: The server's INTERNALDATE, aware.
        answer: The person's text (`extract_answer(mail).text`).
        raw: The source, to be given on as text.
    """
    people = (*mail.from_, *mail.to, *mail.cc, *mail.bcc, *mail.reply_to)
    names: dict[str, str | None] = {}
    for person in people:
        if person.address and not names.get(person.address):
            names[person.address] = person.name or None
    return AnswerResult(
        answer=answer,
        sender=mail.author.address,
        subject=mail.subject,
        message_id=mail.message_id,
        email_uid=str(uid),
        sent_at=mail.date,
        received_at=received_at,
        to=_addresses(mail.to),
        cc=_addresses(mail.cc),
        bcc=_addresses(mail.bcc),
        reply_to=_addresses(mail.reply_to),
        names=tuple(names.items()),
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        plaintext_body=mail.text,
        html_body=mail.html,
        charset=mail.charset,
        content_type=mail.content_type,
        mail_sha256=mail.sha256,
        raw=raw.decode("utf-8", "replace").replace("\x00", "") if raw is not None else "",
    )


def _addresses(people: tuple[MailAddress, ...]) -> tuple[str, ...]:
    return tuple(person.address for person in people if person.address)
