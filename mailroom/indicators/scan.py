"""One text being looked at: what was found so far, and which stretches are already spoken for."""

from __future__ import annotations

import re

from mailroom.indicators.model import Indicator, Limits
from mailroom.indicators.refang import Refanged

# A single character class cannot be slow, so the ordinary engine will do.
_FORBIDDEN = re.compile(rb"[\x00-\x20<>\"`\x7f-\xa0]")


class Scan:
    """State of one `find`: a finder reads `text` and `data` (same offsets), adds findings, covers their stretch."""

    def __init__(self, source: str, refanged: Refanged, kinds: frozenset[str], limits: Limits) -> None:
        self.source = source
        self.text = refanged.text
        self.data = refanged.data
        self.free = bytearray(refanged.data)
        """Like `data`, with blanks where something longer was found."""
        self.limits = limits
        self._refanged = refanged
        self.kinds = kinds
        self._all: list[tuple[int, int, str, str, tuple[str, ...], str]] = []

    def wants(self, *kinds: str) -> bool:
        """Whether any of the kinds was asked for."""
        return not self.kinds.isdisjoint(kinds)

    def cover(self, start: int, end: int) -> None:
        """Let no later finder look at this stretch."""
        self.free[start:end] = b" " * (end - start)

    def rewritten(self, start: int, end: int) -> bool:
        """Whether the stretch was changed by refanging."""
        if not self._refanged.changed:
            return False
        first, last = self._refanged.original(start, end)
        return self.source[first:last] != self.text[start:end]

    def add(self, kind: str, value: str, start: int, end: int, notes: tuple[str, ...] = (), shown: str = "") -> None:
        """Report a finding; positions are those of `text`."""
        if kind in self.kinds:
            self._all.append((start, -end, kind, value, notes, shown))

    def result(self, *, unique: bool, place: tuple[str, ...] = ()) -> list[Indicator]:
        """Everything found in order of position, each value once when `unique`, at most `limits.indicators`.

        Args:
            unique: Whether only the first occurrence of a value counts.
            place: Notes that every finding begins with.
        """
        found: list[Indicator] = []
        seen: set[tuple[str, str]] = set()
        for start, end, kind, value, notes, shown in sorted(self._all):
            if unique:
                if (kind, value) in seen:
                    continue
                seen.add((kind, value))
            if len(found) >= self.limits.indicators:
                break
            found.append(self._indicator(kind, value, start, -end, notes, shown, place))
        return found

    def _indicator(
        self,
        kind: str,
        value: str,
        start: int,
        end: int,
        notes: tuple[str, ...],
        shown: str,
        place: tuple[str, ...],
    ) -> Indicator:
        first, last = start, end
        if self._refanged.changed:
            first, last = self._refanged.original(start, end)
        raw = self.source[first:last]
        if self._refanged.changed and raw != self.text[start:end]:
            notes = ("defanged", *notes)
        return Indicator(kind, value, raw, first, last, place + notes, shown or value)


class Walls:
    """Where the next character is that no URL contains. Asked from left to right, the whole costs one pass."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = -1

    def after(self, start: int) -> int:
        """The position of the first such character from `start` on, or the length of the data."""
        if self._at < start:
            match = _FORBIDDEN.search(self._data, start)
            self._at = match.start() if match else len(self._data)
        return self._at
