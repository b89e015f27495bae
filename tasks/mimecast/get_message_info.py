"""Mimecast action "Get Message Info"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, tracking
from mailroom.mimecast.models import MessageInfo
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Message Info",
    functions=(capabilities.GET_MESSAGE_INFO,),
    example="mimecast.get_message_info(found[0].id)",
)
def get_message_info(
    tracking_id: str,
    *,
    mimecast: str = "default",
) -> MessageInfo:
    """Read everything message tracking knows about one message: headers, verdict, recipients, parts; not its body.

    Effect: reads. Twice is harmless.

    Args:
        tracking_id: The id of a tracked message. It changes with the message's status: search again when it is gone.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The message. It stays in the calling flow.

    Raises:
        NotFoundError: gone, or its id changed with its status.
        RejectedError: not an id of message tracking.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-finder/get-message-info/
    """
    info = tracking.get_message_info(_open.client(mimecast), tracking_id)
    shown("message-info", [info], columns=("status", "route", "risk", "queue_reason", "from_header", "subject"))
    return info
