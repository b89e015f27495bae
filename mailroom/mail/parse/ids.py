"""Message ids out of headers that were folded, joined with commas, commented or encoded on the way."""

from __future__ import annotations

import re

from mailroom.mail.parse.header_text import decode_header

_ANGLED = re.compile(r"<([^<>]{1,2000})>")
_PLAIN = re.compile(r"<[!-'*-;=?-~]{1,2000}>")
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_SPACE = re.compile(r"\s+")


def read_ids(value: str, limit: int = 100) -> tuple[str, ...]:
    """Every id of a Message-ID, In-Reply-To or References header, with angle brackets, each once, in order.

    Of more than `limit` ids the first and the newest are kept.
    """
    if _PLAIN.fullmatch(value):
        return (value,)
    if "=?" in value or not value.isascii() or not value.isprintable():
        value = decode_header(value)
    found = [f"<{_bare(inner)}>" for inner in _ANGLED.findall(value)]
    if not found:
        found = [f"<{token}>" for token in (word.strip("<>,;\"'()") for word in value.split()) if "@" in token]
    unique = list(dict.fromkeys(found))
    if len(unique) > limit:
        unique = [unique[0], *unique[1 - limit :]]
    return tuple(unique)


def read_message_id(value: str) -> str:
    """The one id of a Message-ID header; what stands there when it is no id at all."""
    value = value.strip()
    if _PLAIN.fullmatch(value):
        return value
    ids = read_ids(value, 2)
    return ids[0] if ids else decode_header(value)[:1000]


def _bare(inner: str) -> str:
    """An id without blanks and without the comments in its domain."""
    local, at, domain = inner.partition("@")
    if "(" in domain:
        inner = local + at + _COMMENT.sub("", domain)
    return _SPACE.sub("", inner) if any(character in inner for character in " \t\r\n") else inner
