"""Mimecast action "Get Rejections"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, rejections
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown


@reading(
    "Get Rejections",
    functions=(capabilities.REJECTIONS,),
    example='mimecast.get_rejections("Last 6 Hours")',
)
def get_rejections(
    time_frame: TimeFrame = "Last 24 Hours",
    *,
    start_time: str = "",
    end_time: str = "",
    max_messages: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[rejections.Rejection]:
    """Read which mail was refused at the gateway's door.

    Effect: reads. Twice is harmless.

    Args:
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_messages: Stop after so many.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Refused mail of all recipients. Mimecast keeps it for seven days.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | Rejections | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/get-rejection-logs/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = rejections.get_rejections(client, start=bounds.start, end=bounds.end)
    return shown("rejections", take(walk, max_messages), bounds)
