"""Looking instead of repeating: is a message still held, and if not, who did what to it?

Effect: reads the tenant. Twice is harmless.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailroom.errors import ResponseError
from mailroom.mimecast import MimecastClient, held
from mailroom.mimecast.models import ReleaseLogEntry
from mailroom.mimecast.presence import still_held

__all__ = ["HeldRef", "LogFinding", "release_log", "still_held"]

log = logging.getLogger(__name__)

_KNOWN = {"released", "rejected"}
_LOG_MARGIN = timedelta(minutes=5)  # between the clocks of the queue and of the log


@dataclass(frozen=True)
class HeldRef:
    """What is needed to find one hold entry again."""

    hold_id: str
    recipient: str
    sender: str
    subject: str
    size: int | None
    received_at: datetime

    @classmethod
    def of(cls, event: dict[str, Any]) -> HeldRef:
        """From the event of an alert."""
        return cls(
            hold_id=event["hold_id"],
            recipient=event["recipient"],
            sender=(event.get("envelope_from") or event["header_from"]["address"]),
            subject=event["subject"],
            size=event.get("size"),
            received_at=datetime.fromisoformat(event["received_at"]),
        )


@dataclass(frozen=True)
class LogFinding:
    """What the release log says about a message that is no longer held.

    `status` is "released", "rejected", "" (the log knows nothing of it) or "ambiguous" (entries of several
    alike messages disagree, or say something that this version does not know).
    """

    status: str
    operator: str = ""
    at: datetime | None = None


def release_log(client: MimecastClient, ref: HeldRef) -> LogFinding:
    """What the release log says about `ref`, matched by recipient, sender, subject, size and time."""
    entries = [
        entry
        for page in held.get_held_release_logs(
            client,
            start=ref.received_at - _LOG_MARGIN,
            end=client.now() + _LOG_MARGIN,
            search_by=("to", ref.recipient),
            on_unreadable=_passed_over,
        )
        for entry in page
        if _same(entry, ref)
    ]
    statuses = {entry.status for entry in entries}
    if not statuses:
        return LogFinding("")
    if len(statuses) > 1 or not statuses <= _KNOWN:
        return LogFinding("ambiguous")
    latest = max(entries, key=lambda entry: entry.released_at)
    return LogFinding(latest.status, latest.operator, latest.released_at)


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
