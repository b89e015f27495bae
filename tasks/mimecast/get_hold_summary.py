"""Mimecast action "Get Hold Summary"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, held
from mailroom.mimecast.models import HoldSummary
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Hold Summary",
    functions=(capabilities.HOLD_SUMMARY,),
    example="mimecast.get_hold_summary()",
)
def get_hold_summary(
    mimecast: str = "default",
) -> list[HoldSummary]:
    """Count what is held, policy by policy.

    Effect: reads. Twice is harmless.

    Args:
        mimecast: Name of the MimecastCredentials block.

    Returns:
        One line per policy.

    Raises:
        PermissionMissingError: the role lacks Account | Monitoring | Held Summary | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-queues/get-hold-summary-list/
    """
    return shown("hold-summary", held.get_hold_summary_list(_open.client(mimecast)))
