"""Raw mail and attachments by the SHA-256 of their content, on any fsspec file system.

A name is never made from anything a sender wrote. On a local disk a blob is written under a temporary name, synced
and renamed, so a blob that exists is whole; what is read is checked against its name.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path
from typing import Any

from mailroom.errors import InvalidInputError, NotFoundError, StoreError, StoreUnavailableError
from mailroom.faults import faultpoint

_HEX = frozenset("0123456789abcdef")


def _checked(sha256: str) -> str:
    if len(sha256) != 64 or not _HEX.issuperset(sha256):
        msg = "A blob is named by the 64 lower-case hexadecimal digits of its SHA-256."
        raise InvalidInputError(msg)
    return sha256


class Blobs:
    """Content-addressed bytes. Writing the same bytes twice is one blob; nothing is ever overwritten."""

    def __init__(self, location: str | None) -> None:
        self._location = location
        self._fs: Any = None
        self._root = ""

    def put(self, data: bytes) -> str:
        """Store `data`; returns its SHA-256. Raises StoreUnavailableError when it cannot be written."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if self._local is not None:
                self._put_local(Path(path), data)
            elif not self._fs.exists(path):
                self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
                temporary = f"{path}.{uuid.uuid4().hex}.tmp"
                with self._fs.open(temporary, "wb") as stream:
                    stream.write(data)
                self._fs.mv(temporary, path)
        except OSError as error:
            msg = (
                f"The blob folder {self._location} cannot be written: {error.strerror or error}. Free space or fix its "
                "owner and mode, then run again; no row refers to a blob that was not stored."
            )
            raise StoreUnavailableError(msg) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes. Raises NotFoundError, or StoreError when they are no longer what was stored."""
        path = self._path(sha256)
        try:
            data: bytes = Path(path).read_bytes() if self._local is not None else self._fs.cat_file(path)
        except FileNotFoundError as error:
            msg = f"Blob {sha256} is not in {self._location}: was it moved or cleaned? Restore it from a backup."
            raise NotFoundError(msg) from error
        except OSError as error:
            msg = f"Blob {sha256} cannot be read in {self._location}: {error.strerror or error}. Check its owner."
            raise StoreUnavailableError(msg) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            msg = f"Blob {sha256} in {self._location} is damaged: its content changed. Restore it from a backup."
            raise StoreError(msg)
        return data

    def exists(self, sha256: str) -> bool:
        """Whether the blob is there (not whether it is undamaged)."""
        path = self._path(sha256)
        return Path(path).exists() if self._local is not None else bool(self._fs.exists(path))

    def _path(self, sha256: str) -> str:
        _checked(sha256)
        self._connect()
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _connect(self) -> None:
        if self._fs is not None:
            return
        if not self._location:
            msg = "This store has no place for blobs; open it with `blobs=` (a folder or an fsspec address)."
            raise InvalidInputError(msg)
        import fsspec  # only runs that touch blobs pay for it

        system, root = fsspec.core.url_to_fs(self._location)
        self._root = str(root).rstrip("/")
        self._fs = system  # last: another thread that sees it needs the rest

    @property
    def _local(self) -> Any:
        return self._fs if type(self._fs).__name__ == "LocalFileSystem" else None

    def _put_local(self, path: Path, data: bytes) -> None:
        if path.exists():
            return
        for folder in (Path(self._root), path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            faultpoint("blobs.before_rename")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        folder_descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder_descriptor)
        finally:
            os.close(folder_descriptor)
