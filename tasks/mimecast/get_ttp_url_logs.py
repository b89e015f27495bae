"""Mimecast action "Get TTP URL Logs"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, ttp_logs
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from mailroom.mimecast.ttp_models import UrlClick
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown


@reading(
    "Get TTP URL Logs",
    functions=(capabilities.URL_LOGS,),
    example='mimecast.get_ttp_url_logs("malicious", time_frame="Last Week")',
)
def get_ttp_url_logs(
    scan_result: Literal["all", "clean", "malicious"] = "all",
    *,
    route: Literal["all", "inbound", "outbound", "internal"] = "all",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[UrlClick]:
    """Read who clicked which link, and what was found behind it.

    Effect: reads. Twice is harmless.

    Args:
        scan_result: Only clicks with this result.
        route: Only mail of this direction.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_entries: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Clicks, newest first.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | URL Protection | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/get-ttp-url-logs/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = ttp_logs.url_logs(client, start=bounds.start, end=bounds.end, scan_result=scan_result, route=route)
    return shown("ttp-url-logs", take(walk, max_entries), bounds)
