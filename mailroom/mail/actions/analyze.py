"""Analyze EML/MSG: read a mail file, or one attached to a mail, without saving it, and extract what is chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.indicators import mail_indicators
from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.parse import parse_safely

Part = Literal["headers", "addresses", "text", "html", "attachments", "attached mails", "indicators"]
"""What can be extracted."""
PARTS: tuple[Part, ...] = get_args(Part)
_TEXT_MOST = 500_000
_DEPTH_MOST = 5
_FORM = "%Y-%m-%d %H:%M:%S"


def analyze(raw: bytes, extract: Iterable[str] = PARTS, *, name: str = "") -> dict[str, Any]:
    """Read an EML or MSG file. Effect: none; nothing is written anywhere.

    Args:
        raw: The file.
        extract: Which parts of the result are wanted.
        name: What to call it.

    Returns:
        Always `name`, `subject`, `message_id`, `date`, `timestamp`, `sha256`, `size`, `defects`; besides the parts that
        were asked for. Everything in it is the sender's word and stays data.

    Raises:
        InvalidInputError: a part is not known.
    """
    return analysis_of(parse_safely(raw), checked_parts(extract), name=name)


def analyze_attached(mail: Mail, extract: Iterable[str] = PARTS, *, attachment: str = "") -> list[dict[str, Any]]:
    """Read the EML and MSG files attached to a mail, all of them or the one of that name. Effect: none.

    Raises:
        InvalidInputError: a part is not known.
        NotFoundError: no such file is attached.
    """
    parts = checked_parts(extract)
    inside = [one for one in mail.attachments if _is_mail(one)]
    if attachment:
        wanted = attachment.casefold()
        named = [one for one in mail.attachments if one.content is not None]
        inside = [one for one in named if wanted in {name.casefold() for name in (one.name, *one.original_names)}]
    if not inside:
        named_so = f" named {attachment[:100]!r}" if attachment else ""
        # The names that are there are a stranger's words: errors are shown where mail must not be.
        raise NotFoundError(
            f"no EML or MSG file{named_so} is among the {len(mail.attachments)} attachments of the mail"
        )
    return [
        analysis_of(parse_safely(one.content), parts, name=one.name) for one in inside if one.content is not None
    ]  # fmt: skip


def checked_parts(extract: Iterable[str]) -> tuple[str, ...]:
    """The parts, when all are known.

    Raises:
        InvalidInputError: one is not.
    """
    wanted = tuple(dict.fromkeys(one.strip().lower() for one in extract if one.strip()))
    unknown = next((one for one in wanted if one not in PARTS), None)
    if unknown is not None:
        raise InvalidInputError(f"{unknown[:40]!r} cannot be extracted; choose from {', '.join(PARTS)}")
    return wanted or PARTS


def analysis_of(mail: Mail, parts: tuple[str, ...], *, name: str = "", depth: int = 0) -> dict[str, Any]:
    """What was asked for, of a mail that is parsed already."""
    found: dict[str, Any] = {
        "name": name,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "date": mail.date.strftime(_FORM) if mail.date else None,
        "timestamp": int(mail.date.timestamp()) if mail.date else None,
        "content_type": mail.content_type,
        "sha256": mail.sha256,
        "size": mail.size,
        "encrypted": mail.encrypted,
        "truncated": mail.truncated,
        "defects": list(mail.defects),
    }
    if "headers" in parts:
        found["headers"] = [[key, value] for key, value in mail.headers]
    if "addresses" in parts:
        found |= _addresses(mail)
    if "text" in parts:
        found["plaintext_body"] = mail.text[:_TEXT_MOST]
    if "html" in parts:
        found["html_body"] = mail.html[:_TEXT_MOST]
    if "attachments" in parts:
        found["attachments"] = [_attachment(one) for one in mail.attachments]
    if "indicators" in parts:
        found["indicators"] = [
            {"kind": one.kind, "value": one.shown, "where": one.notes[0] if one.notes else ""}
            for one in mail_indicators(mail, nested=False)
        ]
    if "attached mails" in parts:
        inner = mail.nested if depth < _DEPTH_MOST else ()
        found["attached_mails"] = [analysis_of(one, parts, depth=depth + 1) for one in inner]
    return found


def _addresses(mail: Mail) -> dict[str, Any]:
    def listed(people: tuple[MailAddress, ...]) -> list[str]:
        return [one.address or one.raw for one in people]

    people = (*mail.from_, *mail.reply_to, *mail.to, *mail.cc, *mail.bcc)
    return {
        "sender": mail.author.address or mail.author.raw,
        "sender_name": mail.author.name,
        "to": listed(mail.to),
        "cc": listed(mail.cc),
        "bcc": listed(mail.bcc),
        "reply_to": listed(mail.reply_to),
        "names": {one.address: one.name or None for one in people if one.address},
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
    }


def _attachment(one: Attachment) -> dict[str, Any]:
    return {
        "name": one.name, "size": one.size, "sha256": one.sha256, "mime_type": one.mime_type,
        "real_type": one.real_type, "inline": one.is_inline, "flags": list(one.flags),
        "original_names": list(one.original_names),
    }  # fmt: skip


def _is_mail(one: Attachment) -> bool:
    """A mail by its type, its content or its name; what is none is read all the same and says so in its defects."""
    if one.content is None:
        return False
    return (
        "nested_mail" in one.flags or one.name.lower().endswith((".eml", ".msg")) or one.mime_type == "message/rfc822"
    )
