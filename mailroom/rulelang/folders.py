"""Folders of rules, lists and templates. What cannot be read is refused: a rule passed over would decide nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from mailroom.errors import InvalidInputError


def is_folder(path: Path) -> bool:
    """Whether there is a folder of this name.

    Raises:
        InvalidInputError: nobody can tell, because a folder above it may not be entered.
    """
    try:
        return path.is_dir()
    except OSError as error:
        _refuse(error)


def yaml_files_below(folder: Path) -> list[Path]:
    """Every `.yml` and `.yaml` file below a folder, sorted.

    Names that begin with a dot are passed over: the lock and backup files of editors, and the second copy of every file
    that Kubernetes keeps in a mounted ConfigMap.

    Raises:
        InvalidInputError: the folder, or one below it, cannot be read.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place, name) for name in names if not name.startswith("."))
        found += [path for path in paths if path.suffix in (".yml", ".yaml")]
    return sorted(found)


def content_of(file: Path) -> bytes:
    """The bytes of a file. Raises InvalidInputError."""
    try:
        return file.read_bytes()
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    msg = f"{error.filename}: cannot be read ({error.strerror}); check the path and its permissions"
    raise InvalidInputError(msg) from error
