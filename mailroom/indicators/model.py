"""What a finding is, which kinds there are, and how much is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv6Address

KINDS = (
    "url",
    "domain",
    "email",
    "ipv4",
    "ipv6",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "datetime",
    "filename",
    "credit_card",
    "cve",
)
"""Every kind `find` can report."""

HASH_KINDS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""Number of hexadecimal digits -> kind."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one text may cause."""

    text: int = 1 << 20
    """Characters looked at; what comes after is ignored."""
    indicators: int = 2000
    """Findings returned; the earliest in the text are kept."""
    url: int = 16_384
    """Characters of one URL; a longer one is cut and marked `truncated`."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Indicator:
    """One finding. Card numbers are kept out of `repr`, so that no log shows one by accident."""

    kind: str
    """One of `KINDS`."""
    value: str = field(repr=False)
    """Refanged; scheme, host, address and hash in lower case, the rest as written."""
    raw: str = field(repr=False)
    """As it stands in the text."""
    start: int
    """First character of `raw` in the text, from 0. For findings made from an attribute or a name: 0."""
    end: int
    """One past the last character of `raw` in the text."""
    notes: tuple[str, ...] = ()
    """For example `defanged`, `of_url`, `of_email`, `in_url`, `unwrapped`, a card's vendors, `idna:xn--...`."""
    shown: str = ""
    """What may be shown to people: a card number masked down to its last four digits, otherwise `value`."""

    def __post_init__(self) -> None:
        if not self.shown:
            object.__setattr__(self, "shown", self.value)

    @property
    def key(self) -> str:
        """What two spellings of the same thing have in common: IPv6 compressed, host names in ASCII."""
        if self.kind == "ipv6":
            return IPv6Address(self.value).compressed
        for note in self.notes:
            if note.startswith("idna:"):
                return note[5:]
        return self.value
