"""What Mimecast's answers mean. Frozen, tolerant of drift: the answer as sent stays in `raw`.

Plain slotted dataclasses: a hold list page of 500 entries is read in a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.errors import ResponseError
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.message_info import Component, MessageInfo
from mailroom.mimecast.reading import (
    Address,
    bool_of,
    dict_of,
    int_of,
    known,
    list_of,
    note_drift,
    text_of,
)
from mailroom.mimecast.statuses import ROUTES, TRACKING_STATUSES

__all__ = [
    "Account",
    "Address",
    "Component",
    "HeldMessage",
    "HoldSummary",
    "MessageInfo",
    "ReleaseLogEntry",
    "TrackedEmail",
]


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """One entry of the hold list: one message for one recipient."""

    id: str
    """Hold id, for release and reject."""
    reason: str
    reason_code: str
    from_envelope: Address
    from_header: Address
    to: Address
    subject: str
    route: str
    """`inbound`, `outbound`, `internal`, `external`, `other`, or empty."""
    has_attachments: bool | None
    size: int | None
    """Bytes."""
    received_at: datetime
    policy: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> HeldMessage:
        """Read one entry.

        Raises:
            ResponseError: No id or no readable date: it could neither be found again nor put in time.
        """
        entry, hold_id = _identified("hold list", raw)
        get = entry.get
        received = parse_date(get("dateReceived"))
        if received is None:
            raise _undated("hold list", "dateReceived", hold_id)
        return cls(
            hold_id,
            text_of(get("reason")),
            text_of(get("reasonCode") or get("reasonId")).lower(),
            Address.parse(get("from")),
            Address.parse(get("fromHeader")),
            Address.parse(get("to")),
            text_of(get("subject")),
            known("hold list route", get("route"), ROUTES),
            bool_of(get("hasAttachments")),
            int_of(get("size")),
            received,
            text_of(get("policyInfo")),
            entry,
        )


@dataclass(frozen=True, slots=True)
class HoldSummary:
    """How many messages one policy holds."""

    policy: str
    count: int


@dataclass(frozen=True, slots=True)
class TrackedEmail:
    """One record of message tracking: one message for all its recipients."""

    id: str
    """Tracking id; not a hold id."""
    status: str
    route: str
    received_at: datetime
    sent_at: datetime | None
    subject: str
    sender_ip: str
    attachments: bool | None
    spam_score: int | None
    detection_level: str
    info: str
    from_envelope: Address
    from_header: Address
    to: list[Address]
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> TrackedEmail:
        """Read one record.

        Raises:
            ResponseError: No id or no readable date.
        """
        entry, tracking_id = _identified("message tracking", raw)
        get = entry.get
        received = parse_date(get("received"))
        if received is None:
            raise _undated("message tracking", "received", tracking_id)
        return cls(
            tracking_id,
            known("tracking status", get("status"), TRACKING_STATUSES),
            known("tracking route", get("route"), ROUTES),
            received,
            parse_date(get("sent")),
            text_of(get("subject")),
            text_of(get("senderIP")),
            bool_of(get("attachments")),
            int_of(get("spamScore")),
            text_of(get("detectionLevel")),
            text_of(get("info")),
            Address.parse(get("fromEnv")),
            Address.parse(get("fromHdr")),
            [Address.parse(address) for address in list_of(get("to"))],
            entry,
        )


@dataclass(frozen=True, slots=True)
class ReleaseLogEntry:
    """One line of the log of released and rejected held mail."""

    id: str
    status: str
    """`released`, `rejected` or `other`."""
    released_at: datetime
    operator: str
    """Address of who did it."""
    policy: str
    held_reason: str
    held_group: str
    reject_reason: str
    subject: str
    from_envelope: Address
    from_header: Address
    to: list[Address]
    route: str
    size: int | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ReleaseLogEntry:
        """Read one line. The id may be missing: lines are matched by what they say.

        Raises:
            ResponseError: Not an object, or no readable date.
        """
        entry = dict_of(raw)
        get = entry.get
        released = parse_date(get("released"))
        if released is None:
            raise _undated("release log", "released", text_of(get("id")) or "without id")
        return cls(
            text_of(get("id")),
            known("release log status", get("status"), frozenset({"released", "rejected"})),
            released,
            Address.parse(get("operator")).address,
            text_of(get("policy")),
            text_of(get("heldReason")),
            text_of(get("heldGroup")),
            text_of(get("rejectReason")),
            text_of(get("subject")),
            Address.parse(get("fromEnv")),
            Address.parse(get("fromHdr")),
            [Address.parse(address) for address in list_of(get("to"))],
            known("release log route", get("route"), ROUTES),
            int_of(get("size")),
            entry,
        )


@dataclass(frozen=True, slots=True)
class Account:
    """The tenant, without its pass phrase and support code."""

    code: str
    name: str
    region: str
    max_retention: int | None
    """Days."""
    search_reason_needed: bool
    packages: tuple[str, ...]

    @classmethod
    def parse(cls, raw: object) -> Account:
        """Read the answer of get-account.

        Raises:
            ResponseError: No account code in it.
        """
        entry = dict_of(raw)
        code = text_of(entry.get("accountCode"))
        if not code:
            raise ResponseError("get-account: the answer names no account code")
        packages = (
            text_of(package.get("name") or package.get("displayName"))
            if isinstance(package, dict)
            else text_of(package)
            for package in list_of(entry.get("packages"))
        )
        return cls(
            code,
            text_of(entry.get("accountName")),
            text_of(entry.get("region")),
            int_of(entry.get("maxRetention")),
            bool_of(entry.get("searchReason")) is True,
            tuple(package for package in packages if package),
        )


def parse_summary(raw: object) -> HoldSummary:
    """Read one line of the hold summary; an unreadable count is 0 and counted as drift."""
    entry = dict_of(raw)
    count = int_of(entry.get("numberOfItems"))
    if count is None:
        note_drift("hold summary numberOfItems", entry.get("numberOfItems"))
    return HoldSummary(text_of(entry.get("policyInfo")), count or 0)


def _identified(where: str, raw: object) -> tuple[dict[str, Any], str]:
    if not isinstance(raw, dict):
        raise ResponseError(f"{where}: an entry is not an object but {type(raw).__name__}")
    entry_id = raw.get("id")
    if not isinstance(entry_id, str) or not entry_id:
        raise ResponseError(f"{where}: an entry has no id")
    return raw, entry_id


def _undated(where: str, name: str, entry_id: str) -> ResponseError:
    return ResponseError(f"{where}: entry {entry_id[:200]!r} has no readable date in {name!r}")
