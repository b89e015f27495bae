"""Mimecast action "Get TTP Attachment Logs"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, ttp_logs
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from mailroom.mimecast.ttp_models import AttachmentScan
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown


@reading(
    "Get TTP Attachment Logs",
    functions=(capabilities.ATTACHMENT_LOGS,),
    example='mimecast.get_ttp_attachment_logs("malicious")',
)
def get_ttp_attachment_logs(
    result: str = "all",
    *,
    route: Literal["all", "inbound", "outbound", "internal"] = "all",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[AttachmentScan]:
    """Read which attachments were scanned, and what was found in them.

    Effect: reads. Twice is harmless.

    Args:
        result: all, safe, malicious, timeout, unknown; sources differ on the list, others are passed on.
        route: Only mail of this direction.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_entries: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Scanned files with their SHA-256, newest first.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | Attachment Protection | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/get-ttp-attachment-protection-logs/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = ttp_logs.attachment_logs(client, start=bounds.start, end=bounds.end, result=result, route=route)
    return shown("ttp-attachment-logs", take(walk, max_entries), bounds)
