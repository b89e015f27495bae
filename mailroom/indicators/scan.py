"""One text being looked at: what was found so far, and which stretches are already spoken for."""

from __future__ import annotations

from mailroom.indicators.model import Indicator, Limits
from mailroom.indicators.refang import Refanged


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
        self._kinds = kinds
        self._found: dict[tuple[str, str], Indicator] = {}
        self._all: list[Indicator] = []
        self._window: tuple[int, int] | None = None

    def wants(self, *kinds: str) -> bool:
        """Whether any of the kinds was asked for."""
        return not self._kinds.isdisjoint(kinds)

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
        if kind not in self._kinds:
            return
        first, last = self._refanged.original(start, end)
        raw = self.source[first:last]
        if self._refanged.changed and raw != self.text[start:end]:
            notes = ("defanged", *notes)
        self._all.append(Indicator(kind, value, raw, first, last, notes, shown))

    def result(self, *, unique: bool) -> list[Indicator]:
        """Everything found in order of position, each value once when `unique`, at most `limits.indicators`."""
        ordered = sorted(self._all, key=lambda found: (found.start, -found.end))
        if unique:
            once: dict[tuple[str, str], Indicator] = {}
            for found in ordered:
                once.setdefault((found.kind, found.value), found)
            ordered = list(once.values())
        return ordered[: self.limits.indicators]
