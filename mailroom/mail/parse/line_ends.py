"""The line ends of a whole mail, made such that every other reader knows them: CRLF or LF."""

from __future__ import annotations

import re

_NEAR = 4096
"""Octets in which the first line ends, but for very odd mails."""
_HEAD_IN_CR = re.compile(rb"(?>(?:[!-9;-~]++[ \t]*+:[^\r\n]*+\r(?>(?:[ \t][^\r\n]*+\r)*))+)\r")
"""Headers of which each line ends with CR only, and the blank line after them."""


def known_line_ends(raw: bytes) -> bytes:
    """The mail itself when its first line ends with CRLF or LF; else with line ends that others made odd undone."""
    end = raw.find(b"\n", 0, _NEAR)
    cr = raw.find(b"\r", 0, end if end != -1 else _NEAR)
    if end != -1 and (cr == end - 1 or (cr == -1 and raw[end + 1 : end + 2] != b"\r")):
        return raw
    return _mended(raw, end, cr)


def _mended(raw: bytes, end: int, cr: int) -> bytes:
    if end == -1 and b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    if end == -1 and cr == -1:  # a very long first line
        return raw
    if cr == -1:  # LF CR; a blank line that ends with CRLF may stand behind a line that ends with LF
        return raw if raw[end + 2 : end + 3] == b"\n" else raw.replace(b"\n\r", b"\n")
    if raw.startswith(b"\r\r\n", cr):  # CR CR LF, from a program that made CRLF out of every LF once too often
        return raw.replace(b"\r\r\n", b"\r\n")
    if head := _HEAD_IN_CR.match(raw):  # a body with other line ends was put behind
        raw = head.group().replace(b"\r", b"\n") + raw[head.end() :]
    return raw
