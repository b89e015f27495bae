"""The tenant's audit log: who did what in the administration console and through the API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date, parse_date
from mailroom.mimecast.paging import id_of, id_or_hash, listed
from mailroom.mimecast.reading import OnUnreadable, object_of, text_of

log = logging.getLogger(__name__)

REACH = timedelta(days=60)
"""How long audit events are kept."""
OnWarning = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that somebody did."""

    id: str
    at: datetime | None
    type: str
    category: str
    user: str
    info: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> AuditEvent:
        """Read one event.

        Raises:
            ResponseError: Not an object.
        """
        entry = object_of("audit events", raw)
        get = entry.get
        return cls(
            id_of(entry),
            parse_date(get("eventTime")),
            text_of(get("auditType")),
            text_of(get("category")),
            text_of(get("user")),
            text_of(get("eventInfo")),
            entry,
        )


def audit_events(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    query: str = "",
    categories: Sequence[str] = (),
    page_size: int = 100,
    on_warning: OnWarning | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[AuditEvent]]:
    """Audit events of a time window, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest, aware. Events are kept for 60 days; an earlier start is moved, and that is said.
        end: Latest, aware.
        query: Text to look for.
        categories: Mimecast's names of categories; empty = every one.
        page_size: 1 to 500.
        on_warning: Told of a moved start; also logged.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the log as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    earliest = client.now() - REACH
    if start < earliest:
        text = (
            f"audit events are kept for {REACH.days} days: the list starts at {format_date(earliest)} instead of "
            f"{format_date(start)}"
        )
        log.warning("%s", text)
        if on_warning is not None:
            on_warning(text)
        start = earliest
    if start > end:
        return
    item: dict[str, Any] = {"startDateTime": format_date(start), "endDateTime": format_date(end)}
    if query:
        item["query"] = query
    if categories:
        item["categories"] = list(categories)
    yield from listed(
        client, capabilities.AUDIT_EVENTS, item, AuditEvent.parse, page_size=page_size, on_unreadable=on_unreadable,
        key=id_or_hash,
    )  # fmt: skip
