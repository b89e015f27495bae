"""What can be learned of many mails without fetching them: flags, arrival, size, some header fields.

Where a server refuses an answer because of one mail, the others are asked for in ever smaller groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from mailroom.errors import InvalidInputError, ResponseError, TransientError
from mailroom.mail.imap.answers import Untagged
from mailroom.mail.imap.fetching import read_date, refused
from mailroom.mail.imap.results import LightMail
from mailroom.mail.imap.tokens import pairs, tokens
from mailroom.mail.imap.uids import chunks, uid_set
from mailroom.mail.imap.wire import Wire

HEADER_FIELDS = (
    "Message-ID", "In-Reply-To", "References", "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date",
    "Auto-Submitted", "Precedence", "List-Id", "Return-Path", "Content-Type", "X-Failed-Recipients", "X-Autoreply",
    "X-Autorespond", "X-Microsoft-Original-Message-ID", "X-Google-Original-Message-ID", "Thread-Index",
    "Thread-Topic", "Delivered-To", "X-Original-To",
)  # fmt: skip
"""Enough to match an answer to its question."""
_NAME = re.compile(r"[!-9;-~]{1,76}")
_CHUNK = 200
_HEADER_MOST = 64 << 10
"""Octets of header fields of one mail; the rest is cut off."""


def fetch_light(
    wire: Wire, uids: Iterable[int], header_fields: Sequence[str], failures: dict[int, str]
) -> Iterator[LightMail]:
    """One `LightMail` per mail that is still there and can be read, chunk by chunk.

    Args:
        wire: A folder is open.
        uids: Which.
        header_fields: Names.
        failures: Gets the mails that the server does not show even when asked for alone: UID -> why.

    Raises:
        InvalidInputError: A header name is none.
        RateLimitError, AccessError: No mail can be had now.
        TransientError: The connection was lost, after all that came before was handed out.
    """
    for name in header_fields:
        if not _NAME.fullmatch(name) or any(character in name for character in '()"\\[]{}<>'):
            raise InvalidInputError(f"header name {name!r}: printable ASCII without colon, brackets and quotes")
    fields = " ".join(name.upper() for name in header_fields)
    header = f" BODY.PEEK[HEADER.FIELDS ({fields})]<0.{_HEADER_MOST}>" if fields else ""
    for chunk in chunks(uids, _CHUNK):
        items = f"(UID FLAGS INTERNALDATE RFC822.SIZE{header})"
        wanted = set(chunk)
        for answer in _answers(wire, chunk, items, failures):
            mail = _light(answer, bool(fields))
            if mail is not None and mail.uid in wanted:
                yield mail


def fetch_arrivals(wire: Wire, uids: Iterable[int], failures: dict[int, str]) -> Iterator[tuple[int, datetime]]:
    """UID and arrival, and nothing else that a server would have to open a mail for. See `fetch_light`."""
    for chunk in chunks(uids, _CHUNK):
        for answer in _answers(wire, chunk, "(UID INTERNALDATE)", failures):
            items = _items(answer)
            uid, date = items.get(b"UID"), items.get(b"INTERNALDATE")
            if isinstance(uid, bytes) and uid.isdigit() and isinstance(date, bytes):
                yield int(uid), read_date(date)


def _answers(wire: Wire, uids: Sequence[int], items: str, failures: dict[int, str]) -> Iterator[Untagged]:
    """FETCH answers for these mails; a refusal is narrowed down to the mails it is about."""
    came: list[Untagged] = []
    try:
        reply = wire.attempt("FETCH", uid_set(uids), items, uid=True, into=came)
    except TransientError:
        yield from (answer for answer in came if answer.kind == "FETCH")
        raise
    if reply.status.kind == "OK":
        yield from reply.of("FETCH")
        return
    why = refused(reply.status, wire.where)
    if len(uids) == 1:
        failures[uids[0]] = str(why)
        return
    middle = len(uids) // 2
    yield from _answers(wire, uids[:middle], items, failures)
    yield from _answers(wire, uids[middle:], items, failures)


def _items(answer: Untagged) -> dict[bytes, object]:
    listed = tokens(answer.pieces)
    if len(listed) != 1 or not isinstance(listed[0], list):
        raise ResponseError("a FETCH answer without its list of items")
    return pairs(listed[0])


def _light(answer: Untagged, with_header: bool) -> LightMail | None:
    """None when the answer is a bare change of flags, or names no UID."""
    found = _items(answer)
    uid, size, date, flags = (found.get(name) for name in (b"UID", b"RFC822.SIZE", b"INTERNALDATE", b"FLAGS"))
    header = next((value for name, value in found.items() if name.startswith(b"BODY[HEADER")), None)
    if not isinstance(uid, bytes) or not uid.isdigit() or (size is None and date is None):
        return None
    if with_header and header is None and not any(name.startswith(b"BODY[HEADER") for name in found):
        return None
    return LightMail(
        int(uid),
        tuple(f.decode("ascii", "replace") for f in flags if isinstance(f, bytes)) if isinstance(flags, list) else (),
        read_date(date if isinstance(date, bytes) else None),
        int(size) if isinstance(size, bytes) and size.isdigit() and len(size) < 19 else 0,
        header if isinstance(header, bytes) else b"",
    )
