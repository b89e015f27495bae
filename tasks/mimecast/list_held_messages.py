"""Mimecast action "List Held Messages"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, held
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.models import HeldMessage
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown

SearchIn = Literal["all", "subject", "sender", "recipient", "reason_code"]


@reading(
    "List Held Messages",
    functions=(capabilities.HOLD_LIST,),
    example='mimecast.list_held_messages("invoice", search_in="subject")',
)
def list_held_messages(
    search_for: str = "",
    *,
    search_in: SearchIn = "all",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_messages: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[HeldMessage]:
    """List what is held now, for all recipients.

    Effect: reads. Twice is harmless.

    Args:
        search_for: Text to look for; empty: everything.
        search_in: Where to look for it.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_messages: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        One entry per message and recipient, newest first.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Account | Dashboard | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-queues/get-hold-message-list/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    search_by = (search_in, search_for) if search_for else None
    walk = held.get_hold_message_list(client, start=bounds.start, end=bounds.end, search_by=search_by)
    return shown("held-messages", take(walk, max_messages), bounds)
