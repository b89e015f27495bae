"""What every connector says about a cycle, in the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailroom.store.runs import ENDINGS

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(step, done, total)`; total is None while unknown."""

QUARANTINE_AFTER = 3
"""Attempts to read an item, each in a cycle of its own, after which it is set aside with its bytes."""


def silent(_step: str, _done: int, _total: int | None) -> None:
    """Nobody is watching."""


@dataclass
class IngestReport:
    """What one cycle did. `fetched` is always the sum of the five outcomes."""

    run_id: int = 0
    fetched: int = 0
    alerted: int = 0
    duplicate: int = 0
    filtered: int = 0
    quarantined: int = 0
    gone: int = 0
    waiting: int = 0
    """What is written down and left for the next cycle (limits, or what could not be read yet)."""
    seconds: float = 0.0

    def counts(self) -> dict[str, int]:
        """The conservation counts, as stored with the run."""
        return {name: getattr(self, name) for name in ("fetched", *ENDINGS)}

    def count(self, states: Iterable[str]) -> None:
        """Count final states in."""
        for state in states:
            setattr(self, state, getattr(self, state) + 1)
