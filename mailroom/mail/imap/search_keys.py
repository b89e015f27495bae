"""Search criteria that cannot be injected, and that never ask the server for less than is wanted.

A criterion is a small tree. `to_imap` gives the server's part: text is checked, dates are widened to what the server's
day-only comparison can be trusted with, so the server's answer is a superset and the caller looks again.

Tokens of `to_imap`: `str` is sent as it stands (keys, numbers, dates, parentheses), `bytes` is an argument that is
quoted or sent as a literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mailroom.errors import InvalidInputError
from mailroom.mail.imap.criterion import And, Criterion, Exact, Imap, Raw
from mailroom.mail.imap.uids import checked_uid, checked_whole, uid_set

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSURE = timedelta(hours=48)
"""Servers compare days only, some in their own zone: two days on either side are safe."""
_MESSAGE_ID = re.compile(r"<[^\s<>\x00-\x1f\x7f]{1,980}>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_KEYWORD = re.compile(r"[A-Za-z0-9$_.-]{1,64}")
_ASCII_RUN = re.compile(r"[\x20-\x7e]{2,}")
_LONGEST = 1_000


def checked_text(value: str, what: str, *, empty: bool = False) -> str:
    """`value`, if it may go into a command.

    Raises:
        InvalidInputError: It is no text, empty, too long, or has NUL, CR or LF in it.
    """
    if not isinstance(value, str):
        raise InvalidInputError(f"{what}: expected text, got {type(value).__name__}")
    if any(character in value for character in "\0\r\n"):
        raise InvalidInputError(f"{what}: NUL, CR and LF are not allowed; search for one line of text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidInputError(f"{what}: the text has half a surrogate pair in it; write it again")
    if not value and not empty:
        raise InvalidInputError(f"{what}: the text to look for is empty")
    if len(value) > _LONGEST:
        raise InvalidInputError(f"{what}: {len(value)} characters; at most {_LONGEST} can be searched for")
    return value


@dataclass(frozen=True)
class _Text(Criterion):
    """A substring of some field; `text` is checked when it is made."""

    text: str
    key = ""

    def __post_init__(self) -> None:
        checked_text(self.text, self.key or type(self).__name__)

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        if not ascii_only or self.text.isascii():
            return self
        runs = [type(self)(run) for found in _ASCII_RUN.findall(self.text) if (run := found.strip())]
        return And(*runs).widened() if runs else None

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        return self if not ascii_only or self.text.isascii() else None

    def keys(self) -> Imap:
        return [self.key, self.text.encode()]


class From(_Text):
    """The From field contains the text."""

    key = "FROM"


class To(_Text):
    """The To field contains the text."""

    key = "TO"


class Cc(_Text):
    """The Cc field contains the text."""

    key = "CC"


class Bcc(_Text):
    """The Bcc field contains the text."""

    key = "BCC"


class Subject(_Text):
    """The subject contains the text."""

    key = "SUBJECT"


class Body(_Text):
    """The body contains the text. What counts as body differs between servers."""

    key = "BODY"


class Text(_Text):
    """Header or body contain the text."""

    key = "TEXT"


class GmailRaw(_Text):
    """A query in Gmail's own search language; Gmail only."""

    key = "X-GM-RAW"


@dataclass(frozen=True)
class Header(_Text):
    """A header of that name contains the text; with an empty text it only has to be there."""

    text: str = field(init=False)
    name: str
    value: str = ""

    def __init__(self, name: str, value: str = "") -> None:
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise InvalidInputError(f"header name {name!r}: letters, digits and hyphens only, at most 64")
        checked_text(value, f"header {name}", empty=True)
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "text", value)

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        """The header has to be there, and to contain the ASCII runs."""
        if not ascii_only or self.value.isascii():
            return self
        runs = [found.strip() for found in _ASCII_RUN.findall(self.value)]
        return And(Header(self.name), *(Header(self.name, run) for run in runs if run)).widened()

    def keys(self) -> Imap:
        """`HEADER` and its two arguments."""
        return ["HEADER", self.name.encode(), self.value.encode()]


@dataclass(frozen=True)
class MessageId(Exact):
    """The mail with this Message-ID, angle brackets included."""

    id: str

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not _MESSAGE_ID.fullmatch(self.id):
            raise InvalidInputError(f"Message-ID {str(self.id)[:80]!r}: expected <something@somewhere> without spaces")
        if not self.id.isascii():
            raise InvalidInputError(f"Message-ID {self.id[:80]!r}: only ASCII ids can be searched for")

    def keys(self) -> Imap:
        """A search in the header Message-ID."""
        return ["HEADER", b"Message-ID", self.id.encode()]


@dataclass(frozen=True)
class _Day(Criterion):
    """A comparison of the arrival day."""

    when: datetime | date
    key = ""
    widening = 0
    is_widened = True

    def __post_init__(self) -> None:
        if not isinstance(self.when, date):
            raise InvalidInputError(f"{self.key}: expected a date or a time, got {type(self.when).__name__}")

    def _day(self, direction: int) -> str:
        try:
            day = self.when + direction * _UNSURE
        except OverflowError:
            day = self.when
        return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}"

    def widened(self, *, ascii_only: bool = False) -> Criterion | None:
        return Raw(self.key, self._day(self.widening))

    def tightened(self, *, ascii_only: bool = False) -> Criterion | None:
        return Raw(self.key, self._day(-self.widening))


class Since(_Day):
    """Arrived at or after that instant. The server is asked from two days earlier: check the arrival time yourself."""

    key = "SINCE"
    widening = -1


class Before(_Day):
    """Arrived before that instant. The server is asked up to two days later: check the arrival time yourself."""

    key = "BEFORE"
    widening = 1


def Everything() -> Criterion:  # noqa: N802 - reads like the other criteria
    """Every mail."""
    return Raw("ALL")


def Unseen() -> Criterion:  # noqa: N802
    """Without the flag Seen."""
    return Raw("UNSEEN")


def Seen() -> Criterion:  # noqa: N802
    """With the flag Seen."""
    return Raw("SEEN")


def Keyword(name: str) -> Criterion:  # noqa: N802
    """With the keyword (a flag without backslash).

    Raises:
        InvalidInputError: `name` is not a keyword.
    """
    if not isinstance(name, str) or not _KEYWORD.fullmatch(name):
        raise InvalidInputError(f"keyword {name!r}: letters, digits and $ _ . - only, at most 64")
    return Raw("KEYWORD", name)


def Larger(size: int) -> Criterion:  # noqa: N802
    """More than `size` octets, as the server counts."""
    return Raw("LARGER", str(checked_whole(size, "size")))


def Smaller(size: int) -> Criterion:  # noqa: N802
    """Less than `size` octets, as the server counts."""
    return Raw("SMALLER", str(checked_whole(size, "size")))


def Uid(first: int | Iterable[int], last: int | None = None, *, open_end: bool = False) -> Criterion:  # noqa: N802
    """These UIDs: `Uid(5)`, `Uid(5, 9)`, `Uid([1, 2, 9])`, `Uid(5, open_end=True)` for `5:*`.

    `5:*` also answers with the highest UID when that is below 5: the caller drops it.

    Raises:
        InvalidInputError: A number is no UID, or the list is empty.
    """
    if not isinstance(first, int):
        uids = list(first)
        if not uids:
            raise InvalidInputError("UID: the list is empty")
        return Raw("UID", uid_set(uids))
    start = checked_uid(first)
    if open_end:
        return Raw("UID", f"{start}:*")
    return Raw("UID", str(start) if last is None else f"{start}:{checked_uid(last)}")
