"""What stands beside a name without a blank: words of scripts that have none, pictograms, the rest of a compound."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mailroom.indicators.flat import GLUED, LETTER
from mailroom.indicators.hosts import WORD_ENDINGS, ends_surely, ipv4_of
from mailroom.indicators.suffixes import is_top_level

# A dot, a run without dots, a single byte: looked at once, so the ordinary engine will do.
_BEFORE_GLUE = re.compile(rb"\.[^." + GLUED + rb"]+(?=[" + GLUED + rb"])")
_LONGEST_ADDRESS = 15
_PREFIXED = re.compile(bytes([LETTER]) + rb"{1,3}-(?=[A-Za-z0-9])")
_LATIN = 0x24F
"""The last of the Latin letters."""

Ends = Callable[[str], bool]
"""Whether a lower-case label may be the last one of a name."""


def has_glue(data: bytes) -> bool:
    """Whether anything in the flat bytes may be glued to a name: in most texts nothing."""
    return any(byte in data for byte in GLUED)


def names_in(text: str, data: bytes, start: int, end: int, ends: Ends = is_top_level) -> Iterator[tuple[int, int]]:
    """The dotted names in a run of letters and dots, cut behind every ending that something is glued to.

    `northwind.com或contoso.com` is two names, `info.例子.中国` is one: a label that begins with such a script belongs
    to the name. Words glued to the beginning of a name are left on it.

    Args:
        text: The text.
        data: Its flat bytes.
        start: Where the run begins.
        end: One past its last byte.
        ends: Which labels end a name.

    Yields:
        Start and end of each, the first one from `start` on.
    """
    for match in _BEFORE_GLUE.finditer(data, start, end):
        stop = match.end()
        address = stop - start <= _LONGEST_ADDRESS and ipv4_of(text[start:stop])
        if address or ends(text[match.start() + 1 : stop].lower()):
            yield start, stop
            start = stop
    if data.find(b".", start, end) >= 0:
        yield start, end


def host_end(text: str, data: bytes, start: int, end: int) -> int:
    """Where the host ends that begins at `start`, when something is glued behind its ending; otherwise `end`."""
    return next(names_in(text, data, start, end), (start, end))[1]


def after_prefix(text: str, data: bytes, start: int, end: int) -> int:
    """Where a name begins behind a preposition with a hyphen, as in Hebrew: `ב-northwind.com`. Otherwise `start`."""
    prefix = _PREFIXED.match(data, start, end)
    if prefix is None or min(map(ord, text[start : prefix.end() - 1])) <= _LATIN:
        return start
    return prefix.end()


def compound_end(text: str, data: bytes, start: int, end: int, ends: Ends = is_top_level, *, sure: bool = True) -> int:
    """Where a name ends that is the first half of a compound: `northwind.com-Konto`. Otherwise `end`.

    Args:
        text: The text.
        data: Its flat bytes.
        start: Where the name begins.
        end: One past its last byte.
        ends: Which labels end a name.
        sure: Whether this is known to be a host. If not, an ending that is also a word needs a capital behind the
            hyphen, and what looks like a language (`texts.de-AT`) or a type of file (`vnd.ms-excel`) stays.
    """
    dot = data.rfind(b".", start, end)
    hyphen = data.find(b"-", dot + 1, end)
    if hyphen <= 0 or dot < 0:
        return end
    label, rest = text[dot + 1 : hyphen].lower(), text[hyphen + 1 : end]
    if not ends(label):
        return end
    if sure:
        return hyphen
    if len(label) == len(rest) == 2 or text[start:dot].lower().endswith("vnd"):
        return end
    return hyphen if rest[:1].isupper() or (ends_surely(label) and label not in WORD_ENDINGS) else end
