"""A remediation incident: mail that is pulled back out of mailboxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.errors import ResponseError
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.paging import id_of
from mailroom.mimecast.reading import dict_of, int_of, known, note_drift, object_of, text_of

_TYPES = frozenset({"notify_only", "automatic", "manual", "restored"})


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. The counters grow after it was made."""

    id: str
    code: str
    """`TR-...`: what people call it by."""
    type: str
    """`notify_only`, `automatic`, `manual`, `restored` or `other`."""
    reason: str
    identified: int
    """Copies found."""
    successful: int
    """Copies pulled back."""
    failed: int
    restored: int
    created_at: datetime | None
    modified_at: datetime | None
    file_hash: str
    message_id: str
    sender: str
    recipient: str
    start: datetime | None
    end: datetime | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def all_handled(self) -> bool:
        """Something was identified, and every copy of it has succeeded or failed."""
        if self.type == "notify_only":
            return self.identified > 0
        return 0 < self.identified <= self.successful + self.failed

    @classmethod
    def parse(cls, raw: object) -> Incident:
        """Read one incident. Counters that cannot be read are 0 and counted as drift.

        Raises:
            ResponseError: Not an object, or without id.
        """
        entry = object_of("incident", raw)
        if not id_of(entry):
            raise ResponseError("incident: an entry has no id")
        get = entry.get
        criteria = dict_of(get("searchCriteria"))
        return cls(
            id_of(entry),
            text_of(get("code")),
            known("incident type", get("type"), _TYPES),
            text_of(get("reason")),
            _count(entry, "identified"),
            _count(entry, "successful"),
            _count(entry, "failed"),
            _count(entry, "restored"),
            parse_date(get("create")),
            parse_date(get("modified")),
            text_of(criteria.get("fileHash")).lower(),
            text_of(criteria.get("messageId")),
            text_of(criteria.get("from")),
            text_of(criteria.get("to")),
            parse_date(criteria.get("start")),
            parse_date(criteria.get("end")),
            entry,
        )


def _count(entry: dict[str, Any], name: str) -> int:
    value = int_of(entry.get(name))
    if value is None and entry.get(name) is not None:
        note_drift(f"incident {name}", entry.get(name))
    return max(value or 0, 0)
