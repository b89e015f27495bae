"""The second way to read a mail, with the standard library, for the day our own parser fails on one."""

from __future__ import annotations

import email
import email.policy
import hashlib
from email.message import Message

from mailroom.mail.model import Attachment, Mail
from mailroom.mail.parse.addresses import read_addresses
from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.limits import Limits

_PARTS = 200


def read_with_library(raw: bytes, limits: Limits) -> Mail:
    """As much as the standard library finds: headers, text, HTML, attachments without their finer points."""
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        return _read(raw, sha256, limits)
    except Exception:  # noqa: BLE001  # nothing is left to try: the mail is stored as octets
        return Mail(sha256, len(raw), defects=("parser_failed", "unreadable"))


def _read(raw: bytes, sha256: str, limits: Limits) -> Mail:
    message = email.message_from_bytes(raw[: limits.attachments_total], policy=email.policy.compat32)
    headers = [(name, _raw(value)) for name, value in message.raw_items()][: limits.headers]
    first = {name.lower(): value for name, value in reversed(headers)}
    texts: dict[str, str] = {}
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(message), 1):
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        kind = part.get_content_type()
        if kind in {"text/plain", "text/html"} and kind not in texts and not part.get_filename():
            texts[kind] = decode(content[: limits.text], str(part.get_param("charset") or "")).text
        else:
            attachments.append(
                Attachment(
                    f"part-{number}.bin", len(content), hashlib.sha256(content).hexdigest(), kind, content=content
                )
            )
    return Mail(
        sha256,
        len(raw),
        headers=tuple((name, decode_header(value)) for name, value in headers),
        subject=decode_header(first.get("subject", "")),
        from_=read_addresses(first.get("from", ""), author=True),
        to=read_addresses(first.get("to", "")),
        cc=read_addresses(first.get("cc", "")),
        message_id=decode_header(first.get("message-id", "")).strip(),
        text=texts.get("text/plain", ""),
        html=texts.get("text/html", ""),
        content_type=message.get_content_type(),
        attachments=tuple(attachments),
        defects=("parser_failed",),
    )


def _raw(value: object) -> str:
    text = str(value).encode("utf-8", "surrogateescape").decode("latin-1")
    return text.replace("\r\n", " ").replace("\n", " ")


def _leaves(message: Message) -> list[Message]:
    found = [part for part in message.walk() if not part.is_multipart()]
    return found[:_PARTS]
