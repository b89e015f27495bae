"""What matching needs to know of a mail, from a parsed mail or from its header bytes alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import decode_header, make_header

from mailroom.mail.model import Mail
from mailroom.mail.replies.tokens import tokens_in

_ORIGINAL_ID_HEADERS = ("x-microsoft-original-message-id", "x-google-original-message-id", "x-original-message-id")
_ORIGINAL_ID_FIELDS = {"x-original-message-id", "original-message-id", "original-envelope-id"}
"""Of a delivery report. The envelope id of our mails is their Message-ID."""
_ADDRESS_HEADERS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "resent-to")
_IDS = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^\s<>,;()\"]{1,400}@[^\s<>,;()\"]{1,400}")
_MAILBOX = re.compile(r"[^\s<>@,;:\"()\[\]]{1,200}@[^\s<>@,;:\"()\[\]]{1,255}")
_BODY_LIMIT = 400_000
_MOST_IDS = 200


@dataclass(frozen=True, slots=True)
class MailFacts:
    """Header facts of one mail. Ids may carry angle brackets or not; tokens are upper case."""

    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    original_ids: tuple[str, ...] = ()
    address_tokens: tuple[str, ...] = ()
    subject_tokens: tuple[str, ...] = ()
    body_tokens: tuple[str, ...] = ()
    thread_index: str = ""
    subject: str = ""
    sender: str = ""


def facts_of(mail: Mail) -> MailFacts:
    """Facts of a parsed mail, its body and (for a report) the returned mail's header included."""
    headers = {name.lower(): value for name, value in reversed(mail.headers)}
    original = [headers[name] for name in _ORIGINAL_ID_HEADERS if name in headers]
    for block in mail.delivery_status:
        original += [value for name, value in block if name.lower() in _ORIGINAL_ID_FIELDS]
    if mail.report_type:
        original += [value for name, value in mail.returned_headers if name.lower() == "message-id"]
        original += [nested.message_id for nested in mail.nested if nested.message_id]
    addresses = [item.address for item in (*mail.to, *mail.cc)]
    addresses += [value for name, value in mail.headers if name.lower() in _ADDRESS_HEADERS[2:]]
    return MailFacts(
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        original_ids=tuple(found for value in original for found in message_ids(value)),
        address_tokens=tokens_in("\n".join(_tags(addresses))),
        subject_tokens=tokens_in(mail.subject[:2_000]),
        body_tokens=tokens_in(f"{mail.text[:_BODY_LIMIT]}\n{mail.html[:_BODY_LIMIT]}"),
        thread_index=headers.get("thread-index", ""),
        subject=mail.subject,
        sender=mail.author.address,
    )


def facts_of_header(header: bytes) -> MailFacts:
    """Facts of the header of a mail whose body was not fetched.

    Args:
        header: Raw header fields as the server sent them; a blank line ends them.
    """
    fields = _fields(header)
    addresses = [value for name in _ADDRESS_HEADERS for value in fields.get(name, ())]
    subject = _decoded((fields.get("subject") or [""])[0])
    sender = _MAILBOX.findall(_decoded((fields.get("from") or [""])[0])[:2_000])
    return MailFacts(
        in_reply_to=tuple(found for value in fields.get("in-reply-to", ()) for found in message_ids(value)),
        references=tuple(found for value in fields.get("references", ()) for found in message_ids(value)),
        original_ids=tuple(
            found for name in _ORIGINAL_ID_HEADERS for value in fields.get(name, ()) for found in message_ids(value)
        ),
        address_tokens=tokens_in("\n".join(_tags(addresses))),
        subject_tokens=tokens_in(subject[:2_000]),
        thread_index=(fields.get("thread-index") or [""])[0],
        subject=subject,
        sender=sender[-1].lower() if sender else "",
    )


def message_ids(value: str) -> tuple[str, ...]:
    """Message-IDs of a header value, with angle brackets, in order.

    Ids that were folded inside, joined with commas, surrounded by comments or put into encoded words are recovered.
    """
    value = value[:20_000]
    if "=?" in value:
        value = _decoded(value)
    compact = re.sub(r"\r?\n[ \t]*", "", value)
    found = ["".join(item.split()) for item in _IDS.findall(compact)]
    if not found:
        found = _BARE_ID.findall(compact)
    return tuple(f"<{item}>" for item in found[-_MOST_IDS:] if item)


def _decoded(value: str) -> str:
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (ValueError, LookupError, UnicodeError):
        return value


def _fields(header: bytes) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    name = ""
    for line in header.decode("utf-8", "replace").split("\n"):
        line = line.rstrip("\r")
        if not line:
            break
        if line[0] in " \t":
            if name:
                fields[name][-1] += "\n" + line
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
        if name:
            fields.setdefault(name, []).append(value.strip())
    return fields


def _tags(addresses: list[str]) -> list[str]:
    """What stands behind the plus sign in the local parts."""
    tags: list[str] = []
    for value in addresses[:500]:
        for mailbox in _MAILBOX.findall(value[:20_000]):
            local = mailbox.rpartition("@")[0]
            tags += [piece for piece in re.split(r"[+=.\-_]", local)[1:] if piece]
    return tags[:2_000]
