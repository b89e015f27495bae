"""What an IMAP session hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands where a server gave no arrival time, or an absurd one."""


class IdleEvent(StrEnum):
    """Why waiting ended. A hint only: look for yourself."""

    NEW = "new"
    CHANGED = "changed"
    TIMEOUT = "timeout"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the account."""

    name: str
    attributes: tuple[str, ...] = ()
    """With backslash, as the server writes them."""
    delimiter: str = "/"
    """Empty when names have no levels."""
    special_use: str = ""
    """`\\Sent`, `\\Junk`, ...; empty when the server says nothing."""

    @property
    def selectable(self) -> bool:
        """It can be opened."""
        return not {"\\noselect", "\\nonexistent"} & {attribute.lower() for attribute in self.attributes}


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """What a folder holds right now."""

    uidvalidity: int
    uidnext: int
    """The next mail's UID will not be lower."""
    messages: int
    name: str = ""
    readonly: bool = True
    uidnext_told: bool = True
    """False: the server did not say it, and one more than the highest UID stands there."""


class FoundUids(list[int]):
    """What a search found, ascending. With `narrowed_only` a mail in it need not fit: look at it before you act."""

    narrowed_only: bool = False
    """The server was asked for more than is wanted (dates, text it cannot search), or failed on the way."""
    unjudged: frozenset[int] = frozenset()
    """Mails the server could not open, so that nobody knows whether they fit."""


@dataclass(frozen=True, slots=True)
class LightMail:
    """What can be told without fetching a mail."""

    uid: int
    flags: tuple[str, ...]
    internal_date: datetime
    """Arrival, UTC; `UNKNOWN_TIME` when the server gave none."""
    size: int
    """Octets as the server counts: a hint."""
    header: bytes
    """The header fields asked for, as they stand."""


class FetchedMail(NamedTuple):
    """One mail as it lies on the server. A tuple, because ten thousand are made in a second."""

    uid: int
    internal_date: datetime
    """Arrival, UTC; `UNKNOWN_TIME` when the server gave none."""
    size: int
    """Octets of the whole mail: of `raw`, or as the server says when it is cut."""
    flags: tuple[str, ...]
    raw: bytes
    truncated: bool = False
    """Over the limit: `raw` is the header and the first 256 KiB of the rest."""

    def __repr__(self) -> str:
        cut = ", truncated" if self.truncated else ""
        return f"FetchedMail(uid={self.uid}, {self.internal_date:%Y-%m-%d %H:%M:%S}, {self.size} octets{cut})"


@dataclass(frozen=True, slots=True)
class MoveResult:
    """What became of a move."""

    moved: dict[int, int | None]
    """Old UID -> new UID (None: moved, new UID not told). A UID that is missing here was not there to move."""
    how: Literal["move", "copy+expunge", "copy only"]


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """What became of a deletion."""

    uids: tuple[int, ...]
    """Marked, moved or removed; UIDs that were not there are missing."""
    how: Literal["expunged", "marked", "moved", "copied"]
    """`copied`: to the trash, and the originals are marked as deleted but still there."""
