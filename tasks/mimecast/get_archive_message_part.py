"""Mimecast action "Get Archive Message Part"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.connectors.archive_files import SavedFile, save_file, save_part
from mailroom.mimecast import archive, capabilities
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action


@describe(
    functions=(capabilities.ARCHIVE_MESSAGE_PART, capabilities.ARCHIVE_FILE),
    effect="writes files",
    twice="harmless: the same content is one file",
    example='mimecast.get_archive_message_part(found.ids[0], part="PLAIN").path',
    note="Written to the tenant's view log.",
)
@task(
    name="Mimecast: Get Archive Message Part",
    task_run_name="Get Archive Message Part",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def get_archive_message_part(
    message_id: str = "",
    *,
    part: archive.Part = "PLAIN",
    context: archive.Context = "DELIVERED",
    mailbox: str = "",
    attachment_id: str = "",
    folder: str = "",
    max_bytes: int = archive.LARGEST,
    mimecast: str = "default",
    store: str = "default",
) -> SavedFile:
    """Save a body, the source or an attachment of an archived mail on the worker or in the blob store.

    The content is never part of the result. The look is written to the tenant's view log.

    Effect: reads, writes files. Twice is harmless: the same content is one file.

    Args:
        message_id: The `id` of a search result.
        part: HTML, PLAIN, RFC822 (the whole mail) or TRANSMISSION_MESSAGE_BODY.
        context: As the mail was DELIVERED, or RECEIVED.
        mailbox: Whose copy; empty: Mimecast chooses.
        attachment_id: Instead of a part: the id of an attachment of "Get Archive Message".
        folder: Folder on the worker, made when missing; empty: the blob store.
        max_bytes: Largest file taken, in bytes.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block whose blobs are used.

    Returns:
        Where it lies, its size and SHA-256.

    Raises:
        NotFoundError: no such mail or part, or no longer.
        RejectedError: larger than allowed (code `too_large`), or not an id of the archive.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/archive/get-message-part/
    """
    with action("Get Archive Message Part"):
        client, place = _open.client(mimecast), None if folder.strip() else _open.store(store)
        if attachment_id.strip():
            return save_file(client, attachment_id, folder=folder, store=place, max_bytes=max_bytes)
        return save_part(
            client, message_id, part=part, context=context, mailbox=mailbox, folder=folder, store=place,
            max_bytes=max_bytes,
        )  # fmt: skip
