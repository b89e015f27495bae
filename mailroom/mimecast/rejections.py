"""Mail that was refused at the gateway's door and never accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date, parse_date
from mailroom.mimecast.paging import entries_in, id_of, id_or_hash, listed
from mailroom.mimecast.reading import Address, OnUnreadable, list_of, object_of, text_of


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refused mail. The vendor publishes no field list, so nothing but an object is required."""

    id: str
    at: datetime | None
    from_envelope: Address
    from_header: Address
    to: list[Address]
    subject: str
    route: str
    remote_ip: str
    type: str
    """Why, in short: `IP Found in RBL`, `Recipient Verification`, ..."""
    info: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> Rejection:
        """Read one entry.

        Raises:
            ResponseError: Not an object.
        """
        entry = object_of("rejections", raw)

        def first(*names: str) -> Any:
            return next((entry[name] for name in names if entry.get(name)), None)

        return cls(
            id_of(entry),
            parse_date(first("received", "date", "eventTime", "created")),
            Address.parse(first("fromEnv", "from", "sender")),
            Address.parse(first("fromHdr", "fromHeader")),
            [Address.parse(one) for one in list_of(first("to", "recipients"))],
            text_of(first("subject")),
            text_of(first("route")).lower(),
            text_of(first("remoteIp", "senderIP", "ip")),
            text_of(first("rejectType", "rejectionType", "type")),
            text_of(first("rejectInfo", "rejectionInfo", "info", "reason")),
            entry,
        )


def get_rejections(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    page_size: int = 100,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[Rejection]]:
    """Refused mail of all recipients, one list per page. Kept for seven days. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest, aware.
        end: Latest, aware.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item = {"admin": True, "start": format_date(start), "end": format_date(end)}
    return listed(
        client, capabilities.REJECTIONS, item, Rejection.parse, page_size=page_size, on_unreadable=on_unreadable,
        entries=entries_in("rejections", "rejectionLogs", "messages"), key=id_or_hash,
    )  # fmt: skip
