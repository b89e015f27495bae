"""From octets to a `Mail`."""

from __future__ import annotations

import re
from concurrent.futures import Future
from datetime import datetime

from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.parse.addresses import read_addresses
from mailroom.mail.parse.blocks import blank_line
from mailroom.mail.parse.dates import read_date
from mailroom.mail.parse.declared import charset_of_headers
from mailroom.mail.parse.entities import Entity, read_entity
from mailroom.mail.parse.gather import Gatherer
from mailroom.mail.parse.hashing import BESIDE_FROM, begin_sha256, sha256_at_once
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.ids import read_ids, read_message_id
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.line_ends import known_line_ends
from mailroom.mail.parse.msg import is_msg, read_msg
from mailroom.mail.parse.once import ONLY_ONCE
from mailroom.mail.parse.parameters import shown
from mailroom.mail.parse.usual import usual_mail

_SAYS_WHAT_IT_IS = frozenset({"from", "to", "subject", "date", "content-type"})
_BLANK_LINES = re.compile(rb"(?>(?:[ \t]*\r?\n)*)(?=[!-9;-~]{1,80}[ \t]*:)")
_FROM = re.compile(rb"^from[ \t]*:", re.IGNORECASE | re.MULTILINE)
_BIG = 64 * 1024 * 1024
_LEADING = re.compile(rb"\s*?(?=[!-9;-~]+[ \t]*:)")
_SHORT = 1_000
"""Characters of an address header that cannot be too long, nor hold too many addresses."""
_NONE: frozenset[str] = frozenset()
_AUTHORS = frozenset({"from", "sender", "reply-to"})


def read_mail(
    raw: bytes, work: Work, level: int = 0, *, internal_date: datetime | None = None, sha256: Future[str] | None = None
) -> Mail:
    """The mail in `raw`. May raise on a fault of ours; the caller has a second way."""
    if is_msg(raw):
        work.heavy("an Outlook file")
        return read_msg(raw, work, level, read_mail)
    size = len(raw)
    digest = "" if sha256 or size >= BESIDE_FROM else sha256_at_once(raw)
    if digest and not level and (usual := usual_mail(raw, work, digest)) is not None:
        return usual
    beside = sha256 or (None if digest else begin_sha256(raw))
    if size > _BIG:
        work.heavy("a very big mail")
    octets = known_line_ends(raw)
    start = 3 if octets.startswith(b"\xef\xbb\xbf") else 0
    if octets[start : start + 1] in {b"\n", b"\r"} and (leading := _LEADING.match(octets, start)):
        start = leading.end()
    root = read_entity(octets, start, len(octets), work, depth=level)
    if (
        "from" not in root.first
        and _SAYS_WHAT_IT_IS.isdisjoint(root.first)
        and (rest := _rest_of_headers(octets, root.block.body))
    ):
        work.defects.add("blank_line_in_headers")
        octets = octets[start : root.block.body].rstrip() + b"\r\n" + octets[rest:]
        root = read_entity(octets, 0, len(octets), work, depth=level)
    hint = charset_of_headers(root)
    found = Gatherer(work, level, lambda content, below: read_mail(content, work, below), hint).gather(root)
    values = root.first
    text = found.texts[0] if len(found.texts) == 1 else "\n".join(found.texts)
    html = found.htmls[0] if len(found.htmls) == 1 else "\n".join(found.htmls)
    again = ONLY_ONCE.intersection([name for name, _ in root.block.repeated]) if root.block.repeated else _NONE
    if again:
        work.defects.add("duplicate_header")
    return Mail(
        sha256=beside.result() if beside else digest,
        size=size,
        headers=_headers(root, hint),
        subject=decode_header(values["subject"], hint).strip() if "subject" in values else "",
        from_=_addresses(root, "from", work, hint, again),
        sender=_addresses(root, "sender", work, hint, again) if "sender" in values else (),
        reply_to=_addresses(root, "reply-to", work, hint, again) if "reply-to" in values else (),
        to=_addresses(root, "to", work, hint, again),
        cc=_addresses(root, "cc", work, hint, again) if "cc" in values else (),
        bcc=_addresses(root, "bcc", work, hint, again) if "bcc" in values else (),
        date=_date(values, work, hint, internal_date),
        message_id=read_message_id(values["message-id"]) if "message-id" in values else "",
        in_reply_to=_ids(root, "in-reply-to", work) if "in-reply-to" in values else (),
        references=_ids(root, "references", work) if "references" in values else (),
        text=text,
        html=html,
        charset=found.charset,
        content_type=root.type,
        content_type_parameters=shown(root.parameters, hint),
        attachments=tuple(found.attachments),
        nested=tuple(found.nested),
        nested_raw=tuple(found.nested_raw),
        delivery_status=tuple(found.delivery_status),
        report_type=decode_header(root.parameter("report-type")).strip().lower()
        if root.type == "multipart/report"
        else "",
        returned_headers=found.returned_headers,
        calendar_method=found.calendar_method,
        encrypted=found.encrypted,
        defects=tuple(sorted(work.defects)) if work.defects else (),
    )


def _rest_of_headers(octets: bytes, body: int) -> int:
    """Where the headers go on after blank lines that a program on the way put into them, or 0.

    Only for a mail that would have no sender, subject and date otherwise: what a mail shows as its body is no header.
    """
    blank = _BLANK_LINES.match(octets, body)
    if not body or blank is None:
        return 0
    stop, _ = blank_line(octets, blank.end(), len(octets))
    return blank.end() if _FROM.search(octets, blank.end(), stop) else 0


def _headers(root: Entity, hint: str) -> tuple[tuple[str, str], ...]:
    fields = root.block.fields
    if root.block.plain:
        return tuple(fields)
    return tuple([(decode_header(name), _decoded(value, hint)) for name, value in fields])


def _decoded(value: str, hint: str) -> str:
    return value if value.isascii() and value.isprintable() and "=?" not in value else decode_header(value, hint)


def _all(root: Entity, name: str) -> list[str]:
    """Every value of a header, in order."""
    if name not in root.first:
        return []
    written = [root.first[name]]
    if root.block.repeated:
        written += [value for key, value in root.block.repeated if key == name]
    return written


def _addresses(root: Entity, name: str, work: Work, hint: str, again: frozenset[str]) -> tuple[MailAddress, ...]:
    first = root.first.get(name)
    if first is None:
        return ()
    if len(first) < _SHORT and name not in again and work.addresses + _SHORT < work.limits.addresses:
        only = read_addresses(first, limit=work.limits.addresses, author=name in _AUTHORS, hint=hint)
        work.addresses += len(only)
        if name == "from" and len(only) > 1 and len({entry.address for entry in only}) > 1:
            work.defects.add("multiple_from")
        return only
    found: list[MailAddress] = []
    written = _all(root, name)
    for value in written:
        if len(value) > work.limits.header_structured:
            value = value[: work.limits.header_structured]
            work.defects.add("header_value_cut")
        room = work.limits.addresses - work.addresses
        entries = read_addresses(value, limit=room, author=name in _AUTHORS, hint=hint)
        work.addresses += len(entries)
        found += entries
    if work.addresses >= work.limits.addresses:
        work.defects.add("too_many_addresses")
    if name == "from":
        if len(found) > 1 and len({entry.address for entry in found}) > 1:
            work.defects.add("multiple_from")
        if len(written) > 1:
            work.defects.add("multiple_from_headers")
    return tuple(found)


def _ids(root: Entity, name: str, work: Work) -> tuple[str, ...]:
    return read_ids(" ".join(_all(root, name)), work.limits.references)


def _date(values: dict[str, str], work: Work, hint: str, internal_date: datetime | None) -> datetime | None:
    written = values.get("date")
    if not written:
        work.defects.add("date_missing")
        return internal_date
    found = read_date(written if written.isascii() and "=?" not in written else decode_header(written, hint))
    if found is None:
        work.defects.add("date_unreadable")
        return internal_date
    if written.endswith("-0000"):
        work.defects.add("date_without_zone")
    return found
