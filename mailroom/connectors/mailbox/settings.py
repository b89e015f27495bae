"""What a cycle of the mailbox connector fetches, how far it goes, and what it puts into an alert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import available_timezones

from mailroom.errors import InvalidInputError
from mailroom.indicators import NamedRegex, UserPattern
from mailroom.mail.imap import MailFilters
from mailroom.mail.replies import ForwardRegexes

CONNECTOR = "mailbox"
"""What sources and alerts of mailboxes are filed under."""

FetchType = Literal["unread", "latest", "everything"]
AttachedMails = Literal["events", "alerts", "no"]
_MOST_DAYS = 3_650


@dataclass(frozen=True)
class MailboxSettings:
    """What a cycle fetches and how far it goes. `MailboxForm` makes one of what people write."""

    folders: tuple[str, ...] = ()
    """Names as people write them; empty: the folders of the account."""
    fetch: FetchType = "unread"
    """`unread`: what is unread now. `latest`: everything that arrives; the first cycle takes what is unread.
    `everything`: read mail too, from the first cycle on."""
    filters: MailFilters = field(default_factory=MailFilters)
    ask_server: bool = True
    """Let the server narrow the search by the filters. They are checked on every mail in any case."""
    offset_days: int = 5
    """How far back the first cycle looks, by time of arrival."""
    max_per_cycle: int = 10
    """Mails of one cycle over all folders, at least one of each; 0: no limit. The rest waits for the next cycle."""
    time_limit: float = 60.0
    """Seconds after which a cycle commits what it has and ends; 0: no limit."""
    mark_as_read: bool = True
    skip_own_conversations: bool = True
    """Answers to our own questions and our own mail become no alerts: they are filtered, with the reason."""
    attach_original_eml: bool = False
    max_message: int = 35 << 20
    """Octets; of a larger mail only the beginning is read, and kept."""
    server_time_zone: str = ""
    """IANA name; empty: the account's."""
    product_field: str = "device_product"
    event_field: str = "event_name"
    environment: str = "Default Environment"
    environment_field: str = ""
    """Event field whose value names the environment."""
    environment_regex: UserPattern | None = None
    """What of that value is the environment; nothing found: the default environment."""
    rules: tuple[NamedRegex, ...] = ()
    """The dynamic list: what they find goes into the event under `extracted`."""
    forward_regexes: ForwardRegexes | None = None
    attached_mails: AttachedMails = "events"
    indicators: bool = True
    accelerator: bool | None = None
    """False: parse in pure Python, without the compiled decoder of attachments."""
    batch_size: int = 500
    """Mails per transaction."""
    parse_timeout: float = 30.0
    """Seconds a suspicious mail may take, in a process of its own."""

    def __post_init__(self) -> None:
        if self.fetch not in ("unread", "latest", "everything"):
            raise InvalidInputError(f"fetch type {self.fetch!r}: write unread, latest or everything")
        if self.attached_mails not in ("events", "alerts", "no"):
            raise InvalidInputError(f"attached mails {self.attached_mails!r}: write events, alerts or no")
        if not 0 <= self.offset_days <= _MOST_DAYS:
            raise InvalidInputError(f"offset of {self.offset_days} days: write 0 to {_MOST_DAYS}")
        if self.max_per_cycle < 0 or self.time_limit < 0:
            raise InvalidInputError("max emails per cycle and time limit cannot be negative; 0 means no limit")
        if not 1 <= self.batch_size <= 1_000:
            raise InvalidInputError(f"batch size {self.batch_size}: write 1 to 1000")
        if self.max_message < 1 << 16 or self.parse_timeout <= 0:
            raise InvalidInputError("max_message must be at least 64 KiB and parse_timeout more than 0 seconds")
        if self.server_time_zone and self.server_time_zone not in available_timezones():
            raise InvalidInputError(
                f"Server time zone {self.server_time_zone!r} is not known: write an IANA name such as Asia/Jerusalem."
            )
        for name, value in (("product", self.product_field), ("event", self.event_field)):
            if not value.strip():
                raise InvalidInputError(
                    f"the {name} field name is empty; the usual one is device_product or event_name"
                )
