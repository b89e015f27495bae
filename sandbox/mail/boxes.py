"""Mailboxes in memory that write down every change, for pymap to serve.

pymap's own in-memory store forgets keywords and everything else at the end; this one keeps the raw bytes, takes any
keyword, starts UIDs at 1, and reports each change to a `Keeper`. Internals of pymap 0.36.7 are used: its version is
fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Self, cast

from pymap.backend.dict.mailbox import LoadedMessage, MailboxData, MailboxSet, Message
from pymap.flags import FlagOp
from pymap.interfaces.message import CachedMessage
from pymap.listtree import ListTree
from pymap.mailbox import MailboxSnapshot
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, ObjectId
from pymap.parsing.specials.flag import Flag, Recent, Wildcard, get_system_flags

from sandbox.mail.loaded import Loaded

SPECIAL_USE = {"Sent": b"Sent", "Drafts": b"Drafts", "Junk": b"Junk", "Trash": b"Trash", "Archive": b"Archive"}
"""Folders that every account has, with their attribute in LIST."""
_PERMANENT = (get_system_flags() - {Recent}) | {Wildcard}

Keeper = Callable[[dict[str, Any]], None]
"""Takes a record of one change."""


class StoredMail(Message):
    """One mail: its bytes, and what pymap made of them once somebody asked for its structure."""

    __slots__ = ("parsed", "raw")

    def __init__(
        self,
        uid: int,
        internal_date: datetime,
        flags: Iterable[Flag],
        raw: bytes,
        *,
        recent: bool = False,
        expunged: bool = False,
    ) -> None:
        email_id = ObjectId(b"M" + hashlib.sha256(raw).hexdigest()[:32].encode())
        super().__init__(uid, internal_date, flags, expunged=expunged, email_id=email_id, recent=recent)
        self.raw = raw
        self.parsed: MessageContent | None = None

    async def load_content(self, requirement: FetchRequirement) -> LoadedMessage:
        """What pymap needs for an answer."""
        return Loaded(self, requirement)

    @property
    def flag_names(self) -> tuple[str, ...]:
        """The flags, sorted, as IMAP writes them."""
        return tuple(sorted(bytes(flag).decode("ascii", "replace") for flag in self.permanent_flags))


class _Snapshot(MailboxSnapshot):
    """pymap would list the wildcard among the flags, where only names may stand."""

    @classmethod
    def of(cls, found: MailboxSnapshot) -> Self:
        return cls(
            found.mailbox_id,
            found.readonly,
            found.uid_validity,
            found.permanent_flags,
            found.session_flags,
            found.exists,
            found.recent,
            found.unseen,
            found.first_unseen,
            found.next_uid,
        )

    @property
    def flags(self) -> frozenset[Flag]:
        return super().flags - {Wildcard}


class Box(MailboxData):
    """One folder.

    Args:
        owner: The account's address.
        name: Of the folder.
        uid_validity: Must differ from that of a deleted folder of the same name.
        keeper: Told about every change.
    """

    def __init__(self, owner: str, name: str, uid_validity: int, keeper: Keeper) -> None:
        super().__init__(None, None)  # type: ignore[arg-type]  # its caches are never asked
        self._uid_validity = uid_validity
        self._max_uid = 0
        self._keeper = keeper
        self.owner = owner
        self.name = name
        self.mails = cast("dict[int, StoredMail]", self._messages)

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        """Every system flag, and any keyword."""
        return _PERMANENT

    @property
    def next_uid(self) -> int:
        """The UID the next mail gets."""
        return self._max_uid + 1

    def put(self, raw: bytes, when: datetime, flags: Iterable[Flag] = (), *, recent: bool = True) -> StoredMail:
        """Add a mail without telling the keeper."""
        self._max_uid += 1
        mail = StoredMail(self._max_uid, when, frozenset(flags) - {Recent, Wildcard}, raw, recent=recent)
        self.mails[mail.uid] = mail
        self._mod_sequences.update([mail.uid])
        self._updated.set()
        return mail

    def change_flags(self, uid: int, flags: frozenset[Flag]) -> None:
        """Set the flags of a mail without telling the keeper."""
        self.mails[uid].permanent_flags = flags
        self._mod_sequences.update([uid])
        self._updated.set()

    def drop(self, uids: Iterable[int]) -> list[int]:
        """Remove mails without telling the keeper; those that were there."""
        gone = [uid for uid in uids if self.mails.pop(uid, None) is not None]
        if gone:
            self._mod_sequences.expunge(gone)
            self._updated.set()
        return gone

    def renumber(self, uid_validity: int) -> None:
        """Give the folder another UIDVALIDITY, as after a restore."""
        self._uid_validity = uid_validity

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> StoredMail:
        """A client or a delivery adds a mail."""
        when = append_msg.when or datetime.now(UTC)
        mail = self.put(bytes(append_msg.literal), when, append_msg.flag_set, recent=recent)
        self._keeper(
            {
                "event": "put",
                "box": self._key,
                "at": when.timestamp(),
                "flags": mail.flag_names,
                "raw": mail.raw.decode("latin-1"),
            }
        )
        return mail

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        """A client copies a mail; the new UID, or None when it is gone."""
        mail = self.mails.get(uid)
        if mail is None or not isinstance(destination, Box):
            return None
        new = destination.put(mail.raw, mail.internal_date, mail.permanent_flags, recent=recent)
        self._keeper({"event": "copy", "box": self._key, "uid": uid, "to": destination._key})
        return new.uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        """A client moves a mail; the new UID, or None when it is gone."""
        new = await self.copy(uid, destination, recent=recent)
        if new is not None:
            await self.delete([uid])
        return new

    async def get(self, uid: int, cached_msg: CachedMessage) -> Message:
        """The mail; one that is gone comes back marked so."""
        mail = self.mails.get(uid)
        if mail is not None:
            return mail
        if uid < 1 or uid > self._max_uid or not isinstance(cached_msg, StoredMail):
            raise IndexError(uid)
        return StoredMail(uid, cached_msg.internal_date, cached_msg.permanent_flags, cached_msg.raw, expunged=True)

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        """A client changes flags."""
        mail = self.mails.get(uid)
        if mail is None:
            return await self.get(uid, cached_msg)
        wanted = mode.apply(mail.permanent_flags, flag_set)
        if wanted != mail.permanent_flags:
            self.change_flags(uid, wanted)
            self._keeper({"event": "flags", "box": self._key, "uid": uid, "flags": mail.flag_names})
        return mail

    async def delete(self, uids: Iterable[int]) -> None:
        """A client expunges."""
        gone = self.drop(list(uids))
        if gone:
            self._keeper({"event": "gone", "box": self._key, "uids": gone})

    async def snapshot(self) -> MailboxSnapshot:
        """What a client sees when it opens the folder."""
        return _Snapshot.of(await super().snapshot())

    @property
    def _key(self) -> list[str]:
        return [self.owner, self.name]


class Boxes(MailboxSet):
    """All folders of an account."""

    def __init__(self, owner: str, base: int, keeper: Keeper) -> None:
        super().__init__()
        self._owner = owner
        self._keeper = keeper
        self._next_validity = base
        self._inbox: Box = self._new("INBOX")
        self._folders = cast("dict[str, Box]", self._set)
        for name in SPECIAL_USE:
            self._folders[name] = self._new(name)
            self._subscribed[name] = True

    def find(self, name: str) -> Box:
        """A folder by name.

        Raises:
            KeyError: There is none.
        """
        return self._inbox if name.upper() == "INBOX" else self._folders[name]

    def create(self, name: str) -> Box:
        """Make a folder without telling the keeper.

        Raises:
            ValueError: There is one.
        """
        if name in self._set or name.upper() == "INBOX":
            raise ValueError(name)
        self._folders[name] = made = self._new(name)
        return made

    def remove(self, name: str) -> None:
        """Remove a folder with its mails without telling the keeper."""
        del self._set[name]

    def rename(self, before: str, after: str) -> None:
        """Rename a folder and those below it without telling the keeper.

        Raises:
            KeyError: There is no such folder.
            ValueError: The new name is taken.
        """
        tree = ListTree(self.delimiter).update("INBOX", *self._set)
        if tree.get(before) is None:
            raise KeyError(before)
        if tree.get(after) is not None:
            raise ValueError(after)
        for old, new in tree.get_renames(before, after):
            if old == "INBOX":
                box, self._inbox = self._inbox, self._new("INBOX")
            else:
                box = self._folders.pop(old)
            box.name = new
            self._folders[new] = box

    async def add_mailbox(self, name: str) -> ObjectId:
        """A client makes a folder."""
        made = self.create(name)
        self._keeper({"event": "folder", "owner": self._owner, "do": "create", "name": name})
        return made.mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        """A client removes a folder."""
        self.remove(name)
        self._keeper({"event": "folder", "owner": self._owner, "do": "remove", "name": name})

    async def rename_mailbox(self, before: str, after: str) -> None:
        """A client renames a folder."""
        self.rename(before, after)
        self._keeper({"event": "folder", "owner": self._owner, "do": "rename", "name": before, "to": after})

    def _new(self, name: str) -> Box:
        self._next_validity += 1
        return Box(self._owner, name, self._next_validity, self._keeper)
