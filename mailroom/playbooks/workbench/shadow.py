"""What the rules would have done, beside what people did: the ledger of shadow decisions, compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.playbooks.triage_report.model import MOST_DAYS, RuleFigures
from mailroom.playbooks.triage_report.proposals import ActionFigures, Disagreement, ProposalTally
from mailroom.playbooks.triage_report.rules import RuleTally
from mailroom.store import Store


@dataclass
class ShadowReport:
    """Proposals beside what people did.

    Attributes:
        days: How far back.
        actions: Proposed action -> figures.
        disagreements: The newest; at most 50.
        behind: Rule -> how often it stood behind a proposal that people disagreed with.
        shadow_rules: Rules in status shadow, by the labels of the mail they would have spoken about.
    """

    days: int
    actions: dict[str, ActionFigures] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)
    behind: Counter[str] = field(default_factory=Counter)
    shadow_rules: list[RuleFigures] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "days": self.days,
            "actions": {
                name: {
                    "proposed": one.proposed, "agreed": one.agreed, "disagreed": one.disagreed,
                    "agreement": one.agreement, "did": dict(one.did),
                }
                for name, one in sorted(self.actions.items())
            },
            "disagreements": [
                {"alert": one.alert_id, "proposed": one.proposed, "did": one.did, "rules": list(one.rules)}
                for one in self.disagreements
            ],
            "behind": dict(self.behind.most_common()),
            "shadow_rules": [
                {"rule": one.rule_id, "version": one.version, "spoke": one.spoke, "labelled": one.labelled,
                 "right": one.right, "precision": one.precision}
                for one in self.shadow_rules
            ],
        }  # fmt: skip


def shadow_report(store: Store, *, days: int = 30, until: datetime | None = None) -> ShadowReport:
    """Compare proposals that did not happen by themselves with what people did. Effect: reads the store.

    Args:
        store: Verdicts, actions and labels.
        days: How far back, by arrival of the mail.
        until: The end of the period; now when left out.

    Raises:
        InvalidInputError: an impossible number of days.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(f"a comparison covers 1 to {MOST_DAYS} days, not {days}")
    proposals, rules, now = ProposalTally(), RuleTally(), until or datetime.now(UTC)
    for page in store.reporting.pages(now - timedelta(days=days), now):
        rules.add(page)
        proposals.add(page)
    return ShadowReport(
        days, dict(proposals.actions), proposals.disagreements(), proposals.behind,
        [one for one in rules.figures() if one.status == "shadow"],
    )  # fmt: skip
