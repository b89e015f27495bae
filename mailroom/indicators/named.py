"""Patterns by name, as people choose them in a rule: each right, validated and safe on any text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mailroom.indicators.cards import VENDORS
from mailroom.indicators.filenames import attachment_names
from mailroom.indicators.find import find
from mailroom.indicators.model import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class NamedPattern:
    """A pattern that is chosen by name."""

    name: str
    """As shown to people."""
    description: str
    _find: Callable[[str, Limits], list[str]]

    def findall(self, text: str, *, limits: Limits = DEFAULT_LIMITS) -> list[str]:
        """Values in the order of the text, each once."""
        return self._find(text, limits)


def _of_kind(kind: str) -> Callable[[str, Limits], list[str]]:
    def values(text: str, limits: Limits) -> list[str]:
        return [found.value for found in find(text, kinds=(kind,), limits=limits)]

    return values


def _addresses(text: str, limits: Limits) -> list[str]:
    return [found.value for found in find(text, kinds=("ipv4", "ipv6"), limits=limits)]


def _urls(text: str, limits: Limits) -> list[str]:
    """URLs, and names that begin with `www.` or `ftp.`, which people mean as links."""
    found = find(text, kinds=("url", "domain"), limits=limits)
    return [
        one.value
        for one in found
        if one.kind == "url" or (one.value.startswith(("www.", "ftp.")) and "of_url" not in one.notes)
    ]


def _cards(vendor: str) -> Callable[[str, Limits], list[str]]:
    def values(text: str, limits: Limits) -> list[str]:
        return [found.value for found in find(text, kinds=("credit_card",), limits=limits) if vendor in found.notes]

    return values


def _all() -> dict[str, NamedPattern]:
    simple = (
        ("IP", "IP address, version 4 or 6", _addresses),
        ("IPv4", "IP address, version 4", _of_kind("ipv4")),
        ("IPv6", "IP address, version 6", _of_kind("ipv6")),
        ("Email", "Mail address", _of_kind("email")),
        ("URL", "Link, with a scheme or beginning with www. or ftp.", _urls),
        ("Domain", "Domain name with a public suffix", _of_kind("domain")),
        ("MD5", "MD5 hash: 32 hexadecimal digits", _of_kind("md5")),
        ("SHA1", "SHA-1 hash: 40 hexadecimal digits", _of_kind("sha1")),
        ("SHA256", "SHA-256 hash: 64 hexadecimal digits", _of_kind("sha256")),
        ("DateTime", "Point in time, YYYY-MM-DD HH:MM:SS", _of_kind("datetime")),
        ("Email Attachments Filename", "File names of attachments in headers", attachment_names),
        ("Filename", "File name with a known ending", _of_kind("filename")),
        ("Credit Card", "Card number of any vendor", _of_kind("credit_card")),
        ("CVE", "Number of a vulnerability", _of_kind("cve")),
    )
    patterns = {name: NamedPattern(name, description, function) for name, description, function in simple}
    for vendor in VENDORS:
        name = vendor if vendor.endswith("Card") else f"{vendor} Card"
        patterns[name] = NamedPattern(name, f"Card number in a range of {vendor}, Luhn checked", _cards(vendor))
    return patterns


NAMED: Mapping[str, NamedPattern] = MappingProxyType(_all())
"""Every named pattern by the name people know. `named` finds them however the name is written."""


def named(name: str) -> NamedPattern | None:
    """The pattern of that name; case, blanks, dashes and a final "Card" do not matter."""
    return _BY_KEY.get(_key(name))


def _key(name: str) -> str:
    letters = "".join(character for character in name.lower() if character.isalnum())
    return letters.removesuffix("card") or letters


_SAME = {
    "ipaddress": "ip",
    "emailaddress": "email",
    "mailaddress": "email",
    "date": "datetime",
    "attachmentfilename": "emailattachmentsfilename",
    "attachmentfilenames": "emailattachmentsfilename",
    "americanexpress": "amex",
}
_BY_KEY = {_key(name): pattern for name, pattern in NAMED.items()}
_BY_KEY |= {alias: _BY_KEY[key] for alias, key in _SAME.items() if key in _BY_KEY}
