"""What is known of the usual mail providers: hosts, ports, ways to log in, habits. All of it can be overridden.

As observed until late 2026; providers change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailroom.errors import InvalidInputError

Search = Literal["full", "words", "ascii"]
"""How far a server's SEARCH can be trusted: substrings of decoded text, whole words, or US-ASCII only."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's settings and habits."""

    name: str
    imap_host: str
    smtp_host: str
    imap_port: int = 993
    imap_security: Literal["implicit", "starttls"] = "implicit"
    smtp_port: int = 587
    smtp_security: Literal["implicit", "starttls"] = "starttls"
    auth: tuple[str, ...] = ("password",)
    """Ways to log in, the best first: `oauth`, `app_password`, `password`."""
    stores_sent_copy: bool = False
    """What goes out by SMTP appears in the Sent folder by itself: do not APPEND it."""
    search: Search = "full"
    keywords: bool = True
    """Mails can carry keywords such as `$Done`."""
    idle_seconds: int = 540
    """Wait no longer than this in one IDLE."""
    sessions: int = 10
    """IMAP sessions at a time and account."""
    max_mail: int = 25_000_000
    """Octets of a mail that can be sent."""
    token_scope: str = ""
    notes: tuple[str, ...] = ()
    """For the person who sets it up."""

    @property
    def trusts_text_search(self) -> bool:
        """The server's text search finds substrings, so it may be asked to narrow."""
        return self.search == "full"


_OUTLOOK = "https://outlook.office365.com/.default"
_MICROSOFT_NOTES = (
    "IMAP takes OAuth only; the mailbox needs IMAP and authenticated SMTP switched on, for OAuth as well",
    "for a shared mailbox the user name is the shared address",
    "OAuth needs admin consent, a service principal in Exchange and FullAccess to the mailbox",
)

_PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "gmail",
        "imap.gmail.com",
        "smtp.gmail.com",
        smtp_port=465,
        smtp_security="implicit",
        auth=("oauth", "app_password"),
        stores_sent_copy=True,
        search="words",
        sessions=15,
        token_scope="https://mail.google.com/",  # noqa: S106 - a scope, not a secret
        notes=(
            "the account's password is refused: use OAuth, or an app password (16 characters, 2-step verification on)",
            "the same mail lies in several folders (labels); removing from INBOX archives, deleting moves to Trash",
            "2500 MB a day can be downloaded",
        ),
    ),
    Provider(
        "microsoft365",
        "outlook.office365.com",
        "smtp.office365.com",
        auth=("oauth",),
        stores_sent_copy=True,
        search="ascii",
        keywords=False,
        sessions=20,
        max_mail=35_000_000,
        token_scope=_OUTLOOK,
        notes=_MICROSOFT_NOTES,
    ),
    Provider(
        "outlook.com",
        "outlook.office365.com",
        "smtp-mail.outlook.com",
        auth=("oauth",),
        stores_sent_copy=True,
        search="ascii",
        keywords=False,
        sessions=5,
        token_scope="https://outlook.office.com/IMAP.AccessAsUser.All",  # noqa: S106 - a scope, not a secret
        notes=("personal accounts take OAuth only", "use imap-mail.outlook.com if the usual host refuses"),
    ),
    Provider(
        "yahoo",
        "imap.mail.yahoo.com",
        "smtp.mail.yahoo.com",
        smtp_port=465,
        smtp_security="implicit",
        auth=("app_password",),
        stores_sent_copy=True,
        search="words",
        idle_seconds=240,
        sessions=5,
        notes=("create an app password; OAuth is for contracted partners", "SEARCH HEADER fails with SERVERBUG"),
    ),
    Provider(
        "aol",
        "imap.aol.com",
        "smtp.aol.com",
        smtp_port=465,
        smtp_security="implicit",
        auth=("app_password",),
        stores_sent_copy=True,
        search="words",
        idle_seconds=240,
        sessions=5,
        notes=("create an app password", "waiting for mail ends after about 5 minutes"),
    ),
    Provider(
        "icloud",
        "imap.mail.me.com",
        "smtp.mail.me.com",
        auth=("app_password",),
        sessions=5,
        notes=("create an app-specific password", "the user name is the part before the @"),
    ),
    Provider(
        "fastmail",
        "imap.fastmail.com",
        "smtp.fastmail.com",
        smtp_port=465,
        smtp_security="implicit",
        auth=("app_password",),
        notes=("create an app password",),
    ),
    Provider(
        "zoho",
        "imap.zoho.com",
        "smtp.zoho.com",
        smtp_port=465,
        smtp_security="implicit",
        auth=("app_password", "password"),
        stores_sent_copy=True,
        notes=("switch IMAP on in the account; other data centres have hosts of their own (imap.zoho.eu)",),
    ),
    Provider(
        "gmx",
        "imap.gmx.net",
        "mail.gmx.net",
        sessions=5,
        notes=("switch IMAP on in the account; with 2-step verification create an app password",),
    ),
    Provider(
        "web.de",
        "imap.web.de",
        "smtp.web.de",
        sessions=5,
        notes=("switch IMAP on in the account; with 2-step verification create an app password",),
    ),
)

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


def provider_of(imap_host: str) -> Provider | None:
    """The provider that runs this IMAP host, or None."""
    host = imap_host.strip().rstrip(".").lower()
    aliases = {"imap-mail.outlook.com": "outlook.com", "imap.googlemail.com": "gmail"}
    if host in aliases:
        return _BY_NAME[aliases[host]]
    return next((provider for provider in _PROVIDERS if provider.imap_host == host), None)


def names() -> tuple[str, ...]:
    """Every provider known here."""
    return tuple(_BY_NAME)
