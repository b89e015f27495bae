"""Mimecast action "Get Archive Message"."""

from __future__ import annotations

from mailroom.mimecast import archive, capabilities
from mailroom.mimecast.archive_models import ArchiveMessage
from tasks import _open
from tasks._catalogue import reading
from tasks._show import show


@reading(
    "Get Archive Message",
    functions=(capabilities.ARCHIVE_MESSAGE_DETAIL,),
    example="mimecast.get_archive_message(found.ids[0])",
    note="Written to the tenant's view log.",
)
def get_archive_message(
    message_id: str,
    *,
    context: archive.Context = "RECEIVED",
    mimecast: str = "default",
) -> ArchiveMessage:
    """Read what the archive knows about one mail: headers, addresses, attachments; not its body.

    The look is written to the tenant's view log.

    Effect: reads. Twice is harmless.

    Args:
        message_id: The `id` of a search result.
        context: As the mail was RECEIVED, or as it was DELIVERED after policies changed it.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The mail without its body. It stays in the calling flow.

    Raises:
        NotFoundError: no such mail, or no longer.
        RejectedError: not an id of the archive.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/archive/get-message-detail/
    """
    message = archive.get_message_detail(_open.client(mimecast), message_id, context=context)
    rows = [
        {"name": part.name, "type": part.mime_type, "bytes": part.size, "sha256": part.sha256, "id": part.id}
        for part in message.attachments
    ]
    show("archive-message-attachments", rows, "Attachments of the mail.", ids=frozenset({"id", "sha256"}))
    return message
