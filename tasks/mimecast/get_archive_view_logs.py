"""Mimecast action "Get Archive View Logs"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import archive, capabilities
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.archive_models import ArchiveLogEntry
from tasks._catalogue import reading
from tasks.mimecast._archive_logs import logged


@reading(
    "Get Archive View Logs",
    functions=(capabilities.VIEW_LOGS,),
    example='mimecast.get_archive_view_logs("Last Week")',
)
def get_archive_view_logs(
    time_frame: TimeFrame = "Last 24 Hours",
    *,
    start_time: str = "",
    end_time: str = "",
    query: str = "",
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[ArchiveLogEntry]:
    """Read who looked at archived mails.

    Effect: reads. Twice is harmless.

    Args:
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        query: Only lines with these words; empty: all.
        max_entries: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The lines of the view log, newest first. They stay in the calling flow.

    Raises:
        InvalidInputError: a time cannot be meant.
        PermissionMissingError: the role lacks Archive | View Logs | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/archive/
    """
    return logged(
        "get-archive-view-logs", archive.view_logs, time_frame=time_frame, start_time=start_time, end_time=end_time,
        query=query, most=max_entries, time_zone=time_zone, mimecast=mimecast,
    )  # fmt: skip
