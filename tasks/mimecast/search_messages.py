"""Mimecast action "Search Messages"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.comma_list import comma_list
from mailroom.mimecast import capabilities, tracking
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.field_checks import checked_message_id
from mailroom.mimecast.models import TrackedEmail
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown, warn


@reading(
    "Search Messages",
    functions=(capabilities.TRACKING_SEARCH,),
    example='mimecast.search_messages(sender="fabrikam.example", status="held,rejected", time_frame="Last 24 Hours")',
)
def search_messages(
    sender: str = "",
    *,
    recipient: str = "",
    subject: str = "",
    sender_ip: str = "",
    url: str = "",
    message_id: str = "",
    status: str = "",
    route: str = "",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_messages: Annotated[int, Field(ge=1, le=100_000)] = 200,
    search_reason: str = "Mailroom",
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[TrackedEmail]:
    """Search message tracking: what came, from whom, and what became of it.

    Effect: reads. Twice is harmless.

    Args:
        sender: Address or domain. A domain does not include its subdomains.
        recipient: Likewise.
        subject: Words of the subject.
        sender_ip: Address of the sending server.
        url: A link in the message.
        message_id: RFC Message-ID, with or without angle brackets; the fields above must then be empty.
        status: Of delivery, held, accepted, bounced, deferred, rejected, archived; separated by commas; empty: all.
        route: Of inbound, outbound, internal; separated by commas; empty: all.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_messages: Stop after so many.
        search_reason: Written into the tenant's audit log.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Tracked messages, newest first. Tracking reaches back 29 days and 23 hours; an earlier start is moved and said.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Gateway | Tracking | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-finder/search/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    options = {"from": sender, "to": recipient, "subject": subject, "senderIP": sender_ip, "url": url}
    walk = tracking.search(
        client, start=bounds.start, end=bounds.end, status=comma_list(status), route=comma_list(route), options=options,
        message_id=checked_message_id(message_id, "Message ID") if message_id.strip() else None,
        reason=search_reason, on_warning=warn,
    )  # fmt: skip
    return shown("messages", take(walk, max_messages), bounds)
