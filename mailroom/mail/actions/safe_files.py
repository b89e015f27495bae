"""Writing files whose names strangers chose: into one folder, never over anything, never through a link."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from mailroom.closing import Closing
from mailroom.errors import InvalidInputError
from mailroom.mail.parse.names import safe_name

_MOST_TRIES = 10_000
_BLOCK = 1 << 20
_NAME_MOST = 160
"""Octets of a name, so that a number and the rest of the path still fit."""


class SafeFolder(Closing):
    """One folder, held open: a folder that is exchanged for a link meanwhile changes nothing.

    Raises:
        InvalidInputError: it cannot be made or opened; the message says why.
    """

    def __init__(self, path: str | Path) -> None:
        text = os.fspath(path)
        if not text.strip() or "\0" in text:
            raise InvalidInputError("the download path is empty; name a folder")
        self.path = Path(text).expanduser().absolute()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise InvalidInputError(
                f"{self.path} cannot be used as a folder ({error.strerror}): check its owner and mode, or name another"
            ) from error

    def close(self) -> None:
        """Let go of the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def write(self, name: str, content: bytes) -> tuple[Path, bool]:
        """Write a file, readable by its owner only; nothing that is there is changed.

        A file of that name with other content makes the new one `name (2)`; one with the same content is the result.

        Args:
            name: As the mail says; made safe here. Commas become underscores, so that paths can stand in a list.
            content: The octets.

        Returns:
            The full path, and whether the file was written now.

        Raises:
            InvalidInputError: the folder cannot be written to.
        """
        usable = _file_name(name)
        for number in range(1, _MOST_TRIES):
            tried = usable if number == 1 else _numbered(usable, number)
            try:
                self._write_new(tried, content)
            except FileExistsError:
                if self._holds(tried, content):
                    return self.path / tried, False
                continue
            except OSError as error:
                raise InvalidInputError(
                    f"{self.path}: a file cannot be written ({error.strerror}): free space or check owner and mode"
                ) from error
            return self.path / tried, True
        raise InvalidInputError(f"{self.path} holds {_MOST_TRIES} files of the same name; name an empty folder")

    def _write_new(self, name: str, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=self._descriptor)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
        except BaseException:
            os.unlink(name, dir_fd=self._descriptor)  # half a file would look like a whole one
            raise

    def _holds(self, name: str, content: bytes) -> bool:
        """Whether a regular file of that name has this content; links and devices are not looked into."""
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError:
            return False
        with os.fdopen(descriptor, "rb") as stream:
            known = os.fstat(descriptor)
            if not stat.S_ISREG(known.st_mode) or known.st_nlink != 1 or known.st_size != len(content):
                return False
            digest = hashlib.sha256()
            while block := stream.read(_BLOCK):
                digest.update(block)
        return digest.digest() == hashlib.sha256(content).digest()


def _file_name(name: str) -> str:
    usable = safe_name(name).replace(",", "_")
    return usable if usable not in {"", ".", ".."} else "attachment"


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    return f"{stem} ({number}){dot}{ending}"


def short_name(name: str) -> str:
    """The name, shortened in front of its ending where it is too long."""
    if len(name.encode("utf-8", "replace")) <= _NAME_MOST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode("utf-8", "replace")) > 20:
        stem, dot, ending = name, "", ""
    room = _NAME_MOST - len(f"{dot}{ending}".encode("utf-8", "replace"))
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + dot + ending
