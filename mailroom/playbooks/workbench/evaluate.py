"""Whether a rule has earned an action: its labelled decisions, counted, and the record to put into its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import yaml

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.playbooks.triage_report.rules import read_entries
from mailroom.store import Store
from mailroom.store.reporting import Page
from mailroom.triage.evaluation import max_harm, passed_actions, upper_bound, was_wrong
from mailroom.triage.ruleset import RuleSet

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_NAMED = 20


@dataclass(frozen=True)
class EvaluationResult:
    """The labelled decisions of one version of one rule that proposed one action.

    Attributes:
        rule_id, version, action: What was asked.
        decisions: With a label.
        wrong: Where the action would have done harm.
        unlabelled: Without a label; they count for nothing.
        since, until: Arrival of the labelled mail.
        wrong_alerts: Some of the wrong ones.
        missing: What the gate still asks for; empty when it is met.
    """

    rule_id: str
    version: int
    action: str
    decisions: int
    wrong: int
    unlabelled: int
    since: date | None
    until: date | None
    wrong_alerts: tuple[int, ...]
    missing: str

    @property
    def is_earned(self) -> bool:
        """The gate is met."""
        return not self.missing

    @property
    def harm(self) -> tuple[float, float]:
        """Share of wrong decisions and the upper end of its 95 % interval."""
        share = self.wrong / self.decisions if self.decisions else 0.0
        return share, upper_bound(self.wrong, self.decisions)

    def record(self, by: str, today: date) -> dict[str, Any]:
        """The entry for `evaluation` in the rule's file."""
        return {
            "action": self.action, "rule_version": self.version, "decisions": self.decisions, "wrong": self.wrong,
            "by": by, "date": today.isoformat(), "data": f"labelled mail of {self.since} to {self.until}",
        }  # fmt: skip

    def as_yaml(self, by: str, today: date) -> str:
        """The record as it stands in the file."""
        return yaml.safe_dump({"evaluation": [self.record(by, today)]}, sort_keys=False, allow_unicode=True)


def evaluate(
    store: Store, ruleset: RuleSet, rule_id: str, action: str, *, since: datetime | None = None
) -> EvaluationResult:
    """Count the labelled decisions in which the rule, in its present version, stood behind this action.

    Effect: reads the store. A decision counts when it proposed the action, or another one that the table of playbooks
    takes it along with (`also`).

    Raises:
        NotFoundError: no such rule.
        InvalidInputError: the rule is an insight or an exclusion, which cause nothing, or nothing proposes the action.
    """
    rule = next((one for one in ruleset.rules if one.id == rule_id), None)
    if rule is None:
        raise NotFoundError(f"there is no rule {rule_id!r} in this policy; `mailroom rules test` counts them")
    if rule.kind != "rule":
        raise InvalidInputError(f"{rule_id} is an {rule.kind}: it causes nothing, so there is nothing to earn")
    proposing = {row.action for row in ruleset.playbook.rows if row.action == action or action in row.also}
    if not proposing:
        raise InvalidInputError(f"no row of playbooks.yml proposes {action!r}; nothing can be earned for it")
    decisions = wrong = unlabelled = 0
    arrived: list[datetime] = []
    wrong_alerts: list[int] = []
    for page in store.reporting.pages(since or BEGINNING, datetime.now(UTC)):
        for alert_id, at, label in decisions_of(page, rule.id, rule.version, proposing):
            if not label:
                unlabelled += 1
                continue
            decisions += 1
            arrived.append(at)
            if was_wrong(action, label):
                wrong += 1
                wrong_alerts.append(alert_id)
    return EvaluationResult(
        rule.id, rule.version, action, decisions, wrong, unlabelled, min(arrived).date() if arrived else None,
        max(arrived).date() if arrived else None, tuple(wrong_alerts[:_MOST_NAMED]),
        _missing(rule.version, action, decisions, wrong),
    )  # fmt: skip


def decisions_of(page: Page, rule_id: str, version: int, proposing: set[str]) -> Iterator[tuple[int, datetime, str]]:
    """(alert, arrival, label or nothing) of each decision that this version of the rule stood behind."""
    current = page.labels[page.labels["is_current"].astype(bool)]
    labels = dict(zip(current["alert_id"].tolist(), current["label"].tolist(), strict=True))
    arrived = dict(zip(page.alerts["id"].tolist(), page.alerts["received_at"].tolist(), strict=True))
    chosen = page.verdicts[page.verdicts["proposed_action"].isin(proposing)]
    for alert_id, evidence in zip(chosen["alert_id"].tolist(), chosen["evidence"].tolist(), strict=True):
        if rule_id not in (evidence or ""):
            continue
        if any(entry.get("rule_id") == rule_id and entry.get("version") == version for entry in read_entries(evidence)):
            yield alert_id, arrived[alert_id], labels.get(alert_id, "")


def _missing(version: int, action: str, decisions: int, wrong: int) -> str:
    """What the loader of rules would say to this record, and how much is left to do."""
    record = {"action": action, "rule_version": version, "decisions": decisions, "wrong": wrong}
    passed, refused = passed_actions([record], version)
    if action in passed:
        return ""
    if action == "release" and wrong:
        return refused[0]
    more = _needed(wrong, max_harm(action)) - decisions
    return f"{refused[0]}. It takes {more:,} more labelled decisions without a further wrong one"


def _needed(wrong: int, limit: float) -> int:
    """The fewest decisions with which so many wrong ones are few enough."""
    low, high = wrong, 2 * wrong + 1
    while upper_bound(wrong, high) > limit:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if upper_bound(wrong, middle) > limit else (low, middle)
    return high
