"""Mimecast action "Get Held Release Logs"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, held
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.models import ReleaseLogEntry
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown

SearchIn = Literal["all", "operator", "from", "to", "subject", "info", "heldReason"]
Status = Literal["all", "released", "rejected"]


@reading(
    "Get Held Release Logs",
    functions=(capabilities.RELEASE_LOGS,),
    example='mimecast.get_held_release_logs("ann@northwind.example", search_in="to", status="released")',
)
def get_held_release_logs(
    search_for: str = "",
    *,
    search_in: SearchIn = "all",
    status: Status = "all",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[ReleaseLogEntry]:
    """Read who released or rejected held mail.

    Effect: reads. Twice is harmless.

    Args:
        search_for: Text to look for; empty: everything.
        search_in: Where to look for it.
        status: Only released or only rejected mail.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_entries: Stop after so many.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The lines of the log.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | Held | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-queues/get-held-release-logs/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = held.get_held_release_logs(
        client, start=bounds.start, end=bounds.end, search_by=(search_in, search_for) if search_for else None,
        status=None if status == "all" else status,
    )  # fmt: skip
    return shown("held-release-logs", take(walk, max_entries), bounds)
