"""Headers of a mail as servers write them, which a person pasted: no mail program puts those above a quote."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OF_SERVERS = re.compile(
    r"[ \t*]{0,8}(?:received|return-path|delivered-to|message-id|mime-version|content-type|dkim-signature|"
    r"content-transfer-encoding|authentication-results|received-spf|arc-[a-z-]{4,30}|list-[a-z-]{2,20}|"
    r"x-[a-z0-9-]{2,60}|thread-(?:topic|index)|in-reply-to|references)[ \t*]{0,4}:",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}:")
_FEWEST = 2


def pasted_lines(lines: Sequence[str]) -> frozenset[int]:
    """The lines, counted from the end, of every paragraph in which two or more are headers that only servers write.

    A text that begins with a header is a mail's source as a whole, and nothing was pasted into it.
    """
    found: set[int] = set()
    start = seen = 0
    for at, line in enumerate([*lines, ""]):
        if line.strip():
            seen += _OF_SERVERS.match(line) is not None
            continue
        if seen >= _FEWEST and not (start == 0 and _HEADER.match(lines[0])):
            found.update(len(lines) - inside for inside in range(start, at))
        start, seen = at + 1, 0
    return frozenset(found)
