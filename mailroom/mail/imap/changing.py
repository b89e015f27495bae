"""Flags, copies, moves, deletions, new mails. Every UID STORE, COPY or MOVE touches at most a hundred mails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from mailroom.errors import InvalidInputError, NotOfferedError, OutcomeUnknownError, RejectedError, TransientError
from mailroom.faults import faultpoint
from mailroom.mail.imap.answers import Reply
from mailroom.mail.imap.commands import LiteralArgument
from mailroom.mail.imap.results import DeleteResult, MoveResult
from mailroom.mail.imap.searching import found_uids
from mailroom.mail.imap.uids import chunks, expanded, uid_set
from mailroom.mail.imap.wire import Wire

_CHUNK = 100
_FLAG = re.compile(r"\\?[A-Za-z0-9$_.-]{1,64}")
_SYSTEM = {"\\seen", "\\answered", "\\flagged", "\\deleted", "\\draft"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def checked_flags(flags: str | Iterable[str]) -> list[str]:
    """Flags that may go into a command.

    Raises:
        InvalidInputError: One of them is no flag, or there is none.
    """
    given = [flags] if isinstance(flags, str) else list(flags)
    for flag in given:
        if not isinstance(flag, str) or not _FLAG.fullmatch(flag):
            raise InvalidInputError(f"flag {flag!r}: expected \\Seen, \\Flagged, ... or a keyword such as $Done")
        if flag.startswith("\\") and flag.lower() not in _SYSTEM:
            raise InvalidInputError(
                f"flag {flag!r} cannot be set; \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft can"
            )
    if not given:
        raise InvalidInputError("no flag is given")
    return given


class Changer:
    """Changes the open folder."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.permanent: frozenset[str] = frozenset()
        """Flags that last, lower case; `\\*` means any keyword."""

    def store(self, uids: Iterable[int], sign: Literal["+", "-"], flags: str | Iterable[str]) -> None:
        """Set or clear flags; doing it twice changes nothing.

        Raises:
            NotOfferedError: The folder keeps no such keyword.
        """
        wanted = checked_flags(flags)
        for flag in wanted:
            if not flag.startswith("\\") and self.permanent and not {"\\*", flag.lower()} & self.permanent:
                raise NotOfferedError(
                    f"{self.wire.where}: this folder keeps no keyword {flag}; use \\Flagged, or move the mails instead"
                )
        for chunk in chunks(uids, _CHUNK):
            self.wire.command("STORE", uid_set(chunk), f"{sign}FLAGS.SILENT", "(", *wanted, ")", uid=True)

    def there(self, uids: Sequence[int]) -> set[int]:
        """Which of these UIDs exist."""
        found: set[int] = set()
        for chunk in chunks(uids, 500):
            reply = self.wire.command("SEARCH", "UID", uid_set(chunk), uid=True)
            found.update(found_uids(reply))
        return found & set(uids)

    def copy(self, uids: Iterable[int], folder: bytes) -> dict[int, int | None]:
        """Copy; old UID -> new UID (None when the server does not tell).

        Raises:
            OutcomeUnknownError: The connection was lost: look into the target before repeating.
        """
        copied: dict[int, int | None] = {}
        for chunk in chunks(uids, _CHUNK):
            if not (present := self.there(chunk)):
                continue
            try:
                reply = self.wire.command("COPY", uid_set(present), folder, uid=True)
            except TransientError as error:
                raise OutcomeUnknownError(
                    f"{error} - some mails may have been copied: look before repeating"
                ) from error
            pairs = _copied(reply)
            copied.update(dict.fromkeys(present) if pairs is None else pairs)
        return copied

    def move(self, uids: Iterable[int], folder: bytes) -> MoveResult:
        """Move by what the server can: MOVE, else COPY, mark deleted and expunge exactly these.

        Raises:
            TransientError: Lost during MOVE; repeating is safe, for what has moved is not there any more.
            OutcomeUnknownError: Lost during COPY.
        """
        if "MOVE" not in self.wire.capabilities:
            return self._move_by_copy(list(uids), folder)
        moved: dict[int, int | None] = {}
        for chunk in chunks(uids, _CHUNK):
            if not (before := self.there(chunk)):
                continue
            faultpoint("imap.before_move")
            reply = self.wire.command("MOVE", uid_set(before), folder, uid=True)
            faultpoint("imap.after_move")
            pairs = _copied(reply)
            gone = before - self.there(sorted(before)) if pairs is None else set()
            moved.update(dict.fromkeys(gone) if pairs is None else pairs)
        return MoveResult(moved, "move")

    def _move_by_copy(self, uids: Sequence[int], folder: bytes) -> MoveResult:
        expunges = "UIDPLUS" in self.wire.capabilities
        moved: dict[int, int | None] = {}
        for chunk in chunks(uids, _CHUNK):
            copied = self.copy(chunk, folder)
            if not copied:
                continue
            faultpoint("imap.between_copy_and_expunge")
            self.store(copied, "+", "\\Deleted")
            if expunges:
                self.wire.command("EXPUNGE", uid_set(copied), uid=True)
            moved.update(copied)
        # Without UIDPLUS only a bare EXPUNGE is left, and that would carry out other people's deletions as well.
        return MoveResult(moved, "copy+expunge" if expunges else "copy only")

    def delete(self, uids: Iterable[int], *, expunge: bool) -> DeleteResult:
        """Mark as deleted and, where it can be limited to these mails, remove them."""
        present = self.there(list(uids))
        if present:
            self.store(present, "+", "\\Deleted")
            if expunge and "UIDPLUS" in self.wire.capabilities:
                for chunk in chunks(present, _CHUNK):
                    self.wire.command("EXPUNGE", uid_set(chunk), uid=True)
                return DeleteResult(tuple(sorted(present)), "expunged")
        return DeleteResult(tuple(sorted(present)), "marked")

    def append(self, folder: bytes, raw: bytes, flags: Sequence[str], when: datetime | None) -> int | None:
        """Put a mail into a folder; its UID, where the server tells.

        Raises:
            InvalidInputError: No mail, NUL in it, or a time without zone.
            RejectedError: Larger than the server takes, or the mailbox is full.
            OutcomeUnknownError: The connection was lost after the mail was sent: look before repeating.
        """
        if not raw or b"\0" in raw:
            raise InvalidInputError("a mail to be stored is empty or has NUL in it, which IMAP cannot carry")
        limit = next((word[12:] for word in self.wire.capabilities if word.startswith("APPENDLIMIT=")), "")
        if limit.isdigit() and len(raw) > int(limit):
            raise RejectedError(f"{self.wire.where} takes mails of up to {limit} octets, this has {len(raw)}", "TOOBIG")
        args: list[str | bytes] = [folder]
        if flags:
            args += ["(", *checked_flags(flags), ")"]
        if when is not None:
            args.append(_internal_date(when))
        faultpoint("imap.before_append")
        try:
            reply = self.wire.command("APPEND", *args, LiteralArgument(raw))
        except TransientError as error:
            if self.wire.broken:
                raise OutcomeUnknownError(f"{error} - the mail may have been stored: look before repeating") from error
            raise
        faultpoint("imap.after_append")
        for argument in reply.codes("APPENDUID"):
            words = argument.split()
            if len(words) == 2 and words[1].isdigit():
                return int(words[1])
        return None


def _internal_date(when: datetime) -> bytes:
    if when.tzinfo is None:
        raise InvalidInputError("the arrival time to store has no time zone; give an aware datetime")
    away = when.utcoffset()
    minutes = int(away.total_seconds() // 60) if away is not None else 0
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    return f"{when.day:2d}-{_MONTHS[when.month - 1]}-{when.year:04d} {when:%H:%M:%S} {zone}".encode()


def _copied(reply: Reply) -> dict[int, int | None] | None:
    """COPYUID as old -> new; None when the server did not send it in a form that can be used."""
    found: dict[int, int | None] = {}
    told = False
    for argument in reply.codes("COPYUID"):
        words = argument.split()
        if len(words) != 3:
            continue
        # The order matters: the sets correspond position by position.
        old, new = expanded(words[1], 10_000), expanded(words[2], 10_000)
        if old is None or new is None or len(old) != len(new):
            continue
        told = True
        found.update(zip(old, new, strict=True))
    return found if told else None
