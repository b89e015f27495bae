"""What is known of the usual mail providers: hosts, ports, habits. All of it can be overridden.

As observed until late 2026; providers change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from mailroom.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's settings and habits."""

    name: str
    imap_host: str
    smtp_host: str
    domains: tuple[str, ...]
    """All its servers are named below one of them."""
    imap_port: int = 993
    imap_security: Literal["implicit", "starttls"] = "implicit"
    smtp_port: int = 587
    smtp_security: Literal["implicit", "starttls"] = "starttls"
    stores_sent_copy: bool = False
    """What goes out by SMTP appears in the Sent folder by itself: do not APPEND it."""
    finds_parts_of_words: bool = True
    """SEARCH finds any part of a text, as it should; not whole words, or US-ASCII only."""


_PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "gmail", "imap.gmail.com", "smtp.gmail.com", ("gmail.com", "googlemail.com"),
        smtp_port=465, smtp_security="implicit", stores_sent_copy=True, finds_parts_of_words=False,
    ),
    Provider(
        "microsoft365", "outlook.office365.com", "smtp.office365.com", ("office365.com", "office365.us", "outlook.cn"),
        stores_sent_copy=True, finds_parts_of_words=False,
    ),
    Provider(
        "outlook.com", "outlook.office365.com", "smtp-mail.outlook.com", ("outlook.com",),
        stores_sent_copy=True, finds_parts_of_words=False,
    ),
    Provider(
        "yahoo", "imap.mail.yahoo.com", "smtp.mail.yahoo.com", ("yahoo.com",),
        smtp_port=465, smtp_security="implicit", stores_sent_copy=True, finds_parts_of_words=False,
    ),
    Provider(
        "aol", "imap.aol.com", "smtp.aol.com", ("aol.com",),
        smtp_port=465, smtp_security="implicit", stores_sent_copy=True, finds_parts_of_words=False,
    ),
    Provider("icloud", "imap.mail.me.com", "smtp.mail.me.com", ("me.com",)),
    Provider(
        "fastmail", "imap.fastmail.com", "smtp.fastmail.com", ("fastmail.com",),
        smtp_port=465, smtp_security="implicit",
    ),
    Provider(
        "zoho", "imap.zoho.com", "smtp.zoho.com", ("zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zoho.jp"),
        smtp_port=465, smtp_security="implicit", stores_sent_copy=True,
    ),
    Provider("gmx", "imap.gmx.net", "mail.gmx.net", ("gmx.net",)),
    Provider("web.de", "imap.web.de", "smtp.web.de", ("web.de",)),
)  # fmt: skip

_WORDS_ONLY = ("zimbra", "microsoft exchange")
"""Servers that search by whole words or in US-ASCII only, as they greet; lower case."""

_ALIASES = {
    "google": "gmail",
    "googlemail": "gmail",
    "gmail.com": "gmail",
    "googlemail.com": "gmail",
    "workspace": "gmail",
    "google workspace": "gmail",
    "m365": "microsoft365",
    "office365": "microsoft365",
    "o365": "microsoft365",
    "microsoft 365": "microsoft365",
    "exchange online": "microsoft365",
    "outlook": "outlook.com",
    "hotmail": "outlook.com",
    "hotmail.com": "outlook.com",
    "live.com": "outlook.com",
    "msn.com": "outlook.com",
    "yahoo.com": "yahoo",
    "yahoo mail": "yahoo",
    "yahoo! mail": "yahoo",
    "aol.com": "aol",
    "icloud.com": "icloud",
    "me.com": "icloud",
    "mac.com": "icloud",
    "fastmail.com": "fastmail",
    "zoho.com": "zoho",
    "gmx.de": "gmx",
    "gmx.net": "gmx",
}
_BY_NAME = {provider.name: provider for provider in _PROVIDERS}


def preset(name: str) -> Provider:
    """A provider by its name or mail domain, in any case.

    Raises:
        InvalidInputError: It is not known here; the message lists those that are.
    """
    wanted = name.strip().lower()
    found = _BY_NAME.get(_ALIASES.get(wanted, wanted))
    if found is None:
        raise InvalidInputError(
            f"mail provider {name!r} is not known; write host and port yourself, or use one of "
            f"{', '.join(sorted(_BY_NAME))}"
        )
    return found


def provider_of(host: str) -> Provider | None:
    """The provider that runs this IMAP or SMTP host, or None."""
    name = host.strip().rstrip(".").lower()
    return next((one for one in _PROVIDERS if any(f".{name}".endswith(f".{of}") for of in one.domains)), None)


def finds_parts_of_words(imap_host: str, capabilities: Collection[str], greeting: str) -> bool:
    """Whether this server's SEARCH finds any part of a text, so that it may be asked to narrow.

    The standard says so; what is known to do otherwise is not asked.
    """
    provider = provider_of(imap_host)
    if provider is not None:
        return provider.finds_parts_of_words
    return "X-GM-EXT-1" not in capabilities and not any(name in greeting.lower() for name in _WORDS_ONLY)


def names() -> tuple[str, ...]:
    """Every provider known here."""
    return tuple(_BY_NAME)
