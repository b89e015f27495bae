"""Mimecast action "Get Audit Events"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.comma_list import comma_list
from mailroom.mimecast import audit, capabilities
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown, warn


@reading(
    "Get Audit Events",
    functions=(capabilities.AUDIT_EVENTS,),
    example='mimecast.get_audit_events("policy", time_frame="Last Week")',
)
def get_audit_events(
    query: str = "",
    *,
    categories: str = "",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_events: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[audit.AuditEvent]:
    """Read what administrators and API applications did in the tenant.

    Effect: reads. Twice is harmless.

    Args:
        query: Text to look for; empty: everything.
        categories: Mimecast's names of categories, separated by commas; empty: all.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_events: Stop after so many.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Events. They are kept for 60 days; an earlier start is moved and said.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Account | Logs | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/get-audit-events/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = audit.audit_events(
        client, start=bounds.start, end=bounds.end, query=query, categories=comma_list(categories), on_warning=warn
    )
    return shown("audit-events", take(walk, max_events), bounds)
