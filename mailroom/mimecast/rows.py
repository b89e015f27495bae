"""Models of answers as rows: for JSON, for tables on a terminal, for tables that anyone may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from mailroom.mimecast.audit import AuditEvent
from mailroom.mimecast.groups import Group, GroupMember
from mailroom.mimecast.incident import Incident
from mailroom.mimecast.models import HeldMessage, HoldSummary, ReleaseLogEntry, TrackedEmail
from mailroom.mimecast.policy_models import BlockPolicy
from mailroom.mimecast.queues import ProcessingMessage, QueueCount
from mailroom.mimecast.reading import Address
from mailroom.mimecast.rejections import Rejection
from mailroom.mimecast.reported import ReportedEmail
from mailroom.mimecast.ttp_models import AttachmentScan, Impersonation, UrlClick
from mailroom.mimecast.url_tools import ManagedUrl

Row = TypeVar("Row")

COLUMNS: dict[type, tuple[str, ...]] = {
    TrackedEmail: ("received_at", "status", "route", "from_header", "to", "subject", "info", "id"),
    HeldMessage: ("received_at", "from_header", "to", "subject", "reason", "policy", "id"),
    HoldSummary: ("policy", "count"),
    ReleaseLogEntry: ("released_at", "status", "operator", "from_header", "to", "subject", "held_reason"),
    UrlClick: ("at", "action", "scan_result", "category", "user", "sender", "subject", "url"),
    AttachmentScan: ("at", "result", "action", "sender", "recipient", "file_name", "sha256"),
    Impersonation: ("at", "action", "sender", "recipient", "subject", "identifiers", "similar_domains"),
    Incident: ("code", "type", "reason", "identified", "successful", "failed", "created_at", "id"),
    Group: ("description", "source", "user_count", "id"),
    GroupMember: ("value", "name", "internal", "type", "notes"),
    AuditEvent: ("at", "type", "category", "user", "info"),
    ManagedUrl: ("action", "match_type", "url", "comment", "id"),
    BlockPolicy: (
        "option",
        "sender_type",
        "sender",
        "recipient_type",
        "recipient",
        "enabled",
        "end",
        "description",
        "id",
    ),
    Rejection: ("at", "type", "from_envelope", "to", "remote_ip", "info"),
    ProcessingMessage: ("created_at", "from_header", "to", "subject", "attempts", "next_attempt_at", "info"),
    QueueCount: ("direction", "at", "count"),
    ReportedEmail: ("reported_at", "reported_by", "sender", "subject", "verdict"),
}
"""What is shown of each kind, in this order."""

IDS = frozenset({"id", "sha256"})
"""Columns to copy from: shown whole."""


def take(walk: Iterable[list[Row]], most: int) -> list[Row]:
    """The first `most` entries of a walk over pages; further pages are not asked for. 0 = all."""
    found: list[Row] = []
    for page in walk:
        found += page
        if 0 < most <= len(found):
            return found[:most]
    return found


def mentions(policy: BlockPolicy, text: str) -> bool:
    """Whether a policy has this in sender, recipient, description or comment; case does not matter."""
    places = (policy.sender, policy.recipient, policy.description, policy.comment)
    return any(text.strip().lower() in place.lower() for place in places)


def as_json(value: object) -> Any:
    """A model as JSON: our names, times in UTC as ISO 8601, without the answer as sent."""
    if isinstance(value, Address):
        return {"address": value.address, "name": value.display_name} if value.display_name else value.address
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value) if each.name != "raw"}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    return value


def as_rows(models: Iterable[Any], columns: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
    """One flat row of texts per model, with the columns of its kind."""
    for model in models:
        names = columns or COLUMNS.get(type(model)) or tuple(each.name for each in fields(model) if each.name != "raw")
        yield {name.removesuffix("_at"): as_text(getattr(model, name)) for name in names}


def as_text(value: object) -> str:
    """A value as a person reads it; times in UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Address):
        return value.address or value.display_name
    if isinstance(value, (list, tuple)):
        return ", ".join(text for each in value if (text := as_text(each)))
    return str(value)
