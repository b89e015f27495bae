"""Mimecast action "Get Remediation Incident"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, remediation
from mailroom.mimecast.incident import Incident
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Remediation Incident",
    functions=(
        capabilities.GET_INCIDENT,
        capabilities.FIND_INCIDENTS,
    ),
    example='mimecast.get_remediation_incident("TR-NWSBX-00001-M")',
)
def get_remediation_incident(
    incident: str,
    *,
    mimecast: str = "default",
) -> Incident:
    """Read how far the removal of mail from mailboxes is.

    Effect: reads. Twice is harmless.

    Args:
        incident: Its id, or its code (TR-...).
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The incident: how many copies were identified, pulled back, failed.

    Raises:
        NotFoundError: no such incident.
        PermissionMissingError: the role lacks Services | Threat Remediation | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/threat-remediation/get-remediation-incident/
    """
    found = remediation.incident_of(_open.client(mimecast), incident)
    shown("remediation-incident", [found])
    return found
