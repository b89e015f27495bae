"""What handling a report works with, and what came of it. Plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.mail.account import MailAccount
from mailroom.playbooks.act import Desk

WHO = "handle reported phish"
"""Who asks, for ledger and wall."""
NEEDS_A_PERSON = ("malicious", "suspicious", "undetermined")
"""Verdicts that open a case."""
FINAL = ("malicious", "spam", "graymail", "simulation", "ours")
"""Verdicts that the reporter is told without a person. That a mail is harmless is not among them: see `is_final`."""

Progress = Callable[[str, int, int | None], None]


@dataclass
class ReportDesk:
    """Tenant, store and policy, and the mailbox that reports come to."""

    desk: Desk
    account: MailAccount
    tenant: str
    """Its name in the store."""
    clock: Clock = SYSTEM_CLOCK
    answer: bool = True
    """Reporters are thanked and told the result by mail."""


@dataclass
class Handled:
    """What came of one reported mail."""

    verdict: str = ""
    risk: int = 0
    how: str = ""
    """`attached` or `inline`."""
    alert_id: int | None = None
    case_id: int | None = None
    reporters: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """`copies`, `delivered`, `people`, `held`, `clicks` of this very mail; `similar`, `similar_people` of others."""
    proposed: list[int] = field(default_factory=list)
    """Actions that wait for a person."""
    notes: list[str] = field(default_factory=list)
    """Sentences without words of the mail."""

    def row(self) -> dict[str, Any]:
        """For tables and for the report's row."""
        return {
            "alert": self.alert_id, "how": self.how, "verdict": self.verdict, "risk": self.risk, "case": self.case_id,
            "reporters": self.reporters, **self.counts, "proposed": list(self.proposed), "notes": list(self.notes),
        }  # fmt: skip


@dataclass
class ReportResult:
    """What came of one report."""

    alert_id: int
    report_id: int = 0
    """0: nothing was written (a dry run)."""
    state: str = ""
    why: str = ""
    verdict: str = ""
    """The worst of the mails in the report."""
    mails: list[Handled] = field(default_factory=list)
    thanked: bool = False
    told: bool = False

    @property
    def proposed(self) -> list[int]:
        """Actions that wait for a person."""
        return [one for mail in self.mails for one in mail.proposed]

    def row(self) -> dict[str, Any]:
        """One line for tables: numbers and states only."""
        return {
            "report": self.report_id, "alert": self.alert_id, "state": self.state, "verdict": self.verdict,
            "originals": len(self.mails), "case": next((one.case_id for one in self.mails if one.case_id), None),
            "delivered": sum(one.counts.get("delivered", 0) for one in self.mails),
            "similar": sum(one.counts.get("similar", 0) for one in self.mails), "proposed": len(self.proposed),
            "thanked": self.thanked, "told": self.told, "why": self.why,
        }  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return self.row() | {"mails": [one.row() for one in self.mails], "proposed_actions": self.proposed}


WORST = ("malicious", "suspicious", "undetermined", "spam", "graymail", "benign", "simulation", "ours", "")


def worst_of(mails: list[Handled]) -> str:
    """The verdict that counts for a report of several mails."""
    return min((one.verdict for one in mails), key=WORST.index, default="")
