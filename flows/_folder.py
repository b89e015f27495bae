"""Folders that people name in a form: a worker runs each flow in a folder of its own and deletes it afterwards."""

from __future__ import annotations

from pathlib import Path

from mailroom.errors import InvalidInputError


def lasting_folder(text: str, parameter: str) -> str:
    """The folder of a form, or nothing. Ask before any work: what is written elsewhere is gone when the run has ended.

    Raises:
        InvalidInputError: the path is relative.
    """
    folder = text.strip()
    if folder and not Path(folder).expanduser().is_absolute():
        raise InvalidInputError(
            f"{parameter}: {folder[:200]!r} is a relative path, and the run's own folder is deleted with all in "
            "it. Write a whole path, such as /var/lib/mailroom/reports."
        )
    return folder
