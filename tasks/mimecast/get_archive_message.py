"""Mimecast action "Get Archive Message"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import archive, capabilities
from mailroom.mimecast.archive_models import ArchiveMessage
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._show import show
from tasks._wording import action


@describe(
    functions=(capabilities.ARCHIVE_MESSAGE_DETAIL,),
    effect="reads",
    twice="harmless",
    example="mimecast.get_archive_message(found.ids[0])",
    note="Written to the tenant's view log.",
)
@task(
    name="Mimecast: Get Archive Message",
    task_run_name="Get Archive Message",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
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
    with action("Get Archive Message"):
        message = archive.get_message_detail(_open.client(mimecast), message_id, context=context)
        rows = [
            {"name": part.name, "type": part.mime_type, "bytes": part.size, "sha256": part.sha256, "id": part.id}
            for part in message.attachments
        ]
        show("archive-message-attachments", rows, "Attachments of the mail.", ids=frozenset({"id", "sha256"}))
    return message
