"""Files of a case: taken from a disk, taken over from an alert's saved attachments, written out again."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.actions.safe_files import SafeFolder, short_name
from mailroom.store import Store
from mailroom.store.case_files import CaseFile, NewCaseFile

MOST_BYTES = 64 << 20


def add_file(store: Store, case_id: int, path: Path, *, who: str, why: str = "") -> CaseFile:
    """Keep a file of this machine with a case. Effect: writes the store. Twice is harmless.

    Raises:
        InvalidInputError: it cannot be read, or is larger than 64 MB.
        NotFoundError: there is no such case.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read ({error.strerror}): check the path and its mode.") from error
    if len(content) > MOST_BYTES:
        raise InvalidInputError(f"{path} is larger than {MOST_BYTES >> 20} MB; keep it elsewhere and note where.")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return store.case_files.add(case_id, NewCaseFile(short_name(path.name), content, kind), who=who, why=why)


def add_saved_attachments(store: Store, case_id: int, alert_id: int, *, who: str, why: str = "") -> list[CaseFile]:
    """Take over what was saved with an alert ("Save Attachments to Alert"). Returns the files that are new in the case.

    Effect: writes the store. Twice is harmless.

    Raises:
        NotFoundError: there is no such alert or case.
    """
    saved = store.alerts.get(alert_id).event.get("saved_attachments", ())
    kept = [
        store.case_files.add_blob(
            case_id, str(one["sha256"]), name=short_name(str(one["name"])), size=int(one["size"]),
            content_type=str(one.get("mime_type", "")), alert_id=alert_id, who=who, why=why,
        )
        for one in saved
    ]  # fmt: skip
    return [one for one in kept if one.created]


def write_file(store: Store, file_id: int, folder: Path) -> Path:
    """Write a file of a case into a folder, never outside it and never over another file.

    Effect: writes a file. Twice is harmless.

    Raises:
        NotFoundError: there is no such file.
        StoreError: its bytes are damaged.
    """
    known = store.case_files.get(file_id)
    try:
        content = store.blobs.get(known.sha256)
    except NotFoundError as error:
        raise NotFoundError(
            f"The bytes of file {file_id} are not in the blob folder; restore it from a backup."
        ) from error
    with SafeFolder(folder) as place:
        return place.write(short_name(known.name), content)[0]
