"""What must be true of any bytes that are sent."""

from __future__ import annotations

import re

_BARE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_BCC = re.compile(rb"(?:^|\r\n)(?:resent-)?bcc[ \t]*:", re.IGNORECASE)


def assert_sound(raw: bytes) -> None:
    """No bare CR or LF, no line over 998 octets, a header, and no Bcc in it."""
    assert not _BARE_BREAK.search(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head, separator, _ = raw.partition(b"\r\n\r\n")
    assert separator
    assert head
    assert not _BCC.search(head)
