"""Rate limits: one gate per account and function, shared by every thread and client of the process.

Mimecast publishes no numbers; the headers of each answer feed the gate. `X-RateLimit-Reset` is a duration in
*milliseconds*. A call answered with 429 was not executed. Values that make no sense (text, zero, negative, ten days)
are ignored or capped, never believed.
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from mailroom.clock import SYSTEM_CLOCK, Clock

LONGEST_WAIT = 300.0
"""No single header may stop us for longer than this (seconds)."""
GLANCE = 0.02
"""Waits up to this are not worth showing to anyone (seconds)."""
_FIRST_BACKOFF = 1.0
_SHORTEST_PAUSE = 0.001
_FLOOR, _HIGHEST_FLOOR = 0.005, 5.0


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What an answer said about its quota; None = absent or nonsense."""

    remaining: int | None
    wait: float | None
    """Seconds until a call is possible again, already capped."""


def read_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """The quota headers of one answer, or None when there are none. `headers` must ignore case."""
    remaining = headers.get("X-RateLimit-Remaining")
    reset = headers.get("X-RateLimit-Reset") or headers.get("X-Mimecast-RateLimit-Reset")
    after = headers.get("Retry-After")
    if remaining is None and reset is None and after is None:
        return None
    milliseconds = _number(reset)
    waits = [value for value in (_number(after), None if milliseconds is None else milliseconds / 1000) if value]
    left = _number(remaining)
    return RateHeaders(
        None if left is None else int(min(left, 1e9)),
        min(max(waits), LONGEST_WAIT) if waits else None,
    )


def _number(text: str | None) -> float | None:
    """A finite number of zero or more; a negative one counts as absent, as does text (also a Retry-After date)."""
    if text is None or len(text) > 32:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


class Gate:
    """The quota of one function of one account. Thread-safe; waits are done by the caller, outside the lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._spacing = 0.0
        self._closed = False
        self._probing = False
        self._left: int | None = None
        self._window_ends = 0.0

    def enter(self) -> float:
        """0.0 to go ahead now; otherwise the seconds to wait before asking again.

        After a closed gate opens, one call goes through and the next one a spacing later, until an answer says that
        there is quota again: a window quota refills at once, a token bucket keeps its pace. While that first answer
        is on its way the others look again soon (`GLANCE`), since it may open the gate for all of them.
        """
        with self._lock:
            if not self._closed and self._left is None:
                return 0.0
            now = self._clock.monotonic()
            if self._closed:
                if now < self._closed_until:
                    left = max(self._closed_until - now, _SHORTEST_PAUSE)
                    return min(left, GLANCE) if self._probing else left
                self._closed_until = now + self._spacing
                self._probing = True
                return 0.0
            if now >= self._window_ends:
                self._left = None
            elif self._left is not None:
                if self._left <= 0:
                    return max(self._window_ends - now, _SHORTEST_PAUSE)
                self._left -= 1
            return 0.0

    def answered(self, headers: RateHeaders | None) -> None:
        """Learn from an answer that was executed."""
        if headers is None and not self._closed:
            return
        with self._lock:
            if headers is None or headers.remaining is None:
                if headers is None:
                    self._closed = False
                return
            now = self._clock.monotonic()
            if headers.remaining <= 0:
                self._left = None
                if headers.wait:
                    self._close(now, headers.wait)
                else:  # nothing left, yet no usable time: do not believe it
                    self._closed = False
                return
            self._closed = False
            # Answers overtake each other: inside one window the lower count is the newer one.
            same_window = self._left is not None and now < self._window_ends
            self._left = min(self._left or 0, headers.remaining) if same_window else headers.remaining
            self._window_ends = now + (headers.wait or 0.0)

    def refused(self, headers: RateHeaders | None, nth: int) -> None:
        """Learn from a 429: closes the gate.

        Args:
            headers: What the answer said, if anything.
            nth: How often this one call has been refused in a row, from 1. Without a usable time the wait doubles
                with it; with one it is a floor, so that a server that always says "in a moment" is not hammered.
        """
        power = 2 ** min(nth - 1, 12)
        if headers is not None and headers.wait:
            wait = max(headers.wait, min(_FLOOR * power, _HIGHEST_FLOOR))
        else:
            wait = min(_FIRST_BACKOFF * power, LONGEST_WAIT)
        wait += random.uniform(0, min(0.02 * wait, 1.0))
        with self._lock:
            self._left = None
            self._close(self._clock.monotonic(), wait)

    def _close(self, now: float, wait: float) -> None:
        until = now + wait
        if not self._closed or until > self._closed_until or wait < self._spacing:
            self._closed_until = until
        self._closed, self._spacing, self._probing = True, wait, False


class GateRegistry:
    """Gates by account, function and clock."""

    def __init__(self) -> None:
        self._gates: dict[tuple[str, str, int], tuple[Gate, Clock]] = {}
        self._lock = threading.Lock()

    def gate(self, account: str, path: str, clock: Clock = SYSTEM_CLOCK) -> Gate:
        """The one gate for `path` of `account`; clients with equal credentials get the same object."""
        key = (account, path, id(clock))
        found = self._gates.get(key)
        if found is None:
            with self._lock:
                found = self._gates.setdefault(key, (Gate(clock), clock))  # keeps the clock, hence its id, alive
        return found[0]


GATES = GateRegistry()
