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
_FEWEST = 2


def pasted_lines(lines: Sequence[str]) -> frozenset[int]:
    """The lines of every paragraph but the first in which two or more are headers that only servers write.

    Counted from the end. What stands at the top was not pasted into anything.
    """
    found: set[int] = set()
    start = seen = 0
    for at, line in enumerate([*lines, ""]):
        if line.strip():
            seen += _OF_SERVERS.match(line) is not None
            continue
        if seen >= _FEWEST and start:
            found.update(len(lines) - inside for inside in range(start, at))
        start, seen = at + 1, 0
    return frozenset(found)
