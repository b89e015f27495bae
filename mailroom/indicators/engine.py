"""Our own patterns: compiled by RE2 for bytes, so that no input can make them slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

Span = tuple[int, int]

_UNANCHORED = re2._Anchor.UNANCHORED
_ANCHOR_START = re2._Anchor.ANCHOR_START


class Pattern:
    """A pattern over the bytes of `flat`. Matching takes time in proportion to the length of the data.

    It calls the compiled matcher directly: the package's match objects cost more than the matching itself when a
    mail has a few dozen hits.
    """

    __slots__ = ("_match",)

    def __init__(self, source: bytes) -> None:
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        options.never_capture = True
        self._match: Any = re2.compile(source, options)._regexp.Match

    def spans(self, data: bytes, start: int = 0) -> Iterator[Span]:
        """Every match from left to right, none overlapping, none empty."""
        match, end = self._match, len(data)
        while start < end:
            first, last = match(_UNANCHORED, data, start, end)[0]
            if first < 0:
                return
            if last > first:
                yield first, last
                start = last
            else:
                start = last + 1

    def next(self, data: bytes, start: int) -> Span | None:
        """The first match, which is not empty, from `start` on."""
        end = len(data)
        while start < end:
            first, last = self._match(_UNANCHORED, data, start, end)[0]
            if first < 0:
                return None
            if last > first:
                return first, last
            start = last + 1
        return None

    def at(self, data: bytes, start: int, end: int | None = None) -> int:
        """The end of a match that begins exactly at `start`, or -1."""
        stop = len(data) if end is None else min(end, len(data))
        if start > stop:
            return -1
        return int(self._match(_ANCHOR_START, data, start, stop)[0][1])

    def found(self, data: bytes) -> bool:
        """Whether there is any match."""
        return int(self._match(_UNANCHORED, data, 0, len(data))[0][0]) >= 0
