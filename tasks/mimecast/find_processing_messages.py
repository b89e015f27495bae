"""Mimecast action "Find Processing Messages"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, queues
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown


@reading(
    "Find Processing Messages",
    functions=(capabilities.PROCESSING_MESSAGES,),
    example='mimecast.find_processing_messages("ann@northwind.example")',
)
def find_processing_messages(
    search_for: str = "",
    *,
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_messages: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[queues.ProcessingMessage]:
    """Find mail that is on its way: being processed, or waiting for its next attempt.

    Effect: reads. Twice is harmless.

    Args:
        search_for: Text to look for in any field; empty: everything.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_messages: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        One entry per message, newest first, with its attempts and what the last one said.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | Processing | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-queues/find-processing-messages/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    search_by = ("all", search_for) if search_for else None
    walk = queues.find_processing_messages(client, start=bounds.start, end=bounds.end, search_by=search_by)
    return shown("processing-messages", take(walk, max_messages), bounds)
