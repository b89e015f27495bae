"""Mimecast action "Find Remediation Incidents"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, remediation
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.incident import Incident
from mailroom.mimecast.rows import take
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown

SearchIn = Literal["all", "code", "file_hash", "reason"]
IncidentType = Literal["", "automatic", "manual", "notify_only", "restored"]


@reading(
    "Find Remediation Incidents",
    functions=(capabilities.FIND_INCIDENTS,),
    example='mimecast.find_remediation_incidents("case 42", search_in="reason", time_frame="Last Week")',
)
def find_remediation_incidents(
    search_for: str = "",
    *,
    search_in: SearchIn = "all",
    incident_type: IncidentType = "",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_incidents: Annotated[int, Field(ge=1, le=100_000)] = 100,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[Incident]:
    """Find remediation incidents by reason, code, file hash or type.

    Effect: reads. Twice is harmless.

    Args:
        search_for: Text to look for. This or a type must be given.
        search_in: Where to look for it.
        incident_type: Only incidents of this type.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_incidents: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Incidents, newest first.

    Raises:
        InvalidInputError: neither a text nor a type is given, or a time cannot be meant.
        PermissionMissingError: the role lacks Services | Threat Remediation | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/threat-remediation/find-remediation-incidents/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = remediation.find_incidents(
        client, start=bounds.start, end=bounds.end, search_by=(search_in, search_for) if search_for else None,
        kind=incident_type,
    )  # fmt: skip
    return shown("remediation-incidents", take(walk, max_incidents), bounds)
