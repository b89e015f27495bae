"""Mimecast action "Get Reported Emails"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, reported
from mailroom.mimecast.rows import take
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Reported Emails",
    functions=(capabilities.REPORTED_EMAILS,),
    example="mimecast.get_reported_emails(50)",
)
def get_reported_emails(
    max_emails: Annotated[int, Field(ge=1, le=100_000)] = 100,
    *,
    mimecast: str = "default",
) -> list[reported.ReportedEmail]:
    """Read what users reported as suspicious. API 2.0 only.

    Effect: reads. Twice is harmless.

    Args:
        max_emails: Stop after so many.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Reports, in Mimecast's order.

    Raises:
        NotOfferedError: the block has credentials of API 1.0.
        PermissionMissingError: the role lacks the permission for threat and security statistics.

    Source: https://developer.services.mimecast.com/
    """
    return shown("reported-emails", take(reported.reported_emails(_open.client(mimecast)), max_emails))
