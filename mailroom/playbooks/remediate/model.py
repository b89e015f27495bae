"""What was found, what would be pulled back, and what became of each item."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

DELIVERED = frozenset({"delivery", "delivered", "archived"})
"""Statuses of message tracking that leave a copy in a mailbox, and what the archive shows."""
REMEDIATED = "remediated"


@dataclass(slots=True)
class Copy:
    """One mail in one person's mailbox, as far as it was seen."""

    message: str
    """Message-ID; where nobody says it, what tells the mail from others."""
    recipient: str
    sender: str
    subject: str
    received_at: datetime | None
    status: str
    sources: set[str] = field(default_factory=set)
    tracking_id: str = ""
    """Where message tracking knows it: its message info says whether the sender is forged."""

    @property
    def delivered(self) -> bool:
        """There is, or was, a copy to pull back."""
        return self.status in DELIVERED


@dataclass(slots=True)
class Findings:
    """Where one item was found. Addresses are in lower case."""

    copies: dict[tuple[str, str], Copy] = field(default_factory=dict)
    clicks: int = 0
    """Clicks on the link."""
    seen_by_hash: bool | None = None
    """The tenant says that it has seen the file; None: not asked."""
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Sources that could not be searched, and why."""
    cut: list[str] = field(default_factory=list)
    """Where the search stopped before its end."""
    too_old: str = ""
    """Why nobody sees what was delivered at the beginning of the time; "" when the sources reach that far back."""

    @property
    def not_searched(self) -> str:
        """Why copies may be there although none was found; "" when the sources that show copies were asked."""
        return self._refused or self.too_old

    @property
    def uncounted(self) -> str:
        """Why there may be more delivered copies than were found; "" when they were counted."""
        if self._refused or self.cut:
            return self._refused or self.cut[0]
        return "the tenant has seen the file, and no log says where" if self.seen_by_hash and not self.delivered else ""

    @property
    def _refused(self) -> str:
        names = (name for name in ("tracking", "attachment log") if name in self.refused)
        return next((f"{name}: {self.refused[name]}" for name in names), "")

    @property
    def delivered(self) -> list[Copy]:
        """Copies in mailboxes."""
        return [copy for copy in self.copies.values() if copy.delivered]

    @property
    def senders(self) -> list[str]:
        """Who sent it, the most frequent first."""
        return [name for name, _ in Counter(one.sender for one in self.copies.values() if one.sender).most_common()]

    def mails_of(self, sender: str) -> list[str]:
        """Tracking ids of the mails of one sender."""
        known = (one.tracking_id for one in self.copies.values() if one.sender == sender and one.tracking_id)
        return list(dict.fromkeys(known))

    @property
    def anything(self) -> bool:
        """Whether there is a reason to begin an incident."""
        return bool(self.delivered) or bool(self.seen_by_hash)

    def counts(self) -> dict[str, Any]:
        """Numbers only."""
        copies = list(self.copies.values())
        sources = Counter(source for copy in copies for source in copy.sources)
        return {
            "messages": len({copy.message for copy in copies}), "copies": len(copies),
            "delivered": len(self.delivered), "people": len({copy.recipient for copy in self.delivered}),
            "held": sum(copy.status == "held" for copy in copies), "clicks": self.clicks, "sources": dict(sources),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is pulled back by one incident."""

    search_by: str
    """`messageId`, `hash` or `url`."""
    value: str
    parameters: dict[str, Any]
    slot: str
    alert_id: int | None
    findings: Findings = field(compare=False)
    action_id: int | None = None
    """The action of the ledger that stands for it already."""
    state: str = ""
    supersedes: int | None = None
    """An action that was not begun and wants another thing, such as another reach."""

    @property
    def begun(self) -> bool:
        """An incident exists, or may exist."""
        return self.state in {"applied", "sending", "unknown"}

    @property
    def not_searched(self) -> str:
        """Why nobody knows whether there is something to pull back; "" when that is known, or it was begun."""
        return "" if self.begun or self.findings.anything else self.findings.not_searched

    @property
    def shown_state(self) -> str:
        """For tables."""
        if self.begun:
            return f"begun before (action {self.action_id})"
        if self.not_searched:
            return f"not searched: {self.not_searched}"
        return "not counted" if self.findings.anything and self.findings.uncounted else "not begun"

    @property
    def shown(self) -> str:
        """For tables: it cannot be followed by a click."""
        return self.value.replace("http", "hxxp", 1)


@dataclass(frozen=True, slots=True)
class RemediationPlan:
    """Everything that would be pulled back."""

    tenant: str
    items: tuple[Item, ...]
    most_messages: int
    allow_many: bool
    requested_by: str
    notes: tuple[str, ...] = ()

    @property
    def copies(self) -> int:
        """Delivered copies of items that are not begun yet."""
        return sum(len(item.findings.delivered) for item in self.items if not item.begun)

    def rows(self) -> list[dict[str, Any]]:
        """The preview: one row per item, no addresses."""
        rows = []
        for item in self.items:
            counts = item.findings.counts()
            first = next(iter(item.findings.copies.values()), None)
            rows.append({
                "look for": item.search_by, "value": item.shown, "messages": counts["messages"],
                "delivered copies": counts["delivered"], "people": counts["people"], "held": counts["held"],
                "clicks": counts["clicks"], "seen in": ", ".join(sorted(counts["sources"])) or "nowhere",
                "subject": first.subject if first else "",
                "sender domain": first.sender.rpartition("@")[2] if first else "",
                "state": item.shown_state,
            })  # fmt: skip
        return rows


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item."""

    value: str
    state: str
    """`done`, `partly` (some copies failed), `in progress`, `nothing found`, `not searched` (nobody knows whether there
    is something), `failed`, `refused`, `unknown`."""
    detail: str
    incident: str = ""
    """`TR-...`"""
    identified: int = 0
    successful: int = 0
    failed: int = 0
    restored: int = 0
    action_id: int | None = None

    @property
    def is_well(self) -> bool:
        """Nothing is left to do."""
        return self.state in {"done", "nothing found"}

    def row(self) -> dict[str, Any]:
        """For tables."""
        return {
            "value": self.value.replace("http", "hxxp", 1), "incident": self.incident, "state": self.state,
            "identified": self.identified, "successful": self.successful, "failed": self.failed,
            "restored": self.restored, "detail": self.detail,
        }  # fmt: skip
