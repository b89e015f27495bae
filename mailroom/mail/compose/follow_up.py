"""Replies and forwards: from a mail that came in to one that goes out."""

from __future__ import annotations

import contextlib
import html as html_escape
import re
from collections.abc import Iterable

from mailroom.errors import InvalidInputError
from mailroom.mail.compose.addresses import parse_mailbox
from mailroom.mail.compose.mime import is_content_id, is_type
from mailroom.mail.compose.outgoing import OutgoingAttachment, OutgoingMail
from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.threading_headers import forward_subject, reply_headers

_BODY_TAG = re.compile(r"<body\b[^<>]{0,2000}>", re.IGNORECASE)
_SHOWN = 2_000
"""Characters of one header shown in a forward."""


def reply(
    parent: Mail,
    *,
    sender: str,
    text: str = "",
    html: str = "",
    to_all: bool = False,
    own_addresses: Iterable[str] = (),
    quote: bool = True,
    attachments: tuple[OutgoingAttachment, ...] = (),
) -> OutgoingMail:
    """An answer in the thread of `parent`, to its Reply-To or From; with `to_all` also to its To and Cc.

    Our own addresses (`sender` and `own_addresses`) are left out. With `quote`, the parent's text follows, quoted.

    Raises:
        InvalidInputError: The parent names nobody to answer to.
    """
    own = {one.lower() for one in (*own_addresses, sender, sender.rpartition("<")[2].rstrip("> "))}
    to = _usable(parent.reply_to, own) or _usable(parent.from_, own)
    others = _usable((*parent.to, *parent.cc), own | set(to)) if to_all else ()
    if not to and to_all and others:
        to, others = others[:1], others[1:]
    if not to:
        raise InvalidInputError("this mail has no valid From or Reply-To to answer to; name the recipients yourself")
    thread = reply_headers(parent)
    if quote and parent.text:
        text = f"{text}\n\n{_attribution(parent)}\n{_quoted(parent.text)}"
    if quote and html and (parent.html or parent.text):
        original = _shown_html(parent)
        html = f"{html}<p>{html_escape.escape(_attribution(parent))}</p><blockquote>{original}</blockquote>"
    return OutgoingMail(
        sender=sender,
        to=to,
        cc=others,
        subject=thread.subject,
        text=text,
        html=html,
        attachments=attachments,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
    )


def forward(
    parent: Mail,
    *,
    sender: str,
    to: tuple[str, ...],
    comment: str = "",
    raw: bytes | None = None,
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
) -> OutgoingMail:
    """`parent` passed on: with `raw` attached byte by byte, else inline with its attachments.

    Attached is the safe way for suspicious mail: nothing of it is shown, nothing is changed. Inline, the original's
    HTML goes out as it came.
    """
    text = f"{comment}\n\n{_forward_block(parent)}" if comment else _forward_block(parent)
    files: tuple[OutgoingAttachment, ...]
    html = ""
    if raw is not None:
        name = re.sub(r"[^\w .-]", "_", parent.subject)[:80].strip(" .") or "mail"
        files = (OutgoingAttachment(f"{name}.eml", raw, "message/rfc822"),)
    else:
        text = f"{text}\n\n{parent.text}"
        if parent.html:
            lines = "<br>".join(html_escape.escape(line) for line in _forward_block(parent).splitlines())
            html = _prepended(parent.html, f"<p>{html_escape.escape(comment)}</p><p>{lines}</p>")
        files = tuple(_copied(one, one.content) for one in parent.attachments if one.content is not None)
    own = reply_headers(parent)
    return OutgoingMail(
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=forward_subject(parent.subject),
        text=text,
        html=html,
        attachments=files,
        references=own.references,
    )


def _copied(attachment: Attachment, content: bytes) -> OutgoingAttachment:
    """The same file; what its sender wrote about it only where we may write it too."""
    kind = attachment.mime_type if is_type(attachment.mime_type) else "application/octet-stream"
    inline = attachment.is_inline and is_content_id(attachment.content_id)
    return OutgoingAttachment(attachment.name, content, kind, attachment.content_id if inline else None)


def _usable(addresses: Iterable[MailAddress], without: set[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in addresses:
        if one.valid and one.address.lower() not in without:
            with contextlib.suppress(InvalidInputError):  # a stranger's odd address is no reason to answer nobody
                found[parse_mailbox(one.address).address] = None
    return tuple(found)


def _attribution(parent: Mail) -> str:
    who = parent.author.name or parent.author.address or "somebody"
    return f"On {parent.date:%Y-%m-%d %H:%M %z}, {who} wrote:" if parent.date else f"{who} wrote:"


def _quoted(text: str) -> str:
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.splitlines())


def _shown_html(parent: Mail) -> str:
    return parent.html or "<br>".join(html_escape.escape(line) for line in parent.text.splitlines())


def _prepended(html: str, block: str) -> str:
    found = _BODY_TAG.search(html)
    at = found.end() if found else 0
    return html[:at] + block + html[at:]


def _forward_block(parent: Mail) -> str:
    def people(addresses: tuple[MailAddress, ...]) -> str:
        shown = ", ".join(f"{one.name} <{one.address}>" if one.name else one.address or one.raw for one in addresses)
        return " ".join(shown.split())[:_SHOWN]

    lines = ["---------- Forwarded message ---------", f"From: {people(parent.from_)}"]
    if parent.date:
        lines.append(f"Date: {parent.date:%Y-%m-%d %H:%M:%S %z}")
    lines.append(f"Subject: {' '.join(parent.subject.split())[:_SHOWN]}")
    lines += [f"{name}: {people(value)}" for name, value in (("To", parent.to), ("Cc", parent.cc)) if value]
    return "\n".join(lines)
