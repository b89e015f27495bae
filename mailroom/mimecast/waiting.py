"""Deadlines and the pauses inside them."""

from __future__ import annotations

import random
from collections.abc import Callable

from mailroom.clock import Clock

OnWait = Callable[[float, str, str], None]
"""Called before each wait with (seconds, function path, reason)."""

_BASE, _CAP = 0.5, 30.0


class Deadline:
    """One call's total time, repeats and waits included."""

    def __init__(self, seconds: float, path: str, clock: Clock, on_wait: OnWait | None) -> None:
        self._path, self._clock, self._on_wait = path, clock, on_wait
        self._ends = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; may be negative."""
        return self._ends - self._clock.monotonic()

    def wait(self, seconds: float, reason: str, *, shown: bool = True) -> bool:
        """Say so, then wait. False (at once, without waiting) when the deadline would pass meanwhile."""
        if seconds >= self.left:
            return False
        if shown and self._on_wait is not None:
            self._on_wait(seconds, self._path, reason)
        self._clock.sleep(seconds)
        return True

    def pause(self, attempt: int, reason: str) -> bool:
        """Exponential back-off with full jitter after the failed attempt number `attempt` (from 1)."""
        return self.wait(random.uniform(0, min(_CAP, _BASE * 2 ** min(attempt, 10))), reason)
