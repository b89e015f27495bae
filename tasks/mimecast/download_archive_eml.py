"""Mimecast action "Download Archive EML"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.connectors.archive_files import SavedFile, save_part
from mailroom.mimecast import archive, capabilities
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action


@describe(
    functions=(capabilities.ARCHIVE_MESSAGE_PART,),
    effect="writes files",
    twice="harmless: the same mail is one file",
    example="mimecast.download_archive_eml(found.ids[0]).path",
    note="Written to the tenant's view log.",
)
@task(
    name="Mimecast: Download Archive EML",
    task_run_name="Download Archive EML",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def download_archive_eml(
    message_id: str,
    *,
    folder: str = "",
    context: archive.Context = "RECEIVED",
    mailbox: str = "",
    max_bytes: int = archive.LARGEST,
    mimecast: str = "default",
    store: str = "default",
) -> SavedFile:
    """Save the whole source of an archived mail on the worker or in the blob store.

    The content is never part of the result. The look is written to the tenant's view log.

    Effect: reads, writes files. Twice is harmless: the same mail is one file.

    Args:
        message_id: The `id` of a search result.
        folder: Folder on the worker, made when missing; empty: the blob store.
        context: As the mail was RECEIVED, or as it was DELIVERED after policies changed it.
        mailbox: Whose copy; empty: Mimecast chooses.
        max_bytes: Largest mail taken, in bytes.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block whose blobs are used.

    Returns:
        Where it lies, its size and SHA-256.

    Raises:
        NotFoundError: no such mail, or no longer.
        RejectedError: larger than allowed (code `too_large`), or not an id of the archive.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/archive/get-message-part/
    """
    with action("Download Archive EML"):
        place = None if folder.strip() else _open.store(store)
        return save_part(
            _open.client(mimecast), message_id, context=context, mailbox=mailbox, folder=folder, store=place,
            max_bytes=max_bytes,
        )  # fmt: skip
