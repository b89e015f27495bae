"""Mimecast action "Get Email Queues"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, queues
from mailroom.mimecast.archive_frames import TimeFrame
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown


@reading(
    "Get Email Queues",
    functions=(capabilities.EMAIL_QUEUES,),
    example='mimecast.get_email_queues("Last 6 Hours")',
)
def get_email_queues(
    time_frame: TimeFrame = "Last 24 Hours",
    *,
    start_time: str = "",
    end_time: str = "",
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[queues.QueueCount]:
    """Count the mail that waited in the queues, inbound and outbound.

    Effect: reads. Twice is harmless.

    Args:
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        How many mails were queued, per direction and moment. A queue that grows says that mail is late.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Account | Dashboard | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/email/get-email-queues/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    return shown("email-queues", queues.get_email_queues(client, start=bounds.start, end=bounds.end), bounds)
