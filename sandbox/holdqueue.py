"""The moving list: held entries in order, late arrivals, expiry.

An entry is one recipient of one message. Its place is one integer that sorts newest first, so a window
or a page is a slice found by bisection and nothing is sorted again when something leaves.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.data import Mail
from sandbox.ids import MAX_RECIPIENTS, RECIPIENT_BITS

_NUMBER_BITS = 28
_FAR = 1 << 34
_LOW = (1 << (_NUMBER_BITS + RECIPIENT_BITS)) - 1


@dataclass(slots=True)
class Message:
    """One message the tenant knows; its mail is written only when somebody looks.

    Attributes:
        received: Seconds since 1970.
        status: held, archived, rejected, bounced, deferred, accepted, delivery.
        states: Per recipient: held, released, rejected, expired. None means all as `status` says.
        visible_at: Seconds since 1970 from which searches find it; 0 = always.
        given: The mail itself when it was added by hand.
        inline: The mail shows a picture inside its text.
        pulled: Recipients whose copy was pulled back out of the mailbox.
    """

    number: int
    category: str
    content: str
    received: int
    recipients: int
    status: str = "held"
    states: list[str] | None = None
    visible_at: float = 0.0
    nasty: bool = False
    given: Mail | None = None
    route: str = "inbound"
    sandboxed: bool = False
    inline: bool = False
    pulled: set[int] | None = None

    def state(self, recipient: int) -> str:
        """What became of one recipient's copy."""
        return self.states[recipient] if self.states else self.status

    def set_state(self, recipient: int, state: str) -> None:
        """Change one recipient's copy; the message's status follows when none is held any more."""
        if self.states is None:
            self.states = [self.status] * self.recipients
        self.states[recipient] = state
        if "held" not in self.states:
            self.status = "archived" if "released" in self.states else "rejected"

    def delivered(self, *, queued: bool = False) -> list[int]:
        """Recipients whose copy reached them; with `queued` also those whose copy is on its way."""
        wanted = ("archived", "released", "accepted", "delivery") if queued else ("archived", "released")
        if self.states is None:
            return list(range(self.recipients)) if self.status in wanted else []
        return [place for place, state in enumerate(self.states) if state in wanted]

    def first_held(self) -> int | None:
        """The first recipient whose copy is still held."""
        for recipient in range(self.recipients):
            if self.state(recipient) == "held":
                return recipient
        return None


class Timeline:
    """Keys of (time, message, recipient), newest first."""

    def __init__(self) -> None:
        self._keys: list[int] = []

    @staticmethod
    def key(received: int, number: int, recipient: int = 0) -> int:
        """The sort key of an entry."""
        return ((_FAR - received) << (_NUMBER_BITS + RECIPIENT_BITS)) | (number << RECIPIENT_BITS) | recipient

    @staticmethod
    def entry(key: int) -> tuple[int, int]:
        """(message number, recipient) of a key."""
        low = key & _LOW
        return low >> RECIPIENT_BITS, low & (MAX_RECIPIENTS - 1)

    def __len__(self) -> int:
        return len(self._keys)

    def fill(self, keys: Iterable[int]) -> None:
        """Take many keys at once."""
        self._keys = sorted([*self._keys, *keys])

    def add(self, key: int) -> None:
        """Insert one entry at its place."""
        insort(self._keys, key)

    def remove(self, key: int) -> bool:
        """Take an entry out; False when it was not there."""
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            del self._keys[place]
            return True
        return False

    def window(self, start: float, end: float) -> tuple[int, int]:
        """Slice bounds of the entries received from `start` to `end`, both inclusive (seconds)."""
        first = bisect_left(self._keys, (_FAR - int(end // 1)) << (_NUMBER_BITS + RECIPIENT_BITS))
        last = bisect_right(self._keys, ((_FAR - int(-(-start // 1))) << (_NUMBER_BITS + RECIPIENT_BITS)) | _LOW)
        return first, max(first, last)

    def slice(self, first: int, last: int) -> list[int]:
        """The keys at these places."""
        return self._keys[first:last]

    def oldest(self) -> int | None:
        """Key of the entry that was received first."""
        return self._keys[-1] if self._keys else None


class Arrivals:
    """Messages that exist but are not indexed yet."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int]] = []

    def add(self, visible_at: float, number: int) -> None:
        """Remember a message until it becomes visible."""
        heapq.heappush(self._waiting, (visible_at, number))

    def due(self, now: float) -> list[int]:
        """Numbers of the messages that have become visible."""
        ready = []
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(heapq.heappop(self._waiting)[1])
        return ready
