"""Reading a mail as far as a person needs it to answer."""

from __future__ import annotations

import email
import email.policy
import html
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from sandbox.mail.quoting import Question

_BREAK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


def question(raw: bytes, arrived: datetime) -> Question:
    """What a person sees of a mail.

    Args:
        raw: The mail.
        arrived: Used when it has no usable date.
    """
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    sender = _people(mail, "From")
    text, page = _bodies(mail)
    return Question(
        sender=sender[0] if sender else ("", ""),
        reply_to=(_people(mail, "Reply-To") or sender or [("", "")])[0],
        to=_text(mail, "To"),
        subject=_text(mail, "Subject"),
        date=_date(mail, arrived),
        message_id=_text(mail, "Message-ID").strip(),
        references=tuple(re.findall(r"<[^<>\s]+>", _text(mail, "References"))),
        text=text or _as_text(page),
        html=page,
        thread_index=_text(mail, "Thread-Index").strip(),
    )


def is_automatic(raw: bytes) -> bool:
    """Whether a person would leave this mail alone: a bounce, a list, an automatic answer."""
    mail = email.message_from_bytes(raw, policy=email.policy.compat32)
    if _text(mail, "Auto-Submitted").split(";")[0].strip().lower() not in ("", "no"):
        return True
    if _text(mail, "Precedence").lower() in ("bulk", "list", "junk", "auto_reply") or mail["List-Id"] is not None:
        return True
    return mail.get_content_type() == "multipart/report" or _text(mail, "Return-Path").strip() == "<>"


def headers_only(raw: bytes) -> bytes:
    """The header block, as a report encloses it."""
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def _people(mail: Message, name: str) -> list[tuple[str, str]]:
    values = [str(value) for value in mail.get_all(name, [])]
    return [(_decoded(shown), address) for shown, address in getaddresses(values) if address]


def _text(mail: Message, name: str) -> str:
    return _decoded(str(mail.get(name, "")))


def _decoded(value: str) -> str:
    value = re.sub(r"\r?\n[ \t]+", " ", value)
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError):
        return value


def _date(mail: Message, arrived: datetime) -> datetime:
    try:
        found = parsedate_to_datetime(str(mail.get("Date", "")))
    except (ValueError, TypeError):
        return arrived
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _bodies(mail: Message) -> tuple[str, str]:
    text, page = "", ""
    for part in mail.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if part.get_content_type() == "text/plain" and not text:
            text = _content(part)
        elif part.get_content_type() == "text/html" and not page:
            page = _content(part)
    return text.strip(), page


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:
        return content.decode("utf-8", "replace").replace("\r\n", "\n")


def _as_text(page: str) -> str:
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", page))).strip()
