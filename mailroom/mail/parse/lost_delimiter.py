"""A multipart's first part whose delimiter was lost: what stands in its place is no preamble."""

from __future__ import annotations

import re

_HEADER = re.compile(rb"[ \t\r\n]{0,64}(?=Content-[A-Za-z-]{2,30}[ \t]{0,4}:)", re.IGNORECASE)
_TYPE = re.compile(rb"\ncontent-type[ \t]{0,4}:", re.IGNORECASE)


def lost_part(raw: bytes, start: int, body: int, delimiter: int, *, typed_twice: bool) -> int | None:
    """Where the part above the first delimiter begins; None when a mere preamble stands there, or nothing.

    Args:
        raw: The mail.
        start: Where the multipart's own headers begin.
        body: Where its body begins.
        delimiter: Where its first delimiter line begins.
        typed_twice: Whether its headers name a type twice: the second is the lost part's, whose headers then went
            into the multipart's own.
    """
    if not raw[body:delimiter].strip():
        return None
    headers = _HEADER.match(raw, body, delimiter)
    if headers is not None:
        return headers.end()
    if not typed_twice:
        return None
    types = list(_TYPE.finditer(raw, max(0, start - 1), body))
    return types[-1].start() + 1 if len(types) > 1 else None
