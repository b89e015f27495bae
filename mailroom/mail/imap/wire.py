"""Commands out, answers in, on IMAPClient's connection: literals, untagged data at any time, BYE, silence.

Why not IMAPClient's own commands: they lose COPYUID and response codes, end at lines of 1 MB, keep whole replies in
memory and send criteria unchecked. The connection stays usable for them; tags of ours do not collide with theirs.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from mailroom.clock import Clock
from mailroom.errors import InvalidInputError, MailroomError, ResponseError, TransientError
from mailroom.mail.imap.answers import Reply, Untagged, literal_size, untagged_of
from mailroom.mail.imap.codes import Status, error_for
from mailroom.mail.imap.commands import encoded
from mailroom.mail.imap.connection import Client
from mailroom.mail.imap.settings import ImapSettings

LONGEST_LINE = 32 << 20
"""Octets: a million UIDs in a SEARCH answer take 7 MB."""
LARGEST_LITERAL = 8 << 20
"""Octets in answers that are kept in memory (everything but mails)."""
_MOST_ANSWERS, _MOST_OCTETS = 200_000, 64 << 20
"""Untagged answers to one command that are kept in memory."""
_NEWS = frozenset({"EXISTS", "RECENT", "EXPUNGE"})
"""Noted when they come, and not kept: somebody may be emptying the folder."""
SLOWEST = 16 * 1024
"""Octets per second that a server must keep up when it sends a literal."""
_WHOLE = 10
"""An answer as a whole may take that many times the longest silence."""
_NON_SYNC_MOST = 4096
_BIG = 1 << 20
"""Octets: a literal of more is sent by itself, not copied beside the text."""


class Wire:
    """One command at a time on one connection."""

    def __init__(self, client: Client, settings: ImapSettings, clock: Clock) -> None:
        self.client, self.settings, self.clock = client, settings, clock
        self.where = settings.where
        self.alerts: list[str] = []
        self.exists = 0
        self.uidvalidity: int | None = None
        """Of the open folder; a change reported by the server ends the session."""
        self.capabilities: frozenset[str] = frozenset()
        self.broken = ""
        """Why the connection cannot be used any more."""
        self.longest_answer = _WHOLE * settings.read_timeout
        """Seconds for a whole answer, literals not counted."""
        self._busy = ""
        self._count = 0

    # -- commands -----------------------------------------------------------------------------------------------------

    def command(self, name: str, *args: str | bytes, uid: bool = False) -> Reply:
        """Send a command and read to its end.

        Raises:
            MailroomError: Of the kind `codes.error_for` says, when the answer is not OK.
        """
        reply = self.attempt(name, *args, uid=uid)
        if reply.status.kind != "OK":
            self.refuse(reply.status, name)
        return reply

    def refuse(self, status: Status, name: str) -> NoReturn:
        """Raise what a NO or BAD to a command means."""
        raise error_for(status, name, self.where)

    def attempt(self, name: str, *args: str | bytes, uid: bool = False, into: list[Untagged] | None = None) -> Reply:
        """As `command`, but NO and BAD are returned like OK.

        Args:
            name: The command.
            args: As for `encoded`.
            uid: As for `encoded`.
            into: Gets the untagged answers as they come, for callers who want them even when the connection is lost.

        Raises:
            TransientError: The connection ended or stayed silent, or the server said BYE.
            ResponseError: The answer cannot be read.
        """
        encoded(name, args, uid)  # what cannot be sent is refused before anything is
        with self.talking(name):
            tag = self.send(name, *args, uid=uid)
            untagged: list[Untagged] = [] if into is None else into
            status = tag if isinstance(tag, Status) else self.finish(name, tag, untagged)
        return Reply(status, untagged)

    @contextmanager
    def talking(self, name: str) -> Iterator[None]:
        """Around one command: whatever goes wrong inside leaves the connection unusable."""
        if self.broken:
            raise TransientError(f"{self.where}: the connection is gone ({self.broken}); open a new session")
        if self._busy:
            raise InvalidInputError(f"{name} while {self._busy} is still being read: use up or close that first")
        self._busy = name
        self.patience()
        try:
            yield
        except TimeoutError as error:
            self.give_up("no answer in time")
            raise TransientError(
                f"{self.where}: no answer to {name} within {self.settings.read_timeout:g} seconds of silence "
                f"(or {_WHOLE} times that in all); try again later"
            ) from error
        except (OSError, EOFError) as error:
            self.give_up("connection lost")
            reason = "TLS error" if isinstance(error, ssl.SSLError) else str(error) or "it was closed"
            raise TransientError(
                f"{self.where}: the connection was lost during {name} ({reason}); try again"
            ) from error
        except GeneratorExit:
            raise  # whoever reads on behalf of a generator leaves the connection in order
        except BaseException as error:
            self.give_up(str(error) if isinstance(error, MailroomError) else type(error).__name__)
            raise
        finally:
            self._busy = ""

    def patience(self, octets: int = 0) -> None:
        """Allow the next answer the usual time, and more for a literal of so many octets."""
        self.client.imap.source.deadline = self.clock.monotonic() + self.longest_answer + octets / SLOWEST

    def send(self, name: str, *args: str | bytes, uid: bool = False) -> bytes | Status:
        """Send a command; the tag, or the final status when the server refused a literal. Inside `talking` only."""
        self._count += 1
        tag = b"MR%d" % self._count
        pieces = encoded(name, args, uid)
        waiting = bytearray(tag + b" ")
        for index, piece in enumerate(pieces):
            if index % 2 == 0:
                waiting += piece
                continue
            offered = self.capabilities
            direct = "LITERAL+" in offered or ("LITERAL-" in offered and len(piece) <= _NON_SYNC_MOST)
            waiting += b"{%d%s}\r\n" % (len(piece), b"+" if direct else b"")
            if not direct:
                self.raw(bytes(waiting))
                waiting.clear()
                if (refused := self._continuation(name, tag)) is not None:
                    return refused
            if len(piece) > _BIG:
                self.raw(bytes(waiting))
                waiting.clear()
                self.raw(piece)
            else:
                waiting += piece
        self.raw(bytes(waiting + b"\r\n"))
        return tag

    def raw(self, data: bytes) -> None:
        """Send bytes as they are (DONE, an answer to a challenge)."""
        if data:
            self.client.imap.sock.sendall(data)

    def _continuation(self, name: str, tag: bytes) -> Status | None:
        """Wait for `+`; the final status when it does not come."""
        while True:
            pieces = self.read()
            if pieces[0].startswith(b"+"):
                return None
            if pieces[0].startswith(tag + b" "):
                return self.tagged(pieces, tag)
            self.note(untagged_of(pieces), name)

    # -- answers ------------------------------------------------------------------------------------------------------

    def finish(self, name: str, tag: bytes, untagged: list[Untagged]) -> Status:
        """Read to the tagged answer, collecting what comes before it.

        Raises:
            ResponseError: More comes than any answer needs.
        """
        octets = 0
        while True:
            pieces = self.read()
            if pieces[0].startswith(tag + b" "):
                return self.tagged(pieces, tag)
            answer = untagged_of(pieces)
            self.note(answer, name)
            if answer.kind in _NEWS:
                continue
            untagged.append(answer)
            octets += sum(map(len, pieces))
            if len(untagged) > _MOST_ANSWERS or octets > _MOST_OCTETS:
                raise ResponseError(
                    f"{self.where}: {len(untagged)} answers of {octets} octets to one {name}, and no end; ask for less"
                )

    def tagged(self, pieces: Sequence[bytes], tag: bytes) -> Status:
        """The status in a tagged answer."""
        kind, _, rest = pieces[0][len(tag) + 1 :].partition(b" ")
        if kind.upper() not in (b"OK", b"NO", b"BAD"):
            raise ResponseError(f"{self.where}: an answer ends with {kind[:20]!r}; this is not IMAP")
        status = Status.of(kind.decode("ascii").upper(), rest)
        self._alert(status)
        return status

    def line(self) -> bytes:
        """One line without its end."""
        return self.chomped(self.client.imap.file.readline(LONGEST_LINE))

    def chomped(self, line: bytes) -> bytes:
        """A line as read, without its end.

        Raises:
            EOFError: It has none: the connection ended.
            ResponseError: It has none because it is too long.
        """
        if line.endswith(b"\r\n"):
            return line[:-2]
        if line.endswith(b"\n"):
            return line[:-1]
        if len(line) >= LONGEST_LINE:
            raise ResponseError(f"{self.where}: a line of more than {LONGEST_LINE} octets; narrow the question")
        raise EOFError("the server closed the connection")

    def read(self, first: bytes | None = None) -> list[bytes]:
        """One answer with its literals: text, literal, text, ... `first` is a line that was read already."""
        pieces = [self.line() if first is None else first]
        total = 0
        while (size := literal_size(pieces[-1])) is not None:
            total += size
            if total > LARGEST_LITERAL:
                raise ResponseError(f"{self.where}: an answer with {total} octets of literals where none is expected")
            pieces += [self.exactly(size), self.line()]
        return pieces

    def exactly(self, size: int) -> bytes:
        """So many octets."""
        self.patience(size)
        data: bytes = self.client.imap.file.read(size)
        if len(data) < size:
            raise EOFError("the server closed the connection inside a literal")
        return data

    def note(self, answer: Untagged, name: str) -> None:
        """Keep what an untagged answer says about the session.

        Raises:
            MailroomError: The server said BYE (and was not asked to), or the folder's generation changed.
        """
        kind = answer.kind
        if kind == "EXISTS" and answer.number is not None:
            self.exists = answer.number
        elif kind == "EXPUNGE":
            self.exists = max(0, self.exists - 1)
        elif kind == "CAPABILITY":
            self.learn(answer.text)
        elif kind in ("OK", "NO", "BAD"):
            status = answer.status
            self._alert(status)
            known = self.uidvalidity is not None and name not in ("SELECT", "EXAMINE")
            if status.code == "UIDVALIDITY" and known and status.argument.strip() != b"%d" % (self.uidvalidity or 0):
                raise TransientError(
                    f"{self.where}: the folder was rebuilt while it was open (UIDVALIDITY is now "
                    f"{status.argument[:20].decode('ascii', 'replace')}); open it again, no UID is valid any more"
                )
        elif kind == "BYE" and name != "LOGOUT":
            self._alert(answer.status)
            raise error_for(answer.status, name, self.where)

    def learn(self, text: bytes) -> None:
        """Take over a list of capabilities."""
        self.capabilities = frozenset(text.decode("ascii", "replace").upper().split())
        self.client._cached_capabilities = tuple(sorted(word.encode() for word in self.capabilities))

    def _alert(self, status: Status) -> None:
        if status.code == "ALERT" and status.text not in self.alerts and len(self.alerts) < 50:
            self.alerts.append(status.said.removeprefix("[ALERT] "))

    def give_up(self, why: str) -> None:
        """Close the connection; later commands say why."""
        self.broken = self.broken or why
        self.client.imap.shutdown()

    def close(self) -> None:
        """Log out if that is still possible, and close the connection. Never raises."""
        if not self.broken and not self._busy:
            self.client.imap.sock.settimeout(min(self.settings.read_timeout, 5.0))
            with suppress(MailroomError, OSError, ValueError):
                self.attempt("LOGOUT")
        self.give_up("closed")
