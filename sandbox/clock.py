"""The tenant's own time: it can be started anywhere, moved forward, or frozen."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class TenantClock:
    """A clock that ticks with the machine, shifted by an offset.

    It has `now`, `monotonic` and `sleep`, so a client under test can be given the same clock.

    Args:
        start: Tenant time at this moment; None means the machine's time.
        frozen: Time stands still except for `advance` and `sleep` (which then returns at once).
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._lock = threading.Lock()
        self._frozen = frozen
        self._advanced = 0.0
        self._origin = time.monotonic()
        wall = time.time()
        self._shift = 0.0 if start is None else start.astimezone(UTC).timestamp() - wall
        self._frozen_at = wall + self._shift

    def epoch(self) -> float:
        """Seconds since 1970 in tenant time."""
        base = self._frozen_at if self._frozen else time.time() + self._shift
        return base + self._advanced

    def now(self) -> datetime:
        """The current instant in tenant time, aware, in UTC."""
        return datetime.fromtimestamp(self.epoch(), UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; `advance` moves it too."""
        return (self._origin if self._frozen else time.monotonic()) + self._advanced

    def advance(self, step: timedelta) -> None:
        """Move tenant time forward by `step`."""
        with self._lock:
            self._advanced += step.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Wait; a frozen clock moves forward instead of waiting."""
        if seconds <= 0:
            return
        if self._frozen:
            self.advance(timedelta(seconds=seconds))
        else:
            time.sleep(seconds)
