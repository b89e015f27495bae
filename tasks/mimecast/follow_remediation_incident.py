"""Mimecast action "Follow Remediation Incident"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, remediation
from mailroom.mimecast.incident import Incident
from tasks import _open
from tasks._catalogue import reading
from tasks._progress import artifact_progress
from tasks.mimecast._found import shown, warn


@reading(
    "Follow Remediation Incident",
    functions=(
        capabilities.GET_INCIDENT,
        capabilities.FIND_INCIDENTS,
    ),
    example='mimecast.follow_remediation_incident("TR-NWSBX-00001-M", max_minutes=30).finished',
)
def follow_remediation_incident(
    incident: str,
    *,
    max_minutes: Annotated[float, Field(gt=0, le=1_440)] = 15,
    mimecast: str = "default",
) -> remediation.Followed:
    """Look at an incident again and again until every copy that was found is pulled back or has failed.

    Effect: reads. Twice is harmless.

    Args:
        incident: Its id, or its code (TR-...).
        max_minutes: Stop looking after so long; that is not an error.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The incident as last seen, and whether it was finished.

    Raises:
        NotFoundError: no such incident.
        PermissionMissingError: the role lacks Services | Threat Remediation | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/threat-remediation/get-remediation-incident/
    """
    client = _open.client(mimecast)
    found = remediation.incident_of(client, incident)
    with artifact_progress("Remediation") as progress:

        def tell(now: Incident) -> None:
            progress("pulled back or failed", now.successful + now.failed, now.identified)

        followed = remediation.follow_incident(client, found.id, on_progress=tell, deadline=max_minutes * 60)
    if not followed.finished:
        warn(
            f"{followed.incident.code} was not finished after {max_minutes:g} minutes; run this again to go on looking"
        )
    shown("remediation-incident", [followed.incident])
    return followed
