"""The outcome of an investigation, typed. Held in memory; what may be shown where is decided by `showing`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mailroom import tables
from mailroom.playbooks.investigate.asking import Asked
from mailroom.playbooks.investigate.inquiry import Inquiry, Period
from mailroom.playbooks.investigate.merge import Message
from mailroom.playbooks.investigate.sightings import STATUSES, STORE, Click
from mailroom.playbooks.investigate.store_source import StoreView

COLUMNS = (
    "when", "from", "to", "recipients", "subject", "status", "risk", "direction", "received by", "clicked by", "why",
    "done", "seen in", "same because", "message id", "tracking id", "hold id", "archive id", "alerts", "bytes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Whether one source could be asked."""

    name: str
    state: str
    """`asked`, `asked in part`, `could not be asked`, `not needed`."""
    found: int
    detail: str
    offered: bool = True
    """False: this API generation does not have it."""

    @classmethod
    def of(cls, asked: Asked) -> SourceRow:
        """The row of what was asked."""
        return cls(asked.name, asked.state, asked.found, asked.detail, asked.offered)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known from before the period."""

    asked: bool = False
    """The archive was asked, and answered."""
    last_seen: datetime | None = None
    first_in_store: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What somebody may do next."""

    why: str
    command: str = field(repr=False)
    """For a terminal; names may be in it, so it is never shown in Prefect. Empty: only the deployment does it."""
    flow: str = ""
    """The deployment that does the same."""


@dataclass(frozen=True, slots=True)
class Investigation:
    """What was found about a sender, a domain, a subject or a link. Addresses are in it: Prefect keeps none of it."""

    inquiry: Inquiry = field(repr=False)
    period: Period
    messages: list[Message] = field(repr=False)
    """Newest first."""
    clicks: list[Click] = field(repr=False)
    """Newest first."""
    sources: list[SourceRow]
    notes: list[str]
    store: StoreView = field(repr=False)
    before: Before
    suggestions: list[Suggestion] = field(default_factory=list)

    @property
    def incoming(self) -> list[Message]:
        """Messages of the sender, domain, subject or link; not those that our people wrote there."""
        return [message for message in self.messages if not message.outgoing]

    @property
    def outgoing(self) -> list[Message]:
        """What our people wrote to the sender or domain."""
        return [message for message in self.messages if message.outgoing]

    @property
    def by_status(self) -> dict[str, int]:
        """Incoming messages per status, in the order of `STATUSES`."""
        counts = Counter(message.status for message in self.incoming)
        return {status: counts[status] for status in STATUSES if counts[status]}

    @property
    def by_day(self) -> dict[date, dict[str, int]]:
        """Incoming messages per day (UTC) and status, in order of time."""
        found: dict[date, Counter[str]] = {}
        for message in self.incoming:
            if message.at is not None:
                found.setdefault(message.at.date(), Counter())[message.status] += 1
        return {day: dict(found[day]) for day in sorted(found)}

    @property
    def by_recipient(self) -> dict[str, int]:
        """Incoming messages per recipient, those with most first."""
        counts = Counter(person for message in self.incoming for person in message.recipients)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def people(self) -> int:
        """To how many people the incoming messages went; at least, when a mailing had too many to keep."""
        most = max((message.recipient_count for message in self.incoming), default=0)
        return max(len(self.by_recipient), most)

    @property
    def received_by(self) -> list[str]:
        """Whose mailbox something reached."""
        return sorted({person for message in self.incoming for person in message.received_by})

    @property
    def clicked_by(self) -> list[str]:
        """Who clicked."""
        return sorted({click.user for click in self.clicks if click.user})

    @property
    def first_seen(self) -> datetime | None:
        """Time of the first incoming message of the period."""
        return min((message.at for message in self.incoming if message.at), default=None)

    @property
    def last_seen(self) -> datetime | None:
        """Time of the last incoming message of the period."""
        return max((message.at for message in self.incoming if message.at), default=None)

    @property
    def unanswered(self) -> list[SourceRow]:
        """Sources that could not be asked at all."""
        return [row for row in self.sources if row.state == "could not be asked"]

    @property
    def answered(self) -> bool:
        """Whether any source could be asked."""
        return any(row.state.startswith("asked") for row in self.sources)

    @property
    def tenant_answered(self) -> bool:
        """Whether any source of the tenant could be asked."""
        return any(row.state.startswith("asked") for row in self.sources if row.name != STORE)

    def rows(self) -> list[dict[str, Any]]:
        """One row per message with everything, for a file; addresses included."""
        return [_row(message) for message in self.messages]

    def to_csv(self, path: str | Path) -> Path:
        """Write the rows to a new CSV file that no spreadsheet runs. Raises InvalidInputError when it is there."""
        return tables.to_csv(self.rows(), path, COLUMNS)

    def save_csv(self, folder: str | Path) -> Path:
        """Write the rows into a folder, made when missing. Raises InvalidInputError when it cannot be used."""
        return self.to_csv(tables.new_csv(folder, "investigation"))


def _row(message: Message) -> dict[str, Any]:
    values = (
        f"{message.at:%Y-%m-%d %H:%M:%S}" if message.at else "", message.sender, list(message.recipients),
        message.recipient_count, message.subject, message.status, message.risk,
        "from us" if message.outgoing else "to us", list(message.received_by), list(message.clicked_by),
        list(message.notes), list(message.done), list(message.seen_in), list(message.grounds), message.message_id,
        message.tracking_id, message.hold_id, message.archive_id, list(message.alert_ids), message.size,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))
