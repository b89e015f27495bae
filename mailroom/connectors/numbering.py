"""Folders that give numbers again under the same UIDVALIDITY: restored from a backup, or on servers that forget.

A number stands for another mail then, so it counts as one of a new generation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailroom.mail.imap import FolderStatus, ImapSession


def generation_of(
    session: ImapSession, status: FolderStatus, known: Sequence[str], mark_of: Callable[[str], int]
) -> str:
    """The generation of an open folder: its UIDVALIDITY, then `7.1`, `7.2`, ... each time it went back.

    Effect: reads.

    Args:
        session: The folder is open in it.
        status: Of the folder.
        known: Every generation of it so far, oldest first.
        mark_of: Up to where a generation was read.
    """
    first = str(status.uidvalidity)
    mine = [one for one in known if one.partition(".")[0] == first]
    if not mine:
        return first
    return f"{first}.{len(mine)}" if went_back(session, status, mark_of(mine[-1])) else mine[-1]


def went_back(session: ImapSession, status: FolderStatus, upto: int) -> bool:
    """Whether an open folder says that it never had a mail that was read. Effect: reads.

    Some servers are only late to say which number comes next: those have that mail.
    """
    return upto >= status.uidnext and status.uidnext_told and not session.search(uid_from=status.uidnext)
