"""Undo what people do to links and addresses so that nobody clicks them.

`hxxp`, `[.]`, `(dot)`, `{at}`, `<at>`, `[:]//`, `&#46;`, a backslash before a dot, blanks around them, zero-width
characters inside; the words in brackets in many languages.
Every rewriting is checked against its neighbours, because `(.)` also occurs where nothing was defanged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import AS_ASCII, LETTER, flat
from mailroom.indicators.schemes import rewrite_schemes
from mailroom.indicators.suffixes import is_top_level

_REACH = 256
"""Characters looked at beyond a sign to see whether a host name follows."""


def _flat_words(words: frozenset[str]) -> bytes:
    return b"|".join(flat(word) for word in sorted(words))


_DOT = rb"(?:\.|dot|punkt|punto|ponto|point)"
_AT_WORDS = frozenset(
    {"@", "at", "et", "arroba", "a", "ät", "æt", "arobase", "chiocciola", "małpa", "собака", "zavináč", "kukac"}
)
_DOT_WORDS = frozenset(
    {"dot", "punkt", "punto", "ponto", "point", "kropka", "tečka", "točka", "точка", "nokta", "piste"}
)
"""What stands for the signs between brackets, in many languages."""
_BRACKETED_AT = rb"(?:" + _flat_words(_AT_WORDS) + rb")"
_BRACKETED_DOT = rb"(?:[.,]|" + _flat_words(_DOT_WORDS) + rb")"
_ENTITY = rb"&(?:\#0*(?:46|47|58|64)|\#x0*(?:2e|2f|3a|40)|period|sol|colon|commat);"
_ANY = rb"[\[\](){}]"
_OPEN, _CLOSE = rb"[\[({]", rb"[\])}]"
_SIGNS = Pattern(
    rb"(?i)"
    rb"[ \t]*\\*" + _OPEN + rb"[ \t\\\[({]*" + _BRACKETED_DOT + rb"[ \t\\\])}]*" + _CLOSE + rb"[ \t]*"
    rb"|[ \t]*<(?:"
    + _DOT
    + rb"|@|at)>[ \t]*|"
    + _ENTITY
    + rb"|[ \t]*"
    + _OPEN
    + rb"[ \t]*"
    + _BRACKETED_AT
    + rb"[ \t]*"
    + _CLOSE
    + rb"[ \t]*"
    rb"|" + _OPEN + rb"(?::/{0,2}|/{1,2}|-)" + _CLOSE + rb"|[\[(]www\d?[\])]\."
    rb"|" + _CLOSE + rb"+\.[\[({\])}]+|[\]}]\.|\.[\[({]+"
    rb"|" + _ANY + rb"+:" + _ANY + rb"*//[\](){}]*|:" + _ANY + rb"+//[\](){}]*|://[\](){}]+"
    rb"|" + _ANY + rb"+[@,]" + _ANY + rb"*|[@,]" + _ANY + rb"+"
    rb"|[ \t]*" + _OPEN + rb"[ \t\[({]*" + _DOT + _OPEN + rb"?"
    rb"|" + _DOT + _CLOSE + rb"+"
    rb"|[ \t]*\\+[ \t]*\.[ \t]*|\\/|\^\."
    rb"|[ \t]+@[ \t]*|@[ \t]+|[ \t]+(?-i:AT)[ \t]+|[ \t]+at[ \t]+[\w\-]+[ \t]*(?:\[|\(|dot[ \t])"
    rb"|[ \t]+dot[ \t]+|[ \t]+-(?:at|dot)-[ \t]+|-dot-|(?-i:DOT)"
    rb"|(?:://[ \t]*|tps?__)[\w\-]+(?:\.[\w\-]+)*[ \t]+\.[ \t]*"
    rb"|tp[\[(]s[\])]|xp[\[(]s[\])]"
    rb"|[\x9d\xad]+|\x9c"
)
_DOTTED_NEXT = Pattern(
    rb"[\w\xc0-\xff\-]+(?:\.[\w\xc0-\xff\-]+)*"
    rb"(?:\.[A-Za-z]{2,}\b|(?i:[ \t]*\\*[\[({<]+[ \t]*" + _BRACKETED_DOT + rb"|[ \t]+(?:dot|-dot-)[ \t]|DOT)|\.\d)"
)
_ENDS_NEXT = Pattern(
    rb"(?i)(?:[\w\-]+(?:[ \t]+(?:dot|-dot-)[ \t]+|-dot-|DOT|\.|[ \t]*[\[({]+(?:\.|dot)[\])}]+[ \t]*))*"
    rb"(?:com|net|org|info|biz|edu|gov|mil|ru|su|cn|de|uk|fr|nl|pl|ch|eu|ca|au|nz|jp|kr|br|mx|es|se|"
    rb"io|co|cc|tv|xyz|top|online|site|club|shop|live|app|dev|onion)\b"
)


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the characters of a rewritten text came from: pairs of new and old offsets, ascending."""

    new: list[int]
    old: list[int]

    def back(self, position: int, *, closing: bool = False) -> int:
        """The old offset of a new one; `closing` when it is the end of a stretch."""
        index = bisect_right(self.new, position) - 1
        if closing and index > 0 and self.new[index] == position:
            index -= 1  # a stretch that ends where a rewriting begins does not contain it
        back = self.old[index] + position - self.new[index]
        return min(back, self.old[index + 1]) if index + 1 < len(self.old) else back


@dataclass(frozen=True, slots=True)
class Refanged:
    """A text after refanging, and the way back to where each character came from."""

    text: str
    data: bytes
    """`flat(text)`."""
    passes: tuple[Positions, ...] = ()
    """One per rewriting, in the order they were done."""

    @property
    def changed(self) -> bool:
        """Whether anything was rewritten."""
        return bool(self.passes)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that `text[start:end]` was made from."""
        for positions in reversed(self.passes):
            start, end = positions.back(start), positions.back(end, closing=True)
        return start, max(start, end)


Change = tuple[int, int, str]
"""Start and end of what is replaced, and by what."""


def refang(text: str) -> str:
    """The text with defanged links and addresses made whole again.

    Args:
        text: Any text.

    Returns:
        The rewritten text; the same object when there was nothing to do.
    """
    return refanged(text).text


def refanged(text: str) -> Refanged:
    """Like `refang`, with the way back to the original positions.

    Returns:
        The rewritten text, its flat bytes and the positions.
    """
    whole = Refanged(text, flat(text))
    whole = _rewritten(whole, list(_changes(whole.text, whole.data)))
    return _rewritten(whole, rewrite_schemes(whole.data))


def _rewritten(before: Refanged, changes: list[Change]) -> Refanged:
    if not changes:
        return before
    text, positions = _apply(before.text, changes)
    return Refanged(text, flat(text), (*before.passes, positions))


def _changes(text: str, data: bytes) -> Iterator[Change]:
    """What is to be rewritten, in order. Some signs are recognised by what follows them: the search goes on there."""
    position = done = 0
    while (span := _SIGNS.next(data, position)) is not None:
        change = _change(text, data, *span)
        position = span[1]
        if change is not None and change[0] >= done:
            yield change
            position = done = change[1]


def _apply(text: str, changes: list[Change]) -> tuple[str, Positions]:
    """Carry out changes that are in order and do not overlap."""
    pieces: list[str] = []
    new: list[int] = [0]
    old: list[int] = [0]
    length = done = 0
    for start, end, by in changes:
        pieces += (text[done:start], by)
        length += start - done
        new.append(length)
        old.append(start)
        length += len(by)
        new.append(length)
        old.append(end)
        done = end
    pieces.append(text[done:])
    return "".join(pieces), Positions(new, old)


_IS_WORD = bytes((chr(byte).isascii() and chr(byte).isalnum()) or byte >= 0xC0 for byte in range(256))


def _word(byte: int) -> bool:
    return _IS_WORD[byte] == 1


def _change(text: str, data: bytes, start: int, end: int) -> Change | None:
    """Decide about one sign: what it becomes, or None when it is left alone."""
    sign = data[start:end]
    if sign[0] in b"\x9d\xad":
        return start, end, ""
    if sign == b"\x9c":
        return _full_stop(data, start, end)
    left = data[start - 1] if start else 0
    right = data[end] if end < len(data) else 0
    if sign[0] == 0x26:  # &
        inside = left > 0x20 and right > 0x20
        return (start, end, unescape(text[start:end])) if inside else None
    if not (_IS_WORD[right] or _IS_WORD[left] or left in b"/)"):
        return None
    core = sign.strip(b" \t")
    bare = core.strip(b"[](){}<>\\^ \t").lower()
    if bare.startswith(b"www"):
        bare = bare.rstrip(b".")
    if core.translate(None, b"[](){}") == b"://":
        return _separator(data, start, end, core)
    if core.lower().startswith((b"://", b"tp__", b"tps__")):
        return _gap(data, start, end)
    if core[:2].lower() in {b"tp", b"xp"}:
        return start + 2, end, "s"  # http[s]://
    blank = len(core) != len(sign)
    if core == b"\\/":
        return (start, end, "/") if _word(left) else None
    if bare.startswith(b"www"):
        return start, end, bare.rstrip(b"])").decode("ascii") + "."
    if bare in {b":", b"://", b":/", b"//", b"/", b"-"}:
        tight = left > 0x20 and (right > 0x20 or bare == b"/")
        return (
            (start, end, bare.decode("ascii")) if tight and (bare != b"-" or (_word(left) and _word(right))) else None
        )
    word = bare.decode("ascii") if bare.isascii() else text[start:end].translate(AS_ASCII).strip("[](){} \t").lower()
    if word in _AT_WORDS or word == "-at-" or (word.startswith("at") and word.isascii()):
        return _at(text, data, start, end, core, bare)
    if not word.isascii() and word not in _DOT_WORDS:
        return None
    return _dot(data, start, end, core, bare, blank=blank, left=left, right=right)


def _separator(data: bytes, start: int, end: int, core: bytes) -> Change | None:
    """`[://]`, `:(//`, `]://`: what is left of `://`; a bracket before the scheme goes with the one after it."""
    if core == b"://[" or not data[max(0, start - 1) : start].isalpha() or end >= len(data):
        return None  # a bracket alone after it may hold an IPv6 address
    if not _word(data[end]) and data[end] != 0x5B:
        return None
    first = start
    while first and start - first < 8 and data[first - 1 : first].isalpha():
        first -= 1
    if core[0] in b"])}" and data[first - 1 : first] in {b"[", b"(", b"{"}:
        return first - 1, end, data[first:start].decode("latin-1") + "://"
    return start, end, "://"


def _full_stop(data: bytes, start: int, end: int) -> Change | None:
    """`example。com`: browsers take it for a dot. After a name that is whole it ends a sentence."""
    first = start
    while first > max(0, start - 64) and (
        data[first - 1] < 0x80 and (_word(data[first - 1]) or data[first - 1] == 0x2D)
    ):
        first -= 1
    if first == start or data[first - 1 : first] == b".":
        return None
    reach = end
    while reach < min(len(data), end + 64) and data[reach] < 0x80 and (_word(data[reach]) or data[reach] == 0x2D):
        reach += 1
    label = data[end:reach].decode("latin-1").lower()
    follows = data[reach : reach + 1] in {b".", b"\x9c"} and data[reach + 1 : reach + 2].isalnum()
    return (start, end, ".") if label and (follows or is_top_level(label)) else None


def _gap(data: bytes, start: int, end: int) -> Change | None:
    """`http://example .com`: the blank goes when an ending follows."""
    reach = end
    while reach < min(len(data), end + 24) and chr(data[reach]).isalnum():
        reach += 1
    if not is_top_level(data[end:reach].decode("latin-1").lower()):
        return None
    dot = data.rindex(b".", start, end)
    return len(data[:dot].rstrip(b" \t")), end, "."


def _at(text: str, data: bytes, start: int, end: int, core: bytes, bare: bytes) -> Change | None:
    left = data[start - 1] if start else 0
    if not (_word(left) or left in b"_.-+"):
        return None
    if core[0] in b"])}" and data.rfind(b"(", max(0, start - 64), start) >= 0:
        return None  # `name(comment)@host`
    if core[:2].lower() == b"at" and bare not in {b"at"}:  # " at host [.] tld": the pattern looked ahead
        end = start + data[start:end].lower().index(b"at") + 2
        while data[end] in b" \t":
            end += 1
    elif (bare == b"a" and not _may_be_at(data, start, end, core)) or (
        core == b"AT" and not (97 <= left <= 122 or 48 <= left <= 57)
    ):
        return None
    reach = _DOTTED_NEXT.at(data, end, end + _REACH)
    if reach < 0 or (core == b"@[" and (48 <= data[end] <= 57 or data[end : end + 2] == b"IP")):
        return None  # an address literal keeps its brackets
    if data[reach - 1] == LETTER and not text[end:reach].lower().endswith(tuple(_DOT_WORDS)):
        return None  # a word as long as one of them
    host = data[end:reach]
    unfinished = host.rstrip(b" \t-").lower().endswith((b"dot", b"punkt", b"punto", b".")) and b"." not in host.rstrip(
        b"."
    )
    sure = core[0] in b"[({<" and bare != b"a"
    if sure or unfinished or any(bracket in host for bracket in b"[({<"):
        return start, end, "@"
    last = host.rpartition(b".")[2].lower().decode("latin-1")
    return (start, end, "@") if is_top_level(last) or last.isdigit() else None


def _may_be_at(data: bytes, start: int, end: int, core: bytes) -> bool:
    """Whether `(a)` or `[a]` is a sign, and neither an item as in `either (a) northwind.com` nor a note `[a]`."""
    before, after = data[start] in b" \t", data[end - 1] in b" \t"
    if before != after:
        return False
    return not before or core[0] != 0x28 or _is_full_name(data, start)


def _is_full_name(data: bytes, end: int) -> bool:
    word = data[max(0, end - 64) : end].rpartition(b" ")[2]
    return word[:1].isalpha() and word[-1:].isalnum() and (b"." in word or b"_" in word)


def _dot(
    data: bytes, start: int, end: int, core: bytes, bare: bytes, *, blank: bool, left: int, right: int
) -> Change | None:
    if bare in {b"dot", b"-dot-"} and core[0] not in b"[({<" and core[-1] not in b"])}>":
        glued = core == b"DOT" and not blank
        if glued and not (97 <= left <= 122 and 97 <= right <= 122):
            return None
        return (start, end, ".") if _word(left) and _ENDS_NEXT.at(data, end, end + _REACH) >= 0 else None
    opened, closed = core[0] in b"[({<\\^", core[-1] in b"])}>"
    if bare not in {b".", b""} and not (_word(left) and _word(right)):
        return None
    if opened and closed and core[0] not in b"\\^":
        if _word(left) and _word(right):
            return start, end, "."
        tight = not blank and bare == b"." and left > 0x20
        return (start, end, ".") if tight and (_word(left) or left in b"/)") else None
    if not _word(right) or not (_word(left) or left in b"/)"):
        return None
    if blank and not (opened and core[0] in b"[\\"):
        return None
    digits = (48 <= left <= 57, 48 <= right <= 57)
    if bare == b"," and digits != (True, True):
        return None
    if core[0] in b"])}" or core[-1] in b"[({":  # often the end of a sentence and a reference: ").[1", ".(a"
        return (start, end, ".") if digits[0] == digits[1] and not _paired(data, start, end, core) else None
    return start, end, "."


_PAIRS = {0x5D: b"[", 0x29: b"(", 0x7D: b"{", 0x5B: b"]", 0x28: b")", 0x7B: b"}"}


def _paired(data: bytes, start: int, end: int, core: bytes) -> bool:
    """Whether a bracket of the sign belongs to one nearby: `name.[ch]`, `{name}.so`."""
    before = data[max(0, start - 32) : start].rpartition(b" ")[2]
    after = data[end : end + 16].partition(b" ")[0]
    if core[0] in b"])}" and core[-1] in b"[({":
        return False
    opened = core[0] in b"])}" and _PAIRS[core[0]] in before
    return opened or (core[-1] in b"[({" and _PAIRS[core[-1]] in after)
