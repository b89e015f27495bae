"""Header lines as bytes: encoded where needed, folded, and impossible to break out of.

Python's own folding turns long ids into encoded words, after which Outlook loses the thread, and loses the quotes of
folded names. Here every header is a list of tokens that are never cut, put on lines of at most 76 octets.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence

from mailroom.errors import InvalidInputError
from mailroom.mail.compose.addresses import Mailbox

_LINE = 76
_WORD = 75
"""Octets of one encoded word, RFC 2047."""
_LONGEST_TOKEN = 900
_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_BREAKS = re.compile("[\r\n\x00]")
_CONTROLS = re.compile("[\x00-\x1f\x7f]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_SAFE_IN_Q = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")

_ALLOWED = frozenset(
    {
        "auto-submitted",
        "comments",
        "disposition-notification-to",
        "importance",
        "keywords",
        "list-id",
        "list-unsubscribe",
        "organization",
        "precedence",
        "priority",
        "sensitivity",
        "thread-index",
        "thread-topic",
    }
)


def checked_name(name: str) -> str:
    """A header name a caller may set.

    Raises:
        InvalidInputError: It is not a name, or not one callers may set.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"header name {name[:80]!a} is not letters, digits and hyphens; it is refused")
    low = name.lower()
    if low not in _ALLOWED and not low.startswith("x-"):
        raise InvalidInputError(f"header {name} cannot be set this way; use a field of the mail, or a name with X-")
    return name


def checked_value(value: str, what: str) -> str:
    """`value` fit for a header: no line break may come in, other control characters become spaces.

    Raises:
        InvalidInputError: It holds CR, LF or NUL.
    """
    if _BREAKS.search(value):
        raise InvalidInputError(f"{what} holds a line break or a NUL; it is refused, remove them first")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value))


def text_header(name: str, value: str) -> bytes:
    """A header of free text, such as the subject."""
    text = checked_value(value, f"header {name}")
    if not text.strip(" "):
        return _folded(name, [])
    words = text.split(" ")
    plain = text.isascii() and "=?" not in text and max(map(len, words)) <= _LINE - 1
    if plain and text == text.strip() and "  " not in text:
        return _folded(name, words)
    return _folded(name, encoded_words(text, _WORD - len(name) - 2))


def id_header(name: str, ids: Iterable[str]) -> bytes:
    """A header of message ids; an id is never cut or encoded, whatever its length."""
    return _folded(name, list(ids))


def address_header(name: str, mailboxes: Sequence[Mailbox]) -> bytes:
    """A header of addresses, UTF-8 only where a local part demands it."""
    tokens: list[str] = []
    for position, mailbox in enumerate(mailboxes):
        comma = "," if position + 1 < len(mailboxes) else ""
        phrase = _phrase(checked_value(mailbox.name, f"a name in {name}"))
        tokens += [*phrase, f"<{mailbox.address}>{comma}" if phrase else f"{mailbox.address}{comma}"]
    return _folded(name, tokens)


def parameter_header(name: str, value: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    """`value; key=...; key=...`, one parameter a line; beyond ASCII in the RFC 2231 form."""
    lines = [f"{name}: {value}"]
    for key, content in parameters:
        text = checked_value(content, f"{key} in {name}")
        if text.isascii() and len(text) <= _LONGEST_TOKEN:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f' {key}="{escaped}"')
        else:
            encoded = "".join(chr(octet) if octet in _SAFE_IN_2231 else f"%{octet:02X}" for octet in text.encode())
            lines.append(f" {key}*=UTF-8''{encoded}")
    whole = ";".join(lines)
    return ((whole if len(whole) <= _LINE else ";\r\n".join(lines)) + "\r\n").encode("ascii")


_SAFE_IN_2231 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def encoded_words(text: str, first: int = _WORD) -> list[str]:
    """RFC 2047 words for `text`, cut between characters; the first at most `first` octets long."""
    raw = text.encode("utf-8", "replace")
    escaped = sum(1 if octet in _SAFE_IN_Q or octet == 32 else 3 for octet in raw)
    use_q = escaped <= (len(raw) + 2) // 3 * 4
    words: list[str] = []
    room = max(30, first) - len("=?utf-8?q??=")
    pending = bytearray()
    for character in text:
        octets = character.encode("utf-8", "replace")
        if pending and _length(pending + octets, use_q) > room:
            words.append(_word(bytes(pending), use_q))
            pending.clear()
            room = _WORD - len("=?utf-8?q??=")
        pending += octets
    if pending or not words:
        words.append(_word(bytes(pending), use_q))
    return words


def _length(raw: bytes | bytearray, use_q: bool) -> int:
    if use_q:
        return sum(1 if octet in _SAFE_IN_Q or octet == 32 else 3 for octet in raw)
    return (len(raw) + 2) // 3 * 4


def _word(raw: bytes, use_q: bool) -> str:
    if not use_q:
        return f"=?utf-8?b?{base64.b64encode(raw).decode('ascii')}?="
    payload = "".join("_" if octet == 32 else chr(octet) if octet in _SAFE_IN_Q else f"={octet:02X}" for octet in raw)
    return f"=?utf-8?q?{payload}?="


def _phrase(name: str) -> list[str]:
    """A display name as tokens."""
    name = " ".join(name.split())
    if not name:
        return []
    if not name.isascii() or "=?" in name or len(name) > _LINE - 4:
        return encoded_words(name, _WORD - 12)
    if _ATOMS.fullmatch(name):
        return name.split(" ")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return [f'"{escaped}"']


def _folded(name: str, tokens: Sequence[str]) -> bytes:
    lines, line = [], f"{name}:"
    for position, token in enumerate(tokens):
        if position and len(line.encode()) + 1 + len(token.encode()) > _LINE:
            lines.append(line)
            line = ""
        line += f" {token}"
    lines.append(line)
    return ("\r\n".join(lines) + "\r\n").encode()
