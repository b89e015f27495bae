"""Files out of the archive: into the blob store or into a folder, never into a result.

What is written bears a name of ours, made of its digest: nothing a sender wrote becomes part of a path, and HTML gets
an ending that no browser opens.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.mail.actions.safe_files import SafeFolder
from mailroom.mimecast import MimecastClient, archive
from mailroom.store import Store

_ENDINGS = {"RFC822": ".eml", "HTML": ".html.txt", "PLAIN": ".txt", "TRANSMISSION_MESSAGE_BODY": ".txt"}


@dataclass(frozen=True, slots=True)
class SavedFile:
    """Where a file of the archive lies now. Its content is not in here."""

    is_success: bool
    message: str
    path: str
    """Full path in the folder; empty when it went to the blob store."""
    blob: str
    """SHA-256 under which the blob store has it; empty when it went to a folder."""
    size: int
    """Bytes."""
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return asdict(self)


def save_part(
    client: MimecastClient,
    message_id: str,
    *,
    part: archive.Part = "RFC822",
    context: archive.Context = "DELIVERED",
    mailbox: str = "",
    folder: str | Path = "",
    store: Store | None = None,
    max_bytes: int = archive.LARGEST,
) -> SavedFile:
    """Save the source or a body of an archived mail. Effect: reads, writes one file. Twice is harmless: it is one file.

    Args:
        client: Which tenant.
        message_id: Id of a search row.
        part: `RFC822` is the whole mail.
        context: As it was delivered, or received.
        mailbox: Whose copy; empty: Mimecast chooses.
        folder: Where to; made when missing. Empty: into the blob store.
        store: Whose blobs; needed without a folder.
        max_bytes: Largest part taken; it is held in memory once.

    Raises:
        InvalidInputError: No place to write to, or the folder cannot be used.
        StoreUnavailableError: The blobs cannot be written.
        MailroomError: As `archive.get_message_part`.
    """
    sink = BytesIO()
    archive.get_message_part(client, message_id, sink, part=part, context=context, mailbox=mailbox, max_bytes=max_bytes)
    return _save(sink.getvalue(), _ENDINGS[part.upper()], folder, store)


def save_file(
    client: MimecastClient,
    file_id: str,
    *,
    folder: str | Path = "",
    store: Store | None = None,
    max_bytes: int = archive.LARGEST,
) -> SavedFile:
    """Save an attachment of an archived mail. Effect and arguments as `save_part`.

    Raises:
        MailroomError: As `save_part`.
    """
    sink = BytesIO()
    archive.get_file(client, file_id, sink, max_bytes=max_bytes)
    return _save(sink.getvalue(), ".attachment", folder, store)


def _save(content: bytes, ending: str, folder: str | Path, store: Store | None) -> SavedFile:
    sha256 = hashlib.sha256(content).hexdigest()
    if str(folder).strip():
        with SafeFolder(folder) as place:
            path, written = place.write(f"archive {sha256[:24]}{ending}", content)
        text = "written" if written else "was there already"
        return SavedFile(True, f"{len(content)} bytes {text}", str(path), "", len(content), sha256)
    if store is None:
        raise InvalidInputError("there is no place for the file: name a folder, or a store")
    blob = store.blobs.put(content)
    return SavedFile(True, f"{len(content)} bytes kept in the blob store", "", blob, len(content), sha256)
