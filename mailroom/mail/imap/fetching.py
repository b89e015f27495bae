"""Mails one by one from a FETCH, as fast as the socket gives them, never more than one in memory.

The usual answer is one line, one literal, one closing line; it is read without taking it to pieces. Everything else
(other items first, quoted strings, untagged data in between) takes the slower, general way.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from mailroom.errors import AccessError, MailroomError, RateLimitError, RejectedError, ResponseError
from mailroom.mail.imap.answers import literal_size, untagged_of
from mailroom.mail.imap.codes import Status, error_for
from mailroom.mail.imap.results import UNKNOWN_TIME, FetchedMail
from mailroom.mail.imap.searching import found_uids
from mailroom.mail.imap.tokens import pairs, tokens
from mailroom.mail.imap.uids import chunks, uid_set
from mailroom.mail.imap.wire import LONGEST_LINE, Wire
from mailroom.mail.moments import anywhere

_SHOWN = 256 << 10
"""Octets after the header that are kept of a mail over the limit."""
_HEADER_MOST = 256 << 10
_SLICE = 1 << 17
_ABSURD = 20
"""Servers that ignore the range asked for are borne with up to so many times the limit."""
_MOST_PER_COMMAND = 500
_IN_ORDER = re.compile(
    rb"\* \d+ FETCH \(UID (\d{1,10}) RFC822\.SIZE \d{1,18} INTERNALDATE \"([^\"]{0,40})\" FLAGS \(([^()\"{}]*)\) "
    rb"BODY\[\](?:<0>)? ~?\{(\d{1,12})\}\r\n"
)
_USUAL = re.compile(
    rb"\* \d+ FETCH \("
    rb"(?:(?:UID (\d{1,10})|RFC822\.SIZE \d{1,18}|INTERNALDATE \"([^\"]{0,40})\""
    rb"|FLAGS \(([^()\"{}]*)\)|MODSEQ \(\d{1,20}\)) )*BODY\[\](?:<0>)? ~?\{(\d{1,12})\}\r\n",
    re.IGNORECASE,
)
_BODY_AT_END = re.compile(rb"(?:BODY\[\](?:<0>)?|RFC822) ~?\{\d{1,12}\+?\}\Z", re.IGNORECASE)
_DATE = re.compile(
    rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)",
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}

_NUMBERS = {name.decode(): f"{number:02d}" for name, number in _MONTHS.items()}


def read_date(text: bytes | None) -> datetime:
    """An INTERNALDATE in UTC; `UNKNOWN_TIME` when it cannot be read."""
    if text is not None and len(text) == 26 and text.endswith(b" +0000"):
        try:  # the usual form, at a fifth of the cost
            said = text.decode("ascii").replace(" ", "0", 1) if text[0] == 32 else text.decode("ascii")
            usual = datetime.fromisoformat(f"{said[7:11]}-{_NUMBERS[said[3:6]]}-{said[:2]}T{said[12:20]}+00:00")
            return anywhere(usual) or UNKNOWN_TIME
        except (KeyError, ValueError):
            pass
    match = _DATE.fullmatch(text or b"")
    if match is None:
        return UNKNOWN_TIME
    day, name, year, hours, minutes, seconds, sign, zone_hours, zone_minutes = match.groups()
    try:
        when = datetime(
            int(year),
            _MONTHS.get(name.title(), 0),
            int(day),
            int(hours),
            int(minutes),
            min(int(seconds), 59),
            tzinfo=UTC,
        )
        away = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        return anywhere(when + away if sign == b"-" else when - away) or UNKNOWN_TIME
    except (ValueError, OverflowError):
        return UNKNOWN_TIME


@lru_cache(maxsize=512)
def read_flags(text: bytes) -> tuple[str, ...]:
    """Flags as text, in the server's order."""
    return tuple(text.decode("ascii", "replace").split())


def refused(status: Status, where: str) -> RejectedError:
    """What a NO or BAD to a FETCH says about the mails asked for; each may still be had alone.

    Raises:
        RateLimitError, AccessError: It says nothing about them: no mail can be had now.
    """
    error = error_for(status, "FETCH", where)
    if isinstance(error, (RateLimitError, AccessError)):
        raise error
    return error if isinstance(error, RejectedError) else RejectedError(str(error), status.code)


class MailReader:
    """Fetches whole mails over one wire. `failures` says which could not be read, and why."""

    def __init__(
        self, wire: Wire, *, readonly: bool, max_bytes_per_batch: int, max_message: int, until: float | None = None
    ) -> None:
        self.wire, self.readonly, self.until = wire, readonly, until
        self.max_bytes, self.max_message = max_bytes_per_batch, max_message
        self.failures: dict[int, str] = {}
        self._average = 64 << 10

    def mails(self, uids: Sequence[int]) -> Iterator[FetchedMail]:
        """Every mail that is still there, in the order of the UIDs as far as the server keeps it.

        Raises:
            RateLimitError: The server wants to be asked less; the connection stays usable.
            TransientError: The connection failed; what was handed out before is whole.
            ResponseError: The server's answer cannot be read.
        """
        rest = [uid for chunk in chunks(uids, 1 << 20) for uid in chunk]
        while rest:
            count = max(1, min(_MOST_PER_COMMAND, self.max_bytes // max(1, self._average)))
            batch, rest = rest[:count], rest[count:]
            missing = set(batch)
            error: MailroomError | None = None
            octets = 0
            try:
                for mail in self._batch(batch, self._beginning):
                    if mail.uid in missing:
                        missing.discard(mail.uid)
                        octets += len(mail.raw)
                        yield mail
            except RejectedError as no:
                error = no
            if octets:
                self._average = max(1, (self._average + octets // max(1, len(batch) - len(missing))) // 2)
            if missing:
                yield from self._one_by_one(sorted(missing), error)

    def _one_by_one(self, missing: Sequence[int], error: MailroomError | None) -> Iterator[FetchedMail]:
        """What a batch left out: most likely gone; what is still there is asked for alone."""
        for chunk in chunks(missing, _MOST_PER_COMMAND):
            reply = self.wire.command("SEARCH", "UID", uid_set(chunk), uid=True)
            there = set(found_uids(reply))
            for uid in chunk:
                if uid in there:
                    yield from self._alone(uid, error)

    def _alone(self, uid: int, error: MailroomError | None) -> Iterator[FetchedMail]:
        # Some servers cannot send a part of a mail. RFC822 sets \Seen: it is asked for only where nothing can be set.
        for item in (self._beginning, "BODY.PEEK[]", *(("RFC822",) if self.readonly else ())):
            try:
                mails = list(self._batch([uid], item))
            except RejectedError as no:
                error = no
                continue
            if mails:
                yield mails[0]
                return
        self.failures[uid] = str(error) if error else f"{self.wire.where}: the server lists UID {uid} but sends no mail"

    @property
    def _beginning(self) -> str:
        """As much of a mail as is wanted, and one octet more."""
        return f"BODY.PEEK[]<0.{self.max_message + 1}>"

    def _batch(self, batch: Sequence[int], item: str) -> Iterator[FetchedMail]:
        """One FETCH command, mail by mail."""
        wire = self.wire
        with wire.talking("FETCH"):
            tag = wire.send("FETCH", uid_set(batch), f"(UID RFC822.SIZE INTERNALDATE FLAGS {item})", uid=True)
            assert isinstance(tag, bytes)  # noqa: S101 - no literal was sent
            lone = batch[0] if len(batch) == 1 else None
            status = yield from self._answers(tag, lone)
        if status.kind != "OK":
            raise refused(status, wire.where)

    def _answers(self, tag: bytes, lone: int | None) -> Generator[FetchedMail, None, Status]:
        # Read here and not through `wire.line`: this loop is what a poll spends its time in.
        wire, imap = self.wire, self.wire.client.imap
        in_order, usual, most = _IN_ORDER.fullmatch, _USUAL.fullmatch, self.max_message
        readline, read = imap.file.readline, imap.file.read
        source, now, deadline = imap.source, wire.clock.monotonic, self._deadline
        end = tag + b" "
        source.deadline = deadline(now())
        try:
            while True:
                first = readline(LONGEST_LINE)
                match = in_order(first) or usual(first)
                if match is not None:
                    uid, date, flags, literal = match.groups()
                    length = int(literal)
                if match is None or length > most or uid is None:
                    first = wire.chomped(first)
                    if first.startswith(end):
                        return wire.tagged([first], tag)
                    mail = self._unusual(first, lone)
                else:
                    if length > _SLICE:
                        wire.patience(length)
                    raw = read(length)
                    if len(raw) != length:
                        raise EOFError("the server closed the connection inside a mail")
                    last = readline(LONGEST_LINE)
                    if last == b")\r\n":
                        mail = FetchedMail(int(uid), read_date(date), length, read_flags(flags or b""), raw)
                    else:
                        mail = self._from_pieces(self._rest([wire.chomped(first), raw, wire.chomped(last)]), lone, None)
                    raw = b""
                if mail is not None:
                    yield mail
                    mail = None  # not kept while the next one is read
                    source.deadline = deadline(now())  # news and signs of life are no progress
        except GeneratorExit:
            self._drain(end)
            raise

    def _deadline(self, now: float) -> float:
        """When the next mail must be here. After `until` the server gets no more than the usual silence for it."""
        patience = self.wire.longest_answer
        if self.until is not None:
            patience = min(patience, max(self.until - now, 0.0) + self.wire.settings.read_timeout)
        return now + patience

    def _drain(self, end: bytes) -> None:
        """The caller stopped early: read on to the end of the answer, so that the connection stays usable."""
        wire = self.wire
        try:
            wire.patience()  # each mail renews it
            while not (first := wire.line()).startswith(end):
                self._pieces(first, keep=0)
        except (OSError, EOFError, MailroomError):
            wire.give_up("ended while the rest of a FETCH was thrown away")

    def _rest(self, pieces: list[bytes]) -> list[bytes]:
        if literal_size(pieces[-1]) is None:
            return pieces
        return [*pieces[:-1], *self.wire.read(pieces[-1])]

    def _pieces(self, first: bytes, keep: int) -> tuple[list[bytes], int | None]:
        """An answer with its literals, of a body at most `keep` octets; and the body's full length when it was cut."""
        wire, pieces, cut = self.wire, [first], None
        while (size := literal_size(pieces[-1])) is not None:
            if _BODY_AT_END.search(pieces[-1]):
                data = self._start_of(size, keep if size > self.max_message else size)
                cut = size if len(data) < size else None
            elif size > self.max_message:
                raise ResponseError(f"{wire.where}: a literal of {size} octets that nobody asked for")
            else:
                data = wire.exactly(size)
            pieces += [data, wire.line()]
        return pieces, cut

    def _start_of(self, size: int, keep: int) -> bytes:
        """Read a literal of `size` octets, remember the first `keep`."""
        wire = self.wire
        if size > _ABSURD * self.max_message:
            raise ResponseError(
                f"{wire.where}: a mail of {size} octets where at most {self.max_message} were asked for"
            )
        start = wire.exactly(min(size, keep))
        left = size - len(start)
        while left:
            left -= len(wire.exactly(min(left, _SLICE)))
        return start

    def _unusual(self, first: bytes, lone: int | None) -> FetchedMail | None:
        pieces, cut = self._pieces(first, keep=_HEADER_MOST + _SHOWN)
        answer = untagged_of(pieces)
        if answer.kind != "FETCH":
            self.wire.note(answer, "FETCH")
            return None
        return self._from_pieces(pieces, lone, cut)

    def _from_pieces(self, pieces: Sequence[bytes], lone: int | None, cut: int | None) -> FetchedMail | None:
        """A FETCH answer of any shape; None when there is no mail in it."""
        answer = untagged_of(pieces)
        items = tokens(answer.pieces)
        if len(items) != 1 or not isinstance(items[0], list):
            raise ResponseError(f"{self.wire.where}: a FETCH answer without its list of items")
        found = pairs(items[0])
        raw = next((found[name] for name in (b"BODY[]", b"BODY[]<0>", b"RFC822") if name in found), None)
        uid_token, date, flags, size = (found.get(n) for n in (b"UID", b"INTERNALDATE", b"FLAGS", b"RFC822.SIZE"))
        uid = int(uid_token) if isinstance(uid_token, bytes) and uid_token.isdigit() else lone
        if not isinstance(raw, bytes) or uid is None:
            return None
        shown = (
            tuple(flag.decode("ascii", "replace") for flag in flags if isinstance(flag, bytes))
            if (isinstance(flags, list))
            else ()
        )
        when = read_date(date if isinstance(date, bytes) else None)
        if cut is None and len(raw) <= self.max_message:
            return FetchedMail(uid, when, len(raw), shown, raw)
        told = int(size) if isinstance(size, bytes) and size.isdigit() and len(size) < 19 else 0
        return FetchedMail(uid, when, max(told, cut or 0), shown, _header_and_start(raw), truncated=True)


def _header_and_start(raw: bytes) -> bytes:
    blank = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    header = min([*blank, _HEADER_MOST])
    return raw[: header + _SHOWN]
