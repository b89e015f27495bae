"""What an answer looks like on the wire: untagged lines with their literals, and what ends a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mailroom.errors import ResponseError
from mailroom.mail.imap.codes import Status


@dataclass(frozen=True, slots=True)
class Untagged:
    """One untagged answer: `* 12 EXISTS`, `* SEARCH 1 2`, `* OK [...] ...`."""

    kind: str
    number: int | None
    pieces: tuple[bytes, ...]
    """What follows, text and literals in turn."""

    @property
    def text(self) -> bytes:
        """The first piece of text."""
        return self.pieces[0]

    @property
    def status(self) -> Status:
        """Read as a status answer."""
        return Status.of(self.kind, self.pieces[0])


@dataclass(frozen=True, slots=True)
class Reply:
    """The tagged answer and everything untagged that came before it."""

    status: Status
    untagged: list[Untagged] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[Untagged]:
        """Untagged answers of one kind."""
        return (answer for answer in self.untagged if answer.kind == kind)

    def codes(self, code: str) -> Iterator[bytes]:
        """Arguments of a response code, untagged ones first."""
        for answer in self.of("OK"):
            if answer.status.code == code:
                yield answer.status.argument
        if self.status.code == code:
            yield self.status.argument


def literal_size(line: bytes) -> int | None:
    """The size announced at the end of a line; None when there is none.

    Raises:
        ResponseError: The number is absurd.
    """
    if not line.endswith(b"}"):
        return None
    digits = line[line.rfind(b"{") + 1 : -1].rstrip(b"+") if b"{" in line else b""
    if not digits.isdigit():
        return None
    if len(digits) > 12:
        raise ResponseError("the IMAP server announces a literal of an absurd size")
    return int(digits)


def untagged_of(pieces: Sequence[bytes]) -> Untagged:
    """Read `* 12 EXISTS` or `* KIND rest`.

    Raises:
        ResponseError: It is no untagged answer.
    """
    first = pieces[0]
    if not first.startswith(b"* "):
        raise ResponseError(f"the IMAP server sent {first[:60]!r} where an answer should be; the connection is closed")
    word, _, rest = first[2:].partition(b" ")
    number: int | None = None
    if word.isdigit() and len(word) <= 12:
        number = int(word)
        word, _, rest = rest.partition(b" ")
    return Untagged(word.decode("ascii", "replace").upper(), number, (rest, *pieces[1:]))
