"""Read From headers the way several mail programs might, and say when they would disagree.

The strict reading splits mailboxes at commas outside quotes, comments and angle brackets; the loose reading finds
everything that looks like an address anywhere, encoded words included. What only one reading sees is a defect. Nothing
here raises; every step is linear in the capped input.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from mailroom.rulelang.domains import canonical_domain
from mailroom.rulelang.text import has_control, has_direction_marks, has_invisible

MAX_HEADER = 8_192
MAX_HEADERS = 20
MAX_ADDRESSES = 50
_MAX_ADDRESS = 600

AMBIGUOUS_DEFECTS = frozenset(
    {
        "from_missing", "from_empty", "no_address", "several_from_headers", "several_addresses", "unquoted_comma",
        "missing_brackets",
        "group_syntax", "address_in_comment", "address_in_encoded_word", "nul", "unbalanced", "source_route",
        "vendor_disagrees",
    }
)  # fmt: skip
"""Defects after which two mail programs may show different senders."""

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s{1,8}(?==\?)")
_AROUND_MARKS = re.compile(r"[ \t]{0,20}([@.])[ \t]{0,20}")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
# Bounded on both sides, so that a long run of letters without an at sign costs a constant per letter.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@\\\x00-\x1f]{1,64}@[\w.\-\u3002\uff0e\uff61\u200b-\u200d\u00ad]{1,255}")
# No two neighbouring pieces can match the same character: anything else would try every way to share a run of spaces.
_PLAIN = re.compile(r"(?:\"([^\"\\]*)\"[ \t]*|([^\"(),:;<>@\\]*))<([^<>()\s,;:\"@\\]+@[^<>()\s,;:\"@\\]+)>\Z")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One sender candidate: `address` is `local@domain` in lower case with the domain in punycode."""

    address: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class FromReading:
    """Everything a From header may mean.

    `mailboxes`: candidates in address position; `others`: addresses found elsewhere (names, comments, encoded words);
    `defects`: sorted codes. The first mailbox is the one shown to people.
    """

    mailboxes: tuple[Mailbox, ...]
    others: tuple[str, ...]
    defects: tuple[str, ...]
    display_name: str

    @property
    def address(self) -> str:
        """Address of the first candidate; empty when there is none."""
        return self.mailboxes[0].address if self.mailboxes else ""

    @property
    def ambiguous(self) -> bool:
        """Whether two mail programs may show different senders."""
        return not AMBIGUOUS_DEFECTS.isdisjoint(self.defects)


def decode_words(text: str) -> str:
    """`text` with RFC 2047 encoded words decoded; what cannot be decoded stays as it is."""
    if "=?" not in text:
        return text
    return _ENCODED_WORD.sub(_decode_word, _BETWEEN_WORDS.sub(r"\1", text[:MAX_HEADER]))


def _decode_word(match: re.Match[str]) -> str:
    charset, encoding, payload = match.groups()
    try:
        if encoding in "bB":
            data = base64.b64decode(payload + "=" * (-len(payload) % 4))
        else:
            data = binascii.a2b_qp(payload.replace("_", " ").encode("ascii", "replace"))
        return data.decode(charset.partition("*")[0], "replace")
    except (LookupError, ValueError, UnicodeError):
        return match.group()


@lru_cache(maxsize=16_384)
def canonical_address(text: str) -> str:
    """`local@domain` in lower case with the domain in punycode; empty when `text` is no address."""
    if len(text) > _MAX_ADDRESS:
        return ""
    local, at, domain = text.strip().strip("<>").rpartition("@")
    local = local.strip()
    if not at or not local:
        return ""
    if local[0] == '"' and local[-1] == '"' and len(local) > 2:
        local = local[1:-1].replace("\\", "")
    domain = canonical_domain(domain)
    return f"{local.lower()}@{domain}" if domain else ""


def find_addresses(text: str) -> list[str]:
    """Everything in `text` that looks like an address, canonical, in order, without repeats."""
    if "@" not in text:
        return []
    found: dict[str, None] = {}
    for match in islice(_ADDRESS.finditer(text), MAX_ADDRESSES):
        address = canonical_address(match.group().strip(".'"))
        if address and "." in address.rpartition("@")[2]:
            found[address] = None
    return list(found)


class _Part:
    """One comma-separated piece of a From header while it is being read."""

    __slots__ = ("angles", "comments", "phrase", "quoted")

    def __init__(self) -> None:
        self.phrase: list[str] = []
        self.angles: list[str] = []
        self.comments: list[str] = []
        self.quoted = False


def _split(raw: str, defects: set[str]) -> list[_Part]:
    """Cut a header into mailboxes with one pass over its characters."""
    if plain := _PLAIN.match(raw.strip()):  # `Name <address>`: nearly every honest header
        only = _Part()
        quoted, bare, address = plain.groups()
        only.phrase, only.angles, only.quoted = [quoted or bare or ""], [address], quoted is not None
        return [only]
    parts = [_Part()]
    buffer: list[str] = []
    state, depth = "", 0
    index, length = 0, len(raw)
    while index < length:
        char = raw[index]
        part = parts[-1]
        if char == "\\" and state in ("quote", "comment") and index + 1 < length:
            index += 1
            (part.phrase if state == "quote" else buffer).append(raw[index])
        elif state == "quote":
            if char == '"':
                state = ""
            else:
                part.phrase.append(char)
        elif state == "comment":
            depth += (char == "(") - (char == ")")
            if depth:
                buffer.append(char)
            else:
                part.comments.append("".join(buffer))
                buffer, state = [], ""
        elif state == "angle":
            if char == ">":
                part.angles.append("".join(buffer))
                buffer, state = [], ""
            else:
                buffer.append(char)
        elif char == '"':
            state, part.quoted = "quote", True
        elif char == "(":
            state, depth = "comment", 1
        elif char == "<":
            state = "angle"
        elif char == ",":
            parts.append(_Part())
        elif char == ":" and not part.angles and "@" not in part.phrase:
            defects.add("group_syntax")
            part.phrase.clear()
        elif char == ";":
            if "group_syntax" not in defects:
                defects.add("several_addresses" if len(parts) > 1 or part.angles else "unquoted_comma")
            parts.append(_Part())
        else:
            part.phrase.append(char)
        index += 1
    if state:
        defects.add("unbalanced")
        if state == "angle":
            parts[-1].angles.append("".join(buffer))
        elif state == "comment":
            parts[-1].comments.append("".join(buffer))
    return parts[: MAX_ADDRESSES * 2]


def _read_one(raw: str, defects: set[str]) -> tuple[list[Mailbox], list[str], str]:
    """Mailboxes, other addresses and the display name of one header value."""
    mailboxes: list[Mailbox] = []
    names: list[str] = []
    others: list[str] = []
    nameless = 0
    for part in _split(raw, defects):
        phrase = "".join(part.phrase).strip()
        comment = " ".join(part.comments)
        name = decode_words(phrase).strip()
        addresses = [_angle_address(angle, defects) for angle in part.angles]
        addresses = [address for address in addresses if address]
        if not addresses and "@" in phrase and (bare := _bare_address(phrase, part.quoted, defects)):
            addresses, name, phrase = [bare], decode_words(comment).strip(), ""
        if len(addresses) > 1:
            defects.add("several_addresses")
        if found := find_addresses(decode_words(comment)):
            others += found
            if set(found) - set(addresses):
                defects.add("address_in_comment")
        in_name = find_addresses(name)
        others += in_name
        if "=?" in phrase and set(in_name) - set(find_addresses(phrase)):
            defects.add("address_in_encoded_word")
        if name:
            names.append(name)
        if addresses:
            mailboxes += [Mailbox(address, name) for address in reversed(addresses)]
        elif phrase:
            nameless += 1
    if mailboxes and nameless:
        defects.add("unquoted_comma")
    return mailboxes, others, ", ".join(names)


def _bare_address(phrase: str, quoted: bool, defects: set[str]) -> str:
    """Address of a mailbox without angle brackets; spaces around dots and the at sign are old but allowed."""
    text = _AROUND_MARKS.sub(r"\1", phrase)
    if quoted or not text.strip().count(" "):
        return canonical_address(text)
    defects.add("missing_brackets")
    found = find_addresses(phrase)
    return found[-1] if found else ""


def _angle_address(angle: str, defects: set[str]) -> str:
    text = angle.strip()
    if text.startswith("@") and ":" in text:
        defects.add("source_route")
        text = text.rpartition(":")[2]
    if "=?" in text:
        text = decode_words(text)
        defects.add("address_in_encoded_word")
    return canonical_address("".join(text.split()))


def read_from(values: Sequence[str] | None, vendor_address: str = "", vendor_name: str = "") -> FromReading:
    """Read all From headers of a message, or only the vendor's reading of them.

    Args:
        values: Raw header values, top first; `None` when the header block was not fetched.
        vendor_address: Address the mail gateway took for the sender.
        vendor_name: Display name the gateway took.

    Returns:
        Every candidate with the defects that make them differ. Never raises on any text.
    """
    defects: set[str] = set()
    vendor = canonical_address(vendor_address)
    if values is None:
        return _vendor_only(vendor_address, vendor, vendor_name, defects)
    mailboxes: list[Mailbox] = []
    others: list[str] = []
    names: list[str] = []
    if not values:
        defects.add("from_missing")
    if len(values) > 1:
        defects.add("several_from_headers")
    for value in values[:MAX_HEADERS]:
        raw = _prepare(value, defects)
        if not raw.strip():
            defects.add("from_empty")
        found, elsewhere, name = _read_one(raw, defects)
        mailboxes += found
        others += elsewhere
        if name:
            names.append(name)
        for address in find_addresses(decode_words(raw)):
            if address not in {mailbox.address for mailbox in found}:
                others.append(address)
    distinct = {mailbox.address for mailbox in mailboxes}
    if len(distinct) > 1:
        defects.add("several_addresses")
    if values and not mailboxes:
        defects.add("no_address")
    if vendor and distinct and vendor not in distinct:
        defects.add("vendor_disagrees")
        mailboxes.append(Mailbox(vendor, vendor_name))
    if not mailboxes and vendor:
        mailboxes.append(Mailbox(vendor, vendor_name))
    return _reading(mailboxes, others, ", ".join(names) or vendor_name, defects)


def _vendor_only(raw: str, address: str, name: str, defects: set[str]) -> FromReading:
    if not raw.strip():
        defects.add("from_empty")
    elif not address:
        defects.add("no_address")
    name = decode_words(_prepare(name, defects))
    mailboxes = [Mailbox(address, name)] if address else []
    return _reading(mailboxes, find_addresses(name) + find_addresses(raw), name, defects)


def _prepare(value: str, defects: set[str]) -> str:
    """Unfold, cap, and flag what no honest header carries; NUL is dropped after it was noted."""
    if len(value) > MAX_HEADER:
        defects.add("too_long")
        value = value[:MAX_HEADER]
    value = _FOLD.sub("", value)
    if "\x00" in value:
        defects.add("nul")
        value = value.replace("\x00", "")
    if has_control(value):
        defects.add("control_characters")
        value = "".join(char if char >= " " else " " for char in value)
    return value


def _reading(mailboxes: list[Mailbox], others: list[str], name: str, defects: set[str]) -> FromReading:
    unique: dict[str, Mailbox] = {}
    for mailbox in mailboxes[:MAX_ADDRESSES]:
        unique.setdefault(mailbox.address, mailbox)
    if has_invisible(name):
        defects.add("invisible_characters")
    if has_direction_marks(name):
        defects.add("direction_marks")
    rest = tuple(dict.fromkeys(address for address in others if address not in unique))[:MAX_ADDRESSES]
    return FromReading(tuple(unique.values()), rest, tuple(sorted(defects)), name.strip())
