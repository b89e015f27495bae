"""Download Email Attachments: every attachment of every mail that fits, into one folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.rows import MailRow
from mailroom.mail.actions.safe_files import SafeFolder, short_name
from mailroom.mail.actions.selecting import parsed, read_whole, search
from mailroom.mail.imap import ImapSession
from mailroom.mail.model import Attachment, Mail


@dataclass(frozen=True, slots=True)
class SavedFile:
    """One attachment. `path` is empty when it was not saved; `detail` says why."""

    path: str
    name: str
    """As the mail says, made safe to show."""
    size: int
    sha256: str
    mime_type: str
    real_type: str
    """By its first bytes."""
    flags: tuple[str, ...]
    """For example `double_extension`, `type_mismatch`, `encrypted`."""
    email_uid: str
    message_id: str
    written: bool
    """False: a file with this name and content was there already."""
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"flags": list(self.flags)}


@dataclass(frozen=True, slots=True)
class Downloads:
    """What was saved."""

    folder: str
    files: tuple[SavedFile, ...]
    mails: int
    """Mails that fit the criteria."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Full path of every file, each once."""
        return tuple(dict.fromkeys(one.path for one in self.files if one.path))

    @property
    def attachments_local_paths(self) -> str:
        """The documented result: the full paths, separated by commas."""
        return ",".join(self.paths)

    @property
    def not_saved(self) -> tuple[SavedFile, ...]:
        """Attachments that could not be saved, each with the reason."""
        return tuple(one for one in self.files if not one.path)

    def as_json(self) -> dict[str, Any]:
        """The documented key, then ours."""
        return {
            "attachments_local_paths": self.attachments_local_paths,
            "paths": list(self.paths),
            "emails": self.mails,
            "files": [one.as_json() for one in self.files],
        }


def download(
    session: ImapSession,
    criteria: MailCriteria,
    path: str | Path,
    *,
    names: Iterable[str] = (),
    inline: bool = True,
    most: int = 0,
) -> Downloads:
    """Save attachments. Nothing is marked as read.

    Effect: writes files into `path` (made when missing), never outside it and never over a file. Repeating is
    harmless: a file that is there with the same content is not written again.

    Args:
        session: An open account.
        criteria: Which mails; everything in the folder when nothing else is set.
        path: The folder.
        names: Only attachments of these names; empty: all.
        inline: Also images that the HTML shows.
        most: Only the newest so many mails; 0: all.

    Raises:
        InvalidInputError: the path cannot be used.
        NotFoundError: a folder of the mailbox does not exist.
    """
    wanted = {name.casefold() for name in names}
    files: list[SavedFile] = []
    with SafeFolder(path) as folder:
        rows = search(session, criteria, limit=most)
        for row, fetched in read_whole(session, rows):
            files += _save(folder, row, parsed(fetched), wanted, inline=inline)
        return Downloads(str(folder.path), tuple(files), len(rows))


def chosen(mail: Mail, names: Iterable[str] = (), *, inline: bool = True) -> list[Attachment]:
    """The attachments of a mail, all or those of these names (any case), with or without shown images."""
    wanted = {name.casefold() for name in names}
    return [
        one
        for one in mail.attachments
        if (inline or not one.is_inline)
        and (not wanted or wanted & {name.casefold() for name in (one.name, *one.original_names)})
    ]


def _save(folder: SafeFolder, row: MailRow, mail: Mail, wanted: set[str], *, inline: bool) -> list[SavedFile]:
    files: list[SavedFile] = []
    for one in chosen(mail, wanted, inline=inline):
        path, written, detail = "", False, ""
        if one.content is None:
            detail = f"{one.size} octets are more than an attachment may have here"
        elif mail.truncated:
            detail = "the mail is too large to be read whole; fetch it with another program"
        else:
            made, written = folder.write(short_name(one.name), one.content)
            path = str(made)
        files.append(SavedFile(
            path, one.name, one.size, one.sha256, one.mime_type, one.real_type, one.flags, str(row.uid),
            row.message_id, written, detail,
        ))  # fmt: skip
    return files
