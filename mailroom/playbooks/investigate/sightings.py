"""What one source says about one message, in words that are the same for every source. Small: no mail is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TRACKING, HELD, ARCHIVE = "message tracking", "hold queue", "archive"
ATTACHMENTS, IMPERSONATION, CLICKS = "attachment log", "impersonation log", "click log"
REPORTED, STORE = "user reports", "our store"
SOURCES = (TRACKING, HELD, ARCHIVE, ATTACHMENTS, IMPERSONATION, CLICKS, REPORTED, STORE)
"""In the order in which what they say is believed and put together."""

STATUSES = ("delivered", "held", "rejected", "bounced", "on its way", "unknown")
"""What became of a message, for a person."""
_STATUS = {
    "archived": "delivered", "delivered": "delivered", "released": "delivered", "held": "held",
    "rejected": "rejected", "bounced": "bounced", "bounce": "bounced", "hold": "held", "delivery": "on its way",
    "accepted": "on its way", "deferred": "on its way", "processing": "on its way",
}  # fmt: skip

RISKS = ("", "negligible", "low", "medium", "high")
MOST_PEOPLE = 50
"""Recipients kept of one message; their number is kept whatever it is."""
_SUBJECT, _ADDRESS, _ID = 300, 320, 600


def status_of(word: str) -> str:
    """A source's word as one of `STATUSES`."""
    return _STATUS.get(word.strip().lower(), "unknown")


def short_address(address: str) -> str:
    """An address as it is compared and kept."""
    return address.strip().lower()[:_ADDRESS]


def short_subject(subject: str) -> str:
    """The beginning of a subject, in one line."""
    return " ".join(subject[: _SUBJECT * 2].split())[:_SUBJECT]


def short_id(text: str) -> str:
    """An id; one that is longer than any real one is cut."""
    return text.strip()[:_ID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One message as one source lists it."""

    source: str
    at: datetime | None
    senders: tuple[str, ...]
    """Header address, then envelope address where it differs."""
    recipients: tuple[str, ...]
    """The first of them."""
    recipient_count: int
    subject: str
    status: str = "unknown"
    once: str = ""
    """A source lists a message once under such a key: two sightings with the same key are two messages."""
    size: int | None = None
    """Bytes."""
    risk: str = ""
    note: str = ""
    """Why it was held, what was found in it."""
    message_id: str = ""
    tracking_id: str = ""
    hold_id: str = ""
    archive_id: str = ""
    alert_id: int | None = None
    received_by: tuple[str, ...] = ()
    """Who got it although the message as a whole says otherwise: released for him."""
    done: tuple[str, ...] = ()
    """What we did, and what the recipient answered."""
    outgoing: bool = False
    """Our people wrote it, to whom we look for."""


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody clicked a link."""

    at: datetime | None
    user: str
    sender: str
    subject: str
    url: str
    action: str
    """`allow`, `block`, `warn`, ... as the tenant says."""
    scan_result: str
    message_id: str
    same_link: bool
    """The link that was looked for; otherwise one of the sender, or another one on the same host."""


def people(addresses: list[str]) -> tuple[tuple[str, ...], int]:
    """The first recipients, and how many there are."""
    found = tuple(dict.fromkeys(short_address(one) for one in addresses if one.strip()))
    return found[:MOST_PEOPLE], len(found)


def senders(*addresses: str) -> tuple[str, ...]:
    """The addresses a mail says it is from, each once."""
    return tuple(dict.fromkeys(short_address(one) for one in addresses if one.strip()))
