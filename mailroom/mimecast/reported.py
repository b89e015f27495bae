"""What users reported as suspicious (API 2.0)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.paging import id_of, id_or_hash
from mailroom.mimecast.reading import Address, OnUnreadable, list_of, object_of, parse_all, text_of
from mailroom.mimecast.rest_paging import MOST, rest_pages


@dataclass(frozen=True, slots=True)
class ReportedEmail:
    """One report. The vendor publishes no field list, so several names are tried and the answer is kept."""

    id: str
    reported_at: datetime | None
    reported_by: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    verdict: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ReportedEmail:
        """Read one report.

        Raises:
            ResponseError: Not an object.
        """
        entry = object_of("reported emails", raw)

        def first(*names: str) -> Any:
            return next((entry[name] for name in names if entry.get(name)), None)

        return cls(
            id_of(entry),
            parse_date(first("reportedAt", "reportedDate", "createdAt", "date")),
            Address.parse(first("reportedBy", "reporter")).address,
            Address.parse(first("from", "sender", "senderAddress")).address,
            tuple(filter(None, (Address.parse(one).address for one in list_of(first("to", "recipients"))))),
            text_of(first("subject")),
            text_of(first("messageId", "mimeMessageId")),
            text_of(first("verdict", "classification", "status")).lower(),
            entry,
        )


def reported_emails(
    client: MimecastClient, *, page_size: int = MOST, on_unreadable: OnUnreadable | None = None
) -> Iterator[list[ReportedEmail]]:
    """What users reported, one list per page, in Mimecast's order. API 2.0 only. Effect: reads.

    Args:
        client: Which tenant.
        page_size: 1 to 100.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        NotOfferedError: The client uses API 1.0.
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.rest`.
    """
    walk = rest_pages(
        client,
        capabilities.REPORTED_EMAILS,
        {},
        names=("data", "value", "reportedEmails", "items"),
        key=id_or_hash,
        page_size=page_size,
    )
    for raw in walk:
        yield parse_all(raw, ReportedEmail.parse, on_unreadable)
