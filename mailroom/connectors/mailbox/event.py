"""One mail as an alert: the event in the words of the documented connectors, and the columns triage looks at.

Keys of the event, besides the two whose names are settings (`device_product`, `event_name`):

`mailbox`, `folder`, `uidvalidity`, `email_uid` (where it lies); `message_id`, `subject`, `sender`, `sender_name`, `to`,
`cc`, `bcc`, `reply_to`, `receivers`, `names` (address -> display name or null), `in_reply_to`, `references`;
`date`, `timestamp` (of the Date header, null when missing), `received_date`, `received_timestamp` (of the server),
`received_local` (in the server's time zone); `plaintext_body`, `html_body`, `content_type`, `charset`, `headers`
([name, value], in order); `attachments` (name, size, sha256, mime_type, ...), `attached_mails`, `forwarded` (innermost
last), `extracted` (rule -> values), `indicators` (kind, value, where), `defects`, `cut` (what is shortened here),
`sha256`, `size`, `truncated`, `encrypted`, `report_type`, `eml_sha256` (the original, when it is kept).

Every text in it is hostile data and stays data.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.parse.hashing import sha256_at_once
from mailroom.mail.replies import Forwarded
from mailroom.store.columns import WrittenJson

LEVEL = "T2"
"""Everything there is to know of the mail is in the event."""
SEED_PRIORITY = -1
"""Informational: a mailbox says nothing about risk."""
PRODUCT = "Mail"
EVENT_NAME = "Received mail"
TEXT_MOST = 100_000
"""Characters of a body in an event; the mail itself stays in the mailbox."""
_HEADER_MOST = 4_000
_HEADERS_MOST = 200
_LIST_MOST = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VALUE = itemgetter(1)


@lru_cache(maxsize=256)
def received(moment: datetime, zone: ZoneInfo) -> tuple[str, str | None, int | None]:
    """When the server got the mail: its time in a zone, in UTC, and in seconds."""
    return moment.astimezone(zone).isoformat(" ", "seconds"), _text(moment), _seconds(moment)


def content_key(message_id: str, received_at: datetime, size: int) -> str:
    """Recognises a mail again when its folder was rebuilt and every UID changed."""
    text = f"{message_id}\n{int(received_at.timestamp())}\n{size}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def group_key(mail: Mail) -> str:
    """The same for every copy of a mail, whatever way and into whatever folder it came."""
    text = f"{mail.message_id}\n{mail.author.address}\n{mail.subject}\n{mail.date}\n{mail.text}\n{mail.html}"
    if mail.attachments:
        text += "".join([attachment.sha256 for attachment in mail.attachments])
    return sha256_at_once(text.encode("utf-8", "replace"))


def event_of(mail: Mail) -> dict[str, Any]:
    """What the mail itself says; where it lies and what was found in it is added by the caller."""
    to = _addresses(mail.to)
    cc = _addresses(mail.cc) if mail.cc else []
    bcc = _addresses(mail.bcc) if mail.bcc else []
    author = mail.author
    text, html, date = mail.text, mail.html, mail.date
    event: dict[str, Any] = {
        "schema": 1,
        "level": LEVEL,
        "message_id": mail.message_id,
        "subject": mail.subject,
        "sender": author.address,
        "sender_name": author.name,
        "to": to,
        "cc": cc,
        "bcc": bcc,
        "reply_to": _addresses(mail.reply_to) if mail.reply_to else [],
        "receivers": list(dict.fromkeys((*to, *cc, *bcc))) if cc or bcc else to,
        "names": _names(mail),
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "plaintext_body": text if len(text) <= TEXT_MOST else text[:TEXT_MOST],
        "html_body": html if len(html) <= TEXT_MOST else html[:TEXT_MOST],
        "content_type": mail.content_type,
        "charset": mail.charset,
        "headers": _headers(mail.headers),
        "attachments": [_attachment(one) for one in mail.attachments[:_LIST_MOST]] if mail.attachments else [],
        "defects": list(mail.defects),
        "sha256": mail.sha256,
        "size": mail.size,
        "truncated": mail.truncated,
        "encrypted": mail.encrypted,
        "report_type": mail.report_type,
        "date": _text(date) if date else None,
        "timestamp": _seconds(date) if date else None,
    }
    if len(mail.from_) > 1:
        event["senders"] = _addresses(mail.from_)
    if cut := _cut(mail):
        event["cut"] = cut
    return event


def attached_event(mail: Mail) -> dict[str, Any]:
    """The event of a mail that is attached to another, with those attached to it in turn."""
    event = event_of(mail)
    if mail.nested:
        event["attached_mails"] = [attached_event(one) for one in mail.nested]
    return event


def forwarded_event(one: Forwarded) -> dict[str, Any]:
    """One forwarded mail."""
    return {
        "how": one.how,
        "sender": one.sender.address,
        "sender_name": one.sender.name,
        "to": _addresses(one.to),
        "cc": _addresses(one.cc),
        "subject": one.subject,
        "sent_at": one.sent_at.astimezone(UTC).isoformat() if one.sent_at else None,
        "plaintext_body": one.text[:TEXT_MOST],
        "message_id": one.mail.message_id if one.mail else "",
        "sha256": one.mail.sha256 if one.mail else "",
    }


def alert_row(
    event: dict[str, Any], mail: Mail, *, external_key: str, tenant: str, received_at: datetime, environment: str,
    product: str, event_name: str, mailbox_address: str,
) -> dict[str, Any]:  # fmt: skip
    """The columns of the alert."""
    sender = mail.author.address[:320]
    return {
        "external_key": external_key,
        "tenant": tenant,
        "title": mail.subject[:500],
        "sender": sender,
        "sender_domain": sender.rpartition("@")[2][:255],
        "recipient": (event["to"][0] if event["to"] else mailbox_address)[:320],
        "received_at": received_at,
        "seed_priority": SEED_PRIORITY,
        "priority": SEED_PRIORITY,
        "environment": environment,
        "product": product,
        "event_name": event_name,
        "group_key": group_key(mail),
        "level": LEVEL,
        "event": WrittenJson(event),
        "hold_id": "",
        "tracking_id": "",
        "message_id": mail.message_id[:1_000],
    }


def _attachment(one: Attachment) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": one.name, "size": one.size, "sha256": one.sha256, "mime_type": one.mime_type,
        "real_type": one.real_type, "inline": one.is_inline,
    }  # fmt: skip
    if one.content_id:
        row["content_id"] = one.content_id
    if one.flags:
        row["flags"] = list(one.flags)
    if one.original_names and one.original_names != (one.name,):
        row["original_names"] = list(one.original_names)
    return row


def _addresses(people: tuple[MailAddress, ...]) -> list[str]:
    return [person.address or person.raw for person in people[:_LIST_MOST] if person.address or person.raw]


def _headers(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    if len(headers) > _HEADERS_MOST:
        headers = headers[:_HEADERS_MOST]
    if max(map(len, map(_VALUE, headers)), default=0) > _HEADER_MOST:
        return [(name, value[:_HEADER_MOST]) for name, value in headers]
    return list(headers)


def _names(mail: Mail) -> dict[str, str | None]:
    names: dict[str, str | None] = {}
    for people in (mail.from_, mail.to, mail.cc, mail.bcc, mail.reply_to):
        for person in people[:_LIST_MOST] if people else ():
            if person.address and not names.get(person.address):
                names[person.address] = person.name or None
    return names


def _text(moment: datetime) -> str | None:
    try:
        return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(" ")[:19]
    except (OverflowError, ValueError):
        return None


def _seconds(moment: datetime) -> int | None:
    try:
        return int((moment - _EPOCH).total_seconds())
    except (OverflowError, ValueError):
        return None


def _cut(mail: Mail) -> list[str]:
    sizes = (
        ("plaintext_body", len(mail.text), TEXT_MOST), ("html_body", len(mail.html), TEXT_MOST),
        ("headers", len(mail.headers), _HEADERS_MOST), ("attachments", len(mail.attachments), _LIST_MOST),
    )  # fmt: skip
    return [name for name, size, most in sizes if size > most]
