"""Mail on its way: what is being processed, and how long the queues are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date, parse_date
from mailroom.mimecast.paging import entries_in, id_of, id_or_hash, listed
from mailroom.mimecast.reading import (
    Address,
    OnUnreadable,
    dict_of,
    int_of,
    known,
    list_of,
    object_of,
    text_of,
)
from mailroom.mimecast.statuses import ROUTES


@dataclass(frozen=True, slots=True)
class ProcessingMessage:
    """One message that is being processed or waits for its next attempt."""

    id: str
    created_at: datetime | None
    next_attempt_at: datetime | None
    attempts: int | None
    from_envelope: Address
    from_header: Address
    to: list[Address]
    subject: str
    route: str
    remote_ip: str
    info: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ProcessingMessage:
        """Read one entry.

        Raises:
            ResponseError: Not an object.
        """
        entry = object_of("processing messages", raw)
        get = entry.get
        return cls(
            id_of(entry),
            parse_date(get("created")),
            parse_date(get("nextAttempt")),
            int_of(get("attempts")),
            Address.parse(get("fromEnv")),
            Address.parse(get("fromHeader")),
            [Address.parse(one) for one in list_of(get("to"))],
            text_of(get("subject")),
            known("processing route", get("route"), ROUTES),
            text_of(get("remoteIp")),
            text_of(get("info")),
            entry,
        )


@dataclass(frozen=True, slots=True)
class QueueCount:
    """How many mails were queued at one moment."""

    direction: str
    """`inbound` or `outbound`."""
    at: datetime | None
    count: int


def find_processing_messages(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    search_by: tuple[str, str] | None = None,
    page_size: int = 100,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[ProcessingMessage]]:
    """Messages on their way, newest first, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest, aware.
        end: Latest, aware.
        search_by: A field and its value, in Mimecast's words.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item: dict[str, Any] = {"sortOrder": "desc", "start": format_date(start), "end": format_date(end)}
    if search_by is not None:
        item["searchBy"] = {"fieldName": search_by[0], "value": search_by[1]}
    return listed(
        client, capabilities.PROCESSING_MESSAGES, item, ProcessingMessage.parse, page_size=page_size,
        on_unreadable=on_unreadable, entries=entries_in("messages"), key=id_or_hash,
    )  # fmt: skip


def get_email_queues(client: MimecastClient, *, start: datetime, end: datetime) -> list[QueueCount]:
    """How long the queues were. Effect: reads.

    Raises:
        MailroomError: As `client.call`.
    """
    envelope = client.call(capabilities.EMAIL_QUEUES, [{"start": format_date(start), "end": format_date(end)}])
    return [
        QueueCount(direction, parse_date(dict_of(row).get("date")), int_of(dict_of(row).get("count")) or 0)
        for entry in envelope.data
        for direction in ("inbound", "outbound")
        for row in list_of(dict_of(entry).get(f"{direction}EmailQueue"))
    ]
