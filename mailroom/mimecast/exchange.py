"""One request and its answer, whatever their shape: what the client repeats, signs anew and holds back at the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mailroom.mimecast.envelope import Envelope, read_envelope
from mailroom.mimecast.transport import Reply, Transport


class Exchange(Protocol):
    """One request that may be sent several times."""

    def send(self, headers: dict[str, str], seconds: float) -> Reply:
        """Send it once with these headers, within so many seconds. Errors as `Transport.send`."""

    def read(self, status: int, body: bytes, request_id: str) -> Envelope:
        """Read the answer. Raises ResponseError when it cannot be read."""


@dataclass(frozen=True, slots=True)
class JsonExchange:
    """A JSON request, answered by an envelope."""

    transport: Transport
    url: str
    body: bytes

    def send(self, headers: dict[str, str], seconds: float) -> Reply:
        """POST it."""
        return self.transport.send("POST", self.url, headers, self.body, seconds=seconds)

    def read(self, status: int, body: bytes, request_id: str) -> Envelope:
        """As any envelope."""
        return read_envelope(status, body, request_id=request_id)
