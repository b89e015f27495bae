"""Looking instead of repeating: is a message still held, and if not, who did what to it?

Effect: reads the tenant. Twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailroom.mimecast import MimecastClient, held
from mailroom.mimecast.models import ReleaseLogEntry

_AROUND = timedelta(seconds=1)  # the queue gives whole seconds
_MOST_PAGES = 4  # of 500: beyond that, asking message by message is cheaper
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


def still_held(client: MimecastClient, refs: Sequence[HeldRef]) -> set[str]:
    """The hold ids among `refs` that are in the hold queue at this moment."""
    if not refs:
        return set()
    if len(refs) == 1:
        return _one_held(client, refs[0])
    wanted = {ref.hold_id for ref in refs}
    found: set[str] = set()
    start = min(ref.received_at for ref in refs) - _AROUND
    end = max(ref.received_at for ref in refs) + _AROUND
    for number, page in enumerate(held.get_hold_message_list(client, start=start, end=end), start=1):
        found |= {entry.id for entry in page} & wanted
        if found == wanted:
            return found
        if number == _MOST_PAGES:
            rest = [ref for ref in refs if ref.hold_id not in found]
            return found.union(*(_one_held(client, ref) for ref in rest))
    return found


def _one_held(client: MimecastClient, ref: HeldRef) -> set[str]:
    pages = held.get_hold_message_list(
        client,
        start=ref.received_at - _AROUND,
        end=ref.received_at + _AROUND,
        search_by=("recipient", ref.recipient),
    )
    return {entry.id for page in pages for entry in page if entry.id == ref.hold_id}


@dataclass(frozen=True)
class LogFinding:
    """What the release log says about a message that is no longer held.

    `status` is "released", "rejected", "" (the log knows nothing of it) or "ambiguous" (entries of several
    alike messages disagree).
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
        )
        for entry in page
        if _same(entry, ref)
    ]
    statuses = {entry.status for entry in entries}
    if not statuses:
        return LogFinding("")
    if len(statuses) > 1:
        return LogFinding("ambiguous")
    latest = max(entries, key=lambda entry: entry.released_at)
    return LogFinding(latest.status, latest.operator, latest.released_at)


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
