"""Looking instead of repeating: is a message still held, and if not, who did what to it?

Effect: reads the tenant. Twice is harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mailroom.errors import ResponseError
from mailroom.mimecast import MimecastClient, held
from mailroom.mimecast.models import ReleaseLogEntry
from mailroom.mimecast.presence import still_held

__all__ = ["HeldRef", "LogFinding", "log_lines", "release_log", "said_by", "still_held"]

log = logging.getLogger(__name__)

_KNOWN = {"released", "rejected"}
_LOG_MARGIN = timedelta(minutes=5)  # between the clocks of the queue and of the log
_HOLD = timedelta(days=14)
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class HeldRef:
    """What is needed to find one hold entry again."""

    hold_id: str
    recipient: str
    sender: str
    subject: str
    size: int | None
    received_at: datetime
    ends_at: datetime
    """When its hold is over: two weeks after its arrival, or when its content expires."""

    @property
    def looks(self) -> tuple[str, str, str, int | None]:
        """What the release log tells messages apart by."""
        return self.sender.lower(), self.recipient.lower(), " ".join(self.subject.split()), self.size

    @classmethod
    def of(cls, event: dict[str, Any]) -> HeldRef:
        """From the event of an alert."""
        received = datetime.fromisoformat(event["received_at"])
        return cls(
            hold_id=event["hold_id"],
            recipient=event["recipient"],
            sender=(event.get("envelope_from") or event["header_from"]["address"]),
            subject=event["subject"],
            size=event.get("size"),
            received_at=received,
            ends_at=min(received + _HOLD, _instant(event.get("expires_at"))),
        )


def _instant(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value or ""))
    except ValueError:
        return _FAR
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


@dataclass(frozen=True)
class LogFinding:
    """What the release log says about a message that is no longer held.

    `status` is "released", "rejected", "" (the log knows nothing of it) or "ambiguous" (entries of several
    alike messages disagree, or say something that this version does not know).
    """

    status: str
    operator: str = ""
    at: datetime | None = None
    log_id: str = ""
    """The line that says so."""


def release_log(client: MimecastClient, ref: HeldRef) -> LogFinding:
    """What the release log says about `ref`, matched by recipient, sender, subject, size and time."""
    return said_by(log_lines(client, ref))


def log_lines(client: MimecastClient, ref: HeldRef) -> list[ReleaseLogEntry]:
    """The lines of the release log that may be about `ref`: the log names no hold id, so alike mails share them."""
    pages = held.get_held_release_logs(
        client, start=ref.received_at - _LOG_MARGIN, end=client.now() + _LOG_MARGIN, search_by=("to", ref.recipient),
        on_unreadable=_passed_over,
    )  # fmt: skip
    return [entry for page in pages for entry in page if _same(entry, ref)]


def said_by(lines: Sequence[ReleaseLogEntry]) -> LogFinding:
    """What these lines say together."""
    statuses = {line.status for line in lines}
    if not statuses:
        return LogFinding("")
    if len(statuses) > 1 or not statuses <= _KNOWN:
        return LogFinding("ambiguous")
    latest = max(lines, key=lambda line: line.released_at)
    return LogFinding(latest.status, latest.operator, latest.released_at, latest.id)


def _passed_over(_raw: object, error: ResponseError) -> None:
    log.warning("a line of the release log cannot be read and proves nothing: %s", error)


def _same(entry: ReleaseLogEntry, ref: HeldRef) -> bool:
    senders = {entry.from_envelope.address.lower(), entry.from_header.address.lower()}
    return (
        ref.sender.lower() in senders
        and ref.recipient.lower() in _addresses(entry)
        and " ".join(entry.subject.split()) == " ".join(ref.subject.split())
        and (ref.size is None or entry.size is None or ref.size == entry.size)
        and entry.released_at >= ref.received_at - _LOG_MARGIN
    )


def _addresses(entry: ReleaseLogEntry) -> Iterable[str]:
    return {address.address.lower() for address in entry.to}
