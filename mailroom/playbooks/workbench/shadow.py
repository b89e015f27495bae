"""What the rules would have done, beside what people did: the ledger of shadow decisions, compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mailroom.effects.kinds import KINDS
from mailroom.errors import InvalidInputError
from mailroom.playbooks.triage_report.model import MOST_DAYS, RuleFigures
from mailroom.playbooks.triage_report.rules import RuleTally, read_entries
from mailroom.store import Store
from mailroom.store.reporting import Page
from mailroom.triage.evaluation import interval, was_wrong

NOTHING = "nothing yet"
AGREED, DISAGREED, OPEN = "agreed", "disagreed", "open"
_MOST_NAMED = 50


@dataclass
class ActionFigures:
    """One proposed action beside what people did with the mail.

    Attributes:
        proposed: How many decisions proposed it and were not carried out by themselves.
        agreed, disagreed: By what people did, or by the label where they only said what it was.
        did: What people did or said -> decisions.
    """

    proposed: int = 0
    agreed: int = 0
    disagreed: int = 0
    did: Counter[str] = field(default_factory=Counter)

    @property
    def agreement(self) -> tuple[float, float, float] | None:
        """Share in which people agreed, with the ends of its 95 % interval; None while nobody decided."""
        number = self.agreed + self.disagreed
        return (self.agreed / number, *interval(self.agreed, number)) if number else None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One mail with which people did otherwise."""

    alert_id: int
    proposed: str
    did: str
    rules: tuple[str, ...]


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
    actions: dict[str, ActionFigures] = field(default_factory=lambda: defaultdict(ActionFigures))
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
    report, tally, now = ShadowReport(days), RuleTally(), until or datetime.now(UTC)
    for page in store.reporting.pages(now - timedelta(days=days), now):
        tally.add(page)
        _compare(report, page)
    report.shadow_rules = [one for one in tally.figures() if one.status == "shadow"]
    report.disagreements = sorted(report.disagreements, key=lambda one: -one.alert_id)[:_MOST_NAMED]
    return report


def _compare(report: ShadowReport, page: Page) -> None:
    current = page.labels[page.labels["is_current"].astype(bool)]
    labels = dict(zip(current["alert_id"].tolist(), current["label"].tolist(), strict=True))
    done = page.actions[page.actions["state"].isin(["applied", "undone"]) & page.actions["kind"].isin(KINDS)]
    by_itself = set(done.loc[done["mode"] == "auto", "alert_id"].tolist())
    by_hand = dict(zip(done["alert_id"].tolist(), done["kind"].tolist(), strict=True))
    chosen = page.verdicts[page.verdicts["proposed_action"].isin(KINDS)]
    rows = (chosen[name].tolist() for name in ("alert_id", "proposed_action", "evidence"))
    for alert_id, proposed, evidence in zip(*rows, strict=True):
        if alert_id in by_itself:
            continue
        did, label = by_hand.get(alert_id, ""), labels.get(alert_id, "")
        figures = report.actions[proposed]
        figures.proposed += 1
        said = did or (f"label {label}" if label else NOTHING)
        figures.did[said] += 1
        what = _judged(proposed, did, label)
        figures.agreed += what == AGREED
        figures.disagreed += what == DISAGREED
        if what == DISAGREED:
            rules = tuple(str(one.get("rule_id", "")) for one in read_entries(evidence) if one.get("points"))
            report.behind.update(rules)
            report.disagreements.append(Disagreement(alert_id, proposed, said, rules))
    if len(report.disagreements) > 10 * _MOST_NAMED:
        del report.disagreements[: -2 * _MOST_NAMED]


def _judged(proposed: str, did: str, label: str) -> str:
    """A label outweighs the action: somebody may have found out later what the mail was."""
    if label:
        return DISAGREED if was_wrong(proposed, label) else AGREED
    if did:
        return AGREED if (did == "reject") == (proposed == "reject") else DISAGREED
    return OPEN
