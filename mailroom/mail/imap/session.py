"""One open account: the typed face of IMAP for the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Protocol, cast, overload

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.closing import Closing
from mailroom.errors import CredentialsError, InvalidInputError, NotFoundError, ResponseError, TransientError
from mailroom.faults import faultpoint
from mailroom.mail.imap import idling, light, login
from mailroom.mail.imap.answers import Reply
from mailroom.mail.imap.breaking import Found, past_what_breaks
from mailroom.mail.imap.changing import Changer, checked_flags
from mailroom.mail.imap.connection import Client, connect
from mailroom.mail.imap.criterion import Criterion
from mailroom.mail.imap.fetching import MailReader
from mailroom.mail.imap.folders import FolderList
from mailroom.mail.imap.results import (
    DeleteResult,
    FetchedMail,
    Folder,
    FolderStatus,
    FoundUids,
    IdleEvent,
    LightMail,
    MoveResult,
)
from mailroom.mail.imap.searching import Searcher
from mailroom.mail.imap.settings import ImapSettings
from mailroom.mail.imap.tokens import number, pairs, tokens
from mailroom.mail.imap.wire import Wire


class _OpenAccount(Protocol):
    def __call__(self, settings: ImapSettings, clock: Clock = ...) -> ImapSession: ...


class _OpenFolder(Protocol):
    def __call__(self, folder: str, readonly: bool = ...) -> FolderStatus: ...


class _Open:
    """`ImapSession.open(settings)` opens an account, `session.open(folder)` a folder in it."""

    @overload
    def __get__(self, session: None, kind: type[ImapSession]) -> _OpenAccount: ...
    @overload
    def __get__(self, session: ImapSession, kind: type[ImapSession]) -> _OpenFolder: ...
    def __get__(self, session: ImapSession | None, kind: type[ImapSession]) -> _OpenAccount | _OpenFolder:
        return kind.connect if session is None else session.open_folder


class ImapSession(Closing):
    """A logged-in connection; at most one folder is open in it. Not for use by two threads at once.

    Errors, of every method: `TransientError` when the connection is lost, silent or ended by the server (open a new
    session later), `CredentialsError` and `AccessError` for logins and rights, `RejectedError` for a plain no,
    `ResponseError` when the server does not speak IMAP as it should.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._searcher = Searcher(wire, self._reconnected)
        self._changer = Changer(wire)
        self._folders: FolderList | None = None
        self._open: FolderStatus | None = None
        self.fetch_failures: dict[int, str] = {}
        """Mails the last `fetch_raw` could not read although they exist: UID -> why."""
        self.light_failures: dict[int, str] = {}
        """The same of the last `fetch_light` or `fetch_arrivals`."""

    open = _Open()

    @classmethod
    def connect(cls, settings: ImapSettings, clock: Clock = SYSTEM_CLOCK) -> ImapSession:
        """Connect, secure the connection, log in.

        A token that is refused is renewed once. A password is tried once: more would lock the account.

        Raises:
            InvalidInputError: The settings cannot work; nothing was sent.
            CredentialsError: The login was refused.
            AccessError: TLS failed a check, or STARTTLS is not to be had; the login was not sent.
            TransientError: Not now.
        """
        settings.check()
        try:
            return cls(_logged_in(settings, clock, force_refresh=False))
        except CredentialsError:
            if settings.mechanism == "password":
                raise
            return cls(_logged_in(settings, clock, force_refresh=True))

    def close(self) -> None:
        """Log out and close the connection. Never raises."""
        self._wire.close()

    @property
    def client(self) -> Client:
        """The IMAPClient below, logged in, for what this class does not offer."""
        return self._wire.client

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server can do, upper case, as told after the login."""
        return self._wire.capabilities

    @property
    def alerts(self) -> tuple[str, ...]:
        """Texts the server wants people to see."""
        return tuple(self._wire.alerts)

    @property
    def is_alive(self) -> bool:
        """The connection has not failed yet, as far as is known."""
        return not self._wire.broken

    @property
    def opened(self) -> FolderStatus | None:
        """The open folder as it was when it was opened."""
        return self._open

    # -- folders ------------------------------------------------------------------------------------------------------

    def folders(self) -> list[Folder]:
        """All folders, as the server lists them now."""
        self._folders = FolderList.ask(self._wire)
        return list(self._folders.folders)

    def resolve(self, name: str, *, ask: bool = True) -> str:
        """The server's name for a folder as people write it; see `FolderList.resolve`.

        Args:
            name: As people write it.
            ask: List the folders where it is not among those listed before.

        Raises:
            NotFoundError: There is none; the message lists near names.
        """
        if name.strip().upper() == "INBOX":
            return "INBOX"
        if self._folders is not None:
            try:
                return self._folders.resolve(name)
            except NotFoundError:
                if not ask:
                    raise
        if not ask:
            raise NotFoundError(f"{name!r} is not known: no folders were listed yet")
        self._folders = FolderList.ask(self._wire)  # it may be new
        return self._folders.resolve(name)

    def status(self, folder: str) -> FolderStatus:
        """What a folder holds, without opening it. Effect: reads.

        Raises:
            NotFoundError: There is no such folder.
        """
        if self._open is not None and self._open.name == folder:
            return self.open_folder(folder, readonly=self._open.readonly)  # STATUS is not meant for the open folder
        reply = self._wire.command("STATUS", self._name(folder), "(MESSAGES UIDNEXT UIDVALIDITY)")
        for answer in reply.of("STATUS"):
            words = tokens(answer.pieces)
            if words and isinstance(words[-1], list):
                found = pairs(words[-1])
                return FolderStatus(
                    number(found.get(b"UIDVALIDITY")),
                    number(found.get(b"UIDNEXT")),
                    number(found.get(b"MESSAGES")),
                    folder,
                )
        raise ResponseError(f"{self._wire.where}: STATUS of {folder!r} was answered without numbers")

    def open_folder(self, folder: str, readonly: bool = True) -> FolderStatus:
        """Open a folder; read-only, nothing done here marks a mail as seen.

        Raises:
            NotFoundError: There is no such folder.
        """
        wire = self._wire
        name = self._name(folder)
        command = "EXAMINE" if readonly else "SELECT"
        self._open, wire.exists, wire.uidvalidity = None, 0, None
        wire.client.imap.state = "AUTH"
        reply = wire.command(command, name)
        faultpoint("imap.selected")
        wire.client.imap.state = "SELECTED"
        wire.client.imap.is_readonly = readonly
        status = self._opened(reply, folder, readonly)
        wire.uidvalidity = status.uidvalidity
        self._open = status
        return status

    def _opened(self, reply: Reply, folder: str, readonly: bool) -> FolderStatus:
        validity = _code_number(reply, "UIDVALIDITY")
        if not validity:
            raise ResponseError(
                f"{self._wire.where}: {folder!r} has no UIDVALIDITY, so no mail in it can be told apart"
            )
        uidnext = told = _code_number(reply, "UIDNEXT")
        if not uidnext:  # some old servers leave it out
            found = self._searcher.uids(None, None, None, None, 0) if self._wire.exists else []
            uidnext = found[-1] + 1 if found else 1
        flags = next((argument for argument in reply.codes("PERMANENTFLAGS")), b"")
        self._changer.permanent = frozenset(flags.strip(b"()").decode("ascii", "replace").lower().split())
        return FolderStatus(
            validity,
            uidnext,
            self._wire.exists,
            folder,
            readonly or reply.status.code == "READ-ONLY",
            uidnext_told=bool(told),
        )

    def create(self, folder: str) -> None:
        """Make a folder; one that is there already is fine.

        Raises:
            RejectedError: The server refused.
        """
        reply = self._wire.attempt("CREATE", self._name(folder))
        self._folders = None
        if reply.status.kind != "OK":
            try:
                self.status(folder)
            except NotFoundError:
                self._wire.refuse(reply.status, "CREATE")

    # -- looking ------------------------------------------------------------------------------------------------------

    def search(
        self,
        criteria: Criterion | None = None,
        *,
        uid_from: int | None = None,
        uid_to: int | None = None,
        limit: int | None = None,
    ) -> FoundUids:
        """UIDs of the open folder that fit, ascending. Effect: reads.

        With `narrowed_only` the answer holds more than fits: look at each mail before you take it for found.

        Args:
            criteria: What to look for; None is everything.
            uid_from: Lowest UID wanted.
            uid_to: Highest UID wanted.
            limit: Only the lowest so many.
        """
        opened = self._need_open()
        found = FoundUids(self._searcher.uids(criteria, uid_from, uid_to, limit, opened.uidnext))
        found.narrowed_only, found.unjudged = self._searcher.narrowed_only, self._searcher.unjudged
        faultpoint("imap.searched")
        return found

    def fetch_light(self, uids: Iterable[int], header_fields: Sequence[str] = light.HEADER_FIELDS) -> list[LightMail]:
        """Flags, arrival, size and header fields of mails that are still there, ascending. Effect: reads.

        A mail that exists but cannot be read is not handed out; `light_failures` has it. Where one costs the
        connection, the rest is asked for on a new one.
        """
        self._need_open()
        failures = self.light_failures = {}

        def ask(some: list[int]) -> Iterator[tuple[int, LightMail]]:
            return ((one.uid, one) for one in light.fetch_light(self._wire, some, header_fields, failures))

        return list(past_what_breaks(uids, ask, self._reconnected, failures).values())

    def fetch_arrivals(self, uids: Iterable[int]) -> dict[int, datetime]:
        """UID -> arrival, UTC, of mails that are still there; asks for nothing else. Otherwise as `fetch_light`."""
        self._need_open()
        failures = self.light_failures = {}
        return past_what_breaks(
            uids, lambda some: light.fetch_arrivals(self._wire, some, failures), self._reconnected, failures
        )

    def fetch_raw(
        self,
        uids: Iterable[int],
        *,
        max_bytes_per_batch: int = 8 << 20,
        max_message: int = 35 << 20,
        until: float | None = None,
    ) -> Iterator[FetchedMail]:
        """Whole mails, one at a time; nothing is marked as seen. Effect: reads.

        A mail that is gone is not handed out. One that exists but cannot be read is not either; `fetch_failures` has
        it. While this is being used up the session takes no other command; closing the iterator ends it early.

        Args:
            uids: Which.
            max_bytes_per_batch: About how many octets to ask for at once.
            max_message: Octets; of a larger mail only the header and the first 256 KiB are handed out.
            until: On the clock's `monotonic`: from then on a server that sends no mail is given up after the longest
                silence, whatever else it sends.

        Raises:
            RateLimitError: The server wants to be asked less.
            TransientError: The connection failed; every mail handed out before is whole.
        """
        opened = self._need_open()
        if max_message < 1 or max_bytes_per_batch < 1:
            raise InvalidInputError("max_message and max_bytes_per_batch must be at least 1 octet")
        reader = MailReader(
            self._wire,
            readonly=opened.readonly,
            max_bytes_per_batch=max_bytes_per_batch,
            max_message=max_message,
            until=until,
        )
        self.fetch_failures = reader.failures
        faultpoint("imap.before_fetch")
        return reader.mails(list(uids))

    def look_at_raw(
        self, uids: Iterable[int], look: Callable[[FetchedMail], Found], *, max_message: int = 35 << 20
    ) -> dict[int, Found]:
        """UID -> what `look` makes of each mail, also when one of them costs the connection. Effect: reads.

        A mail that exists but cannot be read has no entry; `fetch_failures` has it. A mail that is gone is in neither.

        Args:
            uids: Which.
            look: Called once per mail; what it raises ends the fetching.
            max_message: As for `fetch_raw`.

        Raises:
            RateLimitError: The server wants to be asked less.
            TransientError: The server is silent, in trouble itself, or cannot be reached again.
        """
        failures: dict[int, str] = {}

        def ask(some: list[int]) -> Iterator[tuple[int, Found]]:
            mails = cast("Generator[FetchedMail]", self.fetch_raw(some, max_message=max_message))
            try:
                with closing(mails):
                    for mail in mails:
                        yield mail.uid, look(mail)
            finally:
                failures.update(self.fetch_failures)

        found = past_what_breaks(uids, ask, self._reconnected, failures)
        self.fetch_failures = failures
        return found

    # -- changing -----------------------------------------------------------------------------------------------------

    def set_flags(self, uids: Iterable[int], flags: str | Iterable[str]) -> None:
        r"""Add flags such as `\Seen` or a keyword. Effect: changes the mailbox; repeating is harmless."""
        self._need_writable()
        self._changer.store(uids, "+", flags)

    def clear_flags(self, uids: Iterable[int], flags: str | Iterable[str]) -> None:
        """Remove flags. Effect: changes the mailbox; repeating is harmless."""
        self._need_writable()
        self._changer.store(uids, "-", flags)

    def copy(self, uids: Iterable[int], folder: str) -> dict[int, int | None]:
        """Copy to a folder; old UID -> new UID. Effect: changes the mailbox; repeating copies again.

        Raises:
            NotFoundError: There is no such folder.
            OutcomeUnknownError: The connection was lost on the way.
        """
        self._need_open()
        return self._changer.copy(uids, self._name(folder))

    def move(self, uids: Iterable[int], folder: str) -> MoveResult:
        """Move to a folder. Effect: changes the mailbox; repeating is harmless where the server can MOVE.

        `copy only` means that the originals are marked as deleted but still there: the server has no way to remove
        just these.

        Raises:
            NotFoundError: There is no such folder.
            OutcomeUnknownError: The connection was lost during a copy.
        """
        self._need_writable()
        return self._changer.move(uids, self._name(folder))

    def delete(self, uids: Iterable[int], expunge: bool = True, trash_folder: str | None = None) -> DeleteResult:
        """Delete, or move to `trash_folder`. Effect: changes the mailbox; repeating is harmless."""
        self._need_writable()
        if trash_folder is not None:
            result = self._changer.move(uids, self._name(trash_folder))
            return DeleteResult(tuple(sorted(result.moved)), "copied" if result.how == "copy only" else "moved")
        return self._changer.delete(uids, expunge=expunge)

    def append(
        self, folder: str, raw: bytes, flags: Sequence[str] = (), internal_date: datetime | None = None
    ) -> int | None:
        """Store a mail; its UID where the server tells. Effect: changes the mailbox; repeating stores it again.

        Raises:
            NotFoundError: There is no such folder.
            RejectedError: Too large, or the mailbox is full.
            OutcomeUnknownError: The connection was lost after the mail was sent.
        """
        return self._changer.append(self._name(folder), raw, checked_flags(flags) if flags else (), internal_date)

    # -- waiting ------------------------------------------------------------------------------------------------------

    def idle(self, timeout: float) -> IdleEvent:
        """Wait for news of the open folder, up to `timeout` seconds; see `idling.idle`."""
        self._need_open()
        return idling.idle(self._wire, timeout)

    # -----------------------------------------------------------------------------------------------------------------

    def _reconnected(self) -> bool:
        """After a lost connection: log in again and open the same folder; False where the connection still works.

        Raises:
            MailroomError: Of `connect` and `open_folder`; or the folder was rebuilt since.
        """
        before = self._need_open()
        if self.is_alive:
            return False
        lost, fresh = self._wire, ImapSession.connect(self._wire.settings, self._wire.clock)
        self._wire = self._searcher.wire = self._changer.wire = fresh._wire
        self._wire.alerts[:0] = [text for text in lost.alerts if text not in self._wire.alerts]
        if self.open_folder(before.name, readonly=before.readonly).uidvalidity != before.uidvalidity:
            self._wire.give_up("the folder was rebuilt")
            raise TransientError(f"{lost.where}: {before.name!r} was rebuilt meanwhile; open it again")
        return True

    def _name(self, folder: str) -> bytes:
        return (self._folders or FolderList([], {}, "")).wire_name(folder)

    def _need_open(self) -> FolderStatus:
        if self._open is None:
            raise InvalidInputError("no folder is open: call open(folder) first")
        return self._open

    def _need_writable(self) -> None:
        if self._need_open().readonly:
            raise InvalidInputError(f"{self._need_open().name!r} is open read-only: call open(folder, readonly=False)")


def _logged_in(settings: ImapSettings, clock: Clock, *, force_refresh: bool) -> Wire:
    wire = Wire(connect(settings, clock), settings, clock)
    try:
        faultpoint("imap.connected")
        preauth = login.greet(wire)
        if settings.security == "starttls":
            login.start_tls(wire, preauth)
        if not preauth:
            login.log_in(wire, force_refresh=force_refresh)
        faultpoint("imap.logged_in")
    except BaseException:
        wire.give_up("the login failed")
        raise
    return wire


def _code_number(reply: Reply, code: str) -> int:
    """The number of a response code; 0 when it is missing or none."""
    argument = next(iter(reply.codes(code)), b"").strip()
    return int(argument) if argument.isdigit() and len(argument) < 21 else 0
