"""What an investigation is about: a sender, a domain, a subject, a link, or several of them, and a period."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from mailroom.errors import InvalidInputError
from mailroom.indicators import refang, unwrap
from mailroom.rulelang.domains import canonical_domain

DAYS = 7
MOST_DAYS = 365
_LONGEST_SUBJECT, _LONGEST_URL, _SHORTEST_SUBJECT = 500, 2_000, 3
_GAP = re.compile(r"[\s\x00-\x1f\x7f]")
_SCHEME = re.compile(r"(?i)[a-z][a-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is looked for. Everything given must fit. Make one with `inquiry_about`."""

    sender: str = ""
    """Address in lower case."""
    domain: str = ""
    """Domain in lower case, punycode."""
    subject: str = ""
    """Words as they stand in the subject, upper and lower case alike."""
    url: str = ""
    """A link as it is, not defanged and not rewritten."""

    @property
    def host(self) -> str:
        """Host of the link, in lower case; empty without a link."""
        return host_of(self.url)

    @property
    def who(self) -> str:
        """Address or domain that senders are asked by; empty without either."""
        return self.sender or self.domain

    def is_from(self, addresses: tuple[str, ...]) -> bool:
        """Whether one of these addresses is the sender or of the domain; subdomains count."""
        return any(self._is(address) for address in addresses)

    def has_subject(self, subject: str) -> bool:
        """Whether the words stand in a subject; true when none are wanted."""
        return folded(self.subject) in folded(subject)

    def same_link(self, url: str) -> bool:
        """Whether a link is the one looked for, or continues it."""
        wanted, found = _bare(self.url), _bare(url)
        return bool(wanted) and (found == wanted or found.startswith((wanted + "/", wanted + "?", wanted + "#")))

    def same_host(self, url: str) -> bool:
        """Whether a link leads to the host looked for."""
        return bool(self.host) and host_of(url) == self.host

    def _is(self, address: str) -> bool:
        if self.sender:
            return address == self.sender
        host = address.rpartition("@")[2]
        return bool(self.domain) and (host == self.domain or host.endswith("." + self.domain))


@dataclass(frozen=True, slots=True)
class Period:
    """The time an investigation is about, both ends included, aware."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def inquiry_about(*, sender: str = "", domain: str = "", subject: str = "", url: str = "") -> Inquiry:
    """Check what somebody typed. Defanged spellings (`news[@]evil[.]example`, `hxxps://...`) are understood.

    Args:
        sender: An address.
        domain: A domain; its subdomains count where the source knows them.
        subject: Words that stand together in the subject.
        url: A link, or its host; a link that a gateway rewrote is unwrapped where that needs no call.

    Raises:
        InvalidInputError: Nothing was given, or something that cannot be meant.
    """
    made = Inquiry(_sender(sender), _domain(domain), _subject(subject), _url(url))
    if made == Inquiry():
        raise InvalidInputError("say what to investigate: a sender, a domain, words of the subject, or a link")
    if made.sender and made.domain and not Inquiry(domain=made.domain).is_from((made.sender,)):
        raise InvalidInputError(
            "the sender is not of the domain, so nothing can fit both: give one of them, or investigate them one "
            "after the other"
        )
    return made


def last_days(days: int, now: datetime) -> Period:
    """The last `days` days.

    Raises:
        InvalidInputError: Not 1 to 365.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(f"{days} days: choose 1 to {MOST_DAYS}; message tracking itself reaches back 29")
    end = now.replace(microsecond=0)
    return Period(end - timedelta(days=days), end)


def folded(subject: str) -> str:
    """A subject as it is compared: white space and case do not matter."""
    return " ".join(subject.split()).casefold()


def host_of(url: str) -> str:
    """The host of a link, in lower case; empty when there is none."""
    try:
        found = urlsplit(url if _SCHEME.match(url) else f"http://{url}").hostname
    except ValueError:
        return ""
    return (canonical_domain(found or "") or found or "").lower()


def _bare(url: str) -> str:
    rest = _SCHEME.sub("", url.strip(), count=1)
    host, slash, path = rest.partition("/")
    return (host.lower() + slash + path).rstrip("/")


def _sender(text: str) -> str:
    address = refang(text.strip())
    if "<" in address and address.endswith(">"):
        address = address[address.rindex("<") + 1 : -1]
    if not address:
        return ""
    local, _, host = address.rpartition("@")
    if not local or "." not in canonical_domain(host) or len(address) > 320 or _GAP.search(address):
        raise InvalidInputError("the sender is no address: write it like news@evil.example, or give the domain instead")
    return f"{local}@{canonical_domain(host)}".lower()


def _domain(text: str) -> str:
    wanted = refang(text.strip()).removeprefix("@")
    found = canonical_domain(wanted)
    if wanted and ("." not in found or _GAP.search(wanted)):
        raise InvalidInputError("the domain is no domain: write it like evil.example, without @ and without http://")
    return found


def _subject(text: str) -> str:
    words = " ".join(text.split())
    if words and not _SHORTEST_SUBJECT <= len(words) <= _LONGEST_SUBJECT:
        raise InvalidInputError(
            f"the subject has {len(words)} characters: give {_SHORTEST_SUBJECT} to {_LONGEST_SUBJECT} of them"
        )
    return words


def _url(text: str) -> str:
    link = refang(text.strip())
    link = unwrap(link) or link
    if link and ("." not in host_of(link) or len(link) > _LONGEST_URL or _GAP.search(link)):
        raise InvalidInputError("the link has no host that could exist: write it like https://evil.example/login")
    return link
