"""What authenticates a request: the two schemes behind one interface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from mailroom.mimecast.capabilities import Generation
from mailroom.mimecast.envelope import Envelope


@dataclass(slots=True)
class Signed:
    """The headers of one request, and which state of the credentials made them."""

    headers: dict[str, str]
    mark: int
    proof: bytes
    """What an answer must not be able to smuggle into a message by echoing it: this signature or token."""


class Authenticator(Protocol):
    """Makes the headers of one request and says whether a refused one may be repeated."""

    generation: Generation

    def signed(self, path: str, seconds: float) -> Signed:
        """Fresh headers for one request to `path`; may take up to `seconds` to get a token."""

    def renewed(self, signed: Signed, envelope: Envelope, seconds: float) -> bool:
        """After HTTP 401 or 418 for a request with these headers: True when a repeat is worth one try."""


State = TypeVar("State")


class SharedStates:
    """State that all clients with equal credentials share, such as one bearer token. Thread-safe."""

    def __init__(self) -> None:
        self._states: dict[tuple[object, ...], object] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], make: Callable[[], State]) -> State:
        """The state for `key`, made on first use."""
        with self._lock:
            return cast("State", self._states.setdefault(key, make()))


SHARED = SharedStates()
