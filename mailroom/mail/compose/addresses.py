"""Addresses we send to or from. Strict on purpose: what is odd is refused with a reason, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import idna

from mailroom.errors import InvalidInputError

_WITH_NAME = re.compile(r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<>]*))\s*<(?P<address>[^<>]*)>')
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INVISIBLE = re.compile("[\\s\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_LONGEST_NAME = 200
_LONGEST = 1_000
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One address for the envelope and the header."""

    local: str
    """As written; may hold letters beyond ASCII."""
    domain: str
    """ASCII (IDNA), lower case."""
    name: str = ""

    @property
    def address(self) -> str:
        """`local@domain`."""
        return f"{self.local}@{self.domain}"

    @property
    def key(self) -> str:
        """For comparing: the address in lower case."""
        return self.address.lower()

    @property
    def international(self) -> bool:
        """Only a server with SMTPUTF8 takes it."""
        return not self.local.isascii()


def parse_mailbox(text: str) -> Mailbox:
    """Read `a@b`, `Name <a@b>` or `"Name, First" <a@b>`.

    Raises:
        InvalidInputError: Anything else: control characters, two addresses, spaces inside, quoted local parts.
    """
    if _FORBIDDEN.search(text):
        raise InvalidInputError(f"address {_shown(text)}: holds a control character or line break; it is refused")
    if len(text) > _LONGEST:
        raise InvalidInputError(f"address {_shown(text)}: is longer than {_LONGEST} characters")
    bare = text.strip()
    name = ""
    if found := _WITH_NAME.fullmatch(bare):
        bare = found["address"].strip()
        name = re.sub(r"\\(.)", r"\1", found["quoted"]) if found["quoted"] is not None else found["plain"].strip()
    local, at, domain = bare.rpartition("@")
    if not at:
        raise InvalidInputError(
            f"address {_shown(text)}: has no @; write somebody@example.com, a name with commas in quotes"
        )
    if not _LOCAL.fullmatch(local) or _INVISIBLE.search(local) or len(local.encode()) > 64:
        raise InvalidInputError(
            f"address {_shown(text)}: the part before the @ is not valid; write somebody@example.com"
        )
    return Mailbox(local, _domain(domain, text), name[:_LONGEST_NAME])


def parse_mailboxes(addresses: str | Iterable[str]) -> tuple[Mailbox, ...]:
    """Every address of a list (or of one text with commas or semicolons), in order, each once.

    Raises:
        InvalidInputError: One of them is not valid, or there are more than 2,000.
    """
    texts = _split(addresses) if isinstance(addresses, str) else [one for text in addresses for one in _split(text)]
    if len(texts) > _MOST:
        raise InvalidInputError(
            f"{len(texts)} addresses are more than the {_MOST} one mail may have; send several mails"
        )
    found: dict[str, Mailbox] = {}
    for text in texts:
        mailbox = parse_mailbox(text)
        found.setdefault(mailbox.key, mailbox)
    return tuple(found.values())


def _split(text: str) -> list[str]:
    """Cut at commas and semicolons outside quotes and angle brackets."""
    pieces, start, quoted, angle, escaped = [], 0, False, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character in "<>":
            angle = character == "<"
        elif character in ",;" and not angle:
            pieces.append(text[start:position])
            start = position + 1
    pieces.append(text[start:])
    return [piece for piece in pieces if piece.strip()]


def _domain(domain: str, text: str) -> str:
    ascii_domain = domain
    if not domain.isascii():
        try:
            ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise InvalidInputError(f"address {_shown(text)}: the domain is not valid ({error})") from error
    ascii_domain = ascii_domain.removesuffix(".").lower()
    if len(ascii_domain) > 253 or not all(_LABEL.fullmatch(label) for label in ascii_domain.split(".")):
        raise InvalidInputError(f"address {_shown(text)}: the part after the @ is not a domain")
    return ascii_domain


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:80] + "...")
