"""What ties mails into a thread: ids of our own, and the headers of a reply."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail
from mailroom.mail.transport.names import checked_host

MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,980}>")
"""One id as it may go into a header or a search: printable ASCII in angle brackets. Use with `fullmatch`."""

_REF = re.compile(r"[A-Za-z0-9_-]{0,32}")
_ID_LENGTH = 70
"""Longer ids are destroyed by the header folding of other Python senders."""
_MOST_REFERENCES, _REFERENCES_OCTETS = 20, 2 << 10
_SUBJECT_LENGTH = 400

_REPLY_WORDS = "re|aw|antw|antwort|sv|vs|res|rif|r|odp|ynt|vá|отв|ответ|απ|σχετ|回复|回覆|答复|答覆|返信|답장"
_FORWARD_WORDS = "fwd?|wg|wtr|tr|rv|enc|i|doorst|vb|ilt|továbbítás|πρθ|пересл|转发|轉寄|転送|전달"
_CONTROLS = re.compile("[\x00-\x1f\x7f]+")
_COUNT = r"(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?"
_REPLY_PREFIX = re.compile(rf"\s*(?:{_REPLY_WORDS})\s?{_COUNT}\s?[:：]", re.IGNORECASE)
_FORWARD_PREFIX = re.compile(rf"\s*(?:{_FORWARD_WORDS})\s?{_COUNT}\s?[:：]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReplyHeaders:
    """What a reply says about its parent. Both id fields are empty when the parent has no usable id."""

    in_reply_to: str
    references: tuple[str, ...]
    subject: str


def new_message_id(domain: str, ref: str = "") -> str:
    """A fresh id `<random.ref@domain>`, at most 70 characters whenever the domain allows it; never a host name.

    `ref` is a short, opaque reference of ours; it is left out when the id would become too long with it.

    Raises:
        InvalidInputError: `domain` is no domain, or `ref` holds more than letters, digits, `_` and `-`.
    """
    domain = checked_host(domain, "the domain of message ids").rstrip(".").lower()
    if not _REF.fullmatch(ref):
        raise InvalidInputError(f"reference {ref!r} for a message id: use at most 32 letters, digits, _ and -")
    unique = uuid.uuid4()
    short = base64.b32encode(unique.bytes).decode("ascii").rstrip("=").lower()
    tail = f".{ref}" if ref else ""
    for left in (unique.hex + tail, short + tail, short):
        if len(left) + len(domain) + 3 <= _ID_LENGTH:
            return f"<{left}@{domain}>"
    return f"<{short}@{domain}>"


def usable_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Those of `ids` that may go into a header, in order, each once."""
    return tuple(dict.fromkeys(one for one in ids if MESSAGE_ID.fullmatch(one)))


def reply_headers(parent: Mail) -> ReplyHeaders:
    """In-Reply-To, References and subject of an answer to `parent`."""
    own = parent.message_id if MESSAGE_ID.fullmatch(parent.message_id) else ""
    subject = reply_subject(parent.subject)
    if not own:
        return ReplyHeaders("", (), subject)
    before = usable_ids(parent.references)
    if not before and len(parent.in_reply_to) == 1:
        before = usable_ids(parent.in_reply_to)
    return ReplyHeaders(own, shortened((*(one for one in before if one != own), own)), subject)


def shortened(references: tuple[str, ...]) -> tuple[str, ...]:
    """At most 20 ids and 2 KiB: the first, which names the thread, and the newest."""
    if not references:
        return ()
    first, rest = references[0], references[1:]
    kept: list[str] = []
    room = _REFERENCES_OCTETS - len(first)
    for one in reversed(rest[-(_MOST_REFERENCES - 1) :]):
        room -= len(one) + 1
        if room < 0 and kept:
            break
        kept.append(one)
    return (first, *reversed(kept))


def reply_subject(subject: str) -> str:
    """`Re: ` and the subject without the reply prefixes of any language it already has."""
    return f"Re: {_bare(subject, _REPLY_PREFIX)}".rstrip()


def forward_subject(subject: str) -> str:
    """`Fwd: ` and the subject without the forward prefixes it already has."""
    return f"Fwd: {_bare(subject, _FORWARD_PREFIX)}".rstrip()


def _bare(subject: str, prefix: re.Pattern[str]) -> str:
    text = _CONTROLS.sub(" ", subject[: _SUBJECT_LENGTH * 4])
    while found := prefix.match(text):
        text = text[found.end() :]
    return text.strip()[:_SUBJECT_LENGTH]


def new_thread_index(now: datetime) -> str:
    """A value for `Thread-Index` that starts a conversation of its own in Outlook: 22 octets in base64.

    Replies from Outlook begin with the same 22 octets, whatever happens to the ids.
    """
    ticks = int((now - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)
    return base64.b64encode(ticks.to_bytes(8, "big")[:6] + uuid.uuid4().bytes).decode("ascii")
