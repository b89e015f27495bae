"""Two rule sets on the same stored mail: which matches are gained and lost, and which verdicts change.

Both see the same facts, the same history and the same answers of people, so every difference comes from the rules and
lists. What matters is where a label says who is right: a lost match that was right, a gained match that is wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.connectors.held import CONNECTOR
from mailroom.playbooks.judging import judge_alerts
from mailroom.store import Alert, Store
from mailroom.triage.decision import Contribution, Decision
from mailroom.triage.evaluation import HARMFUL, spoke_rightly
from mailroom.triage.ruleset import RuleSet

VERDICT = "verdict"
"""Stands for the verdict where the name of a rule is expected."""
NO_LABEL = "no label"
_BATCH = 250
_MOST_EXAMPLES = 5
_MOST_THAT_MATTER = 5_000
_AGAINST = frozenset({"malicious", "suspicious"})

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A match, or a verdict against a mail, that is there with one rule set only, where the label says it matters.

    Attributes:
        rule_id: The rule, or `VERDICT`.
        kind: `lost` (it was right) or `gained` (it is wrong).
        alert_id: On which mail.
        label: What the mail was.
    """

    rule_id: str
    kind: str
    alert_id: int
    label: str


@dataclass
class RuleChange:
    """What changed for one rule: kind of change -> label -> mails, with some of them as examples."""

    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[int]] = field(default_factory=lambda: {"gained": [], "lost": []})


@dataclass
class Backtest:
    """What another rule set would say about stored mail.

    Attributes:
        before, after: Digests of the two rule sets.
        looked_at, labelled: Mails.
        rules: Rules with at least one change.
        verdicts: (before, after) -> label -> mails, where the verdict differs.
        proposals: (before, after) -> mails, where the proposed action differs.
        matters: Lost matches that were right, gained ones that are wrong; at most 5,000.
        not_shown: How many more of these there are.
    """

    before: str
    after: str
    looked_at: int = 0
    labelled: int = 0
    rules: dict[str, RuleChange] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    proposals: Counter[tuple[str, str]] = field(default_factory=Counter)
    matters: list[Change] = field(default_factory=list)
    not_shown: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "before": self.before, "after": self.after, "looked_at": self.looked_at, "labelled": self.labelled,
            "rules": {
                name: {"gained": dict(one.gained), "lost": dict(one.lost), "examples": one.examples}
                for name, one in sorted(self.rules.items())
            },
            "verdicts": [
                {"before": old, "after": new, "labels": dict(labels)} for (old, new), labels in self.verdicts.items()
            ],
            "proposals": [{"before": old, "after": new, "mails": n} for (old, new), n in self.proposals.items()],
            "matters": [
                {"rule": one.rule_id, "change": one.kind, "alert": one.alert_id, "label": one.label}
                for one in self.matters
            ],
            "not_shown": self.not_shown,
        }  # fmt: skip


def backtest(
    store: Store, before: RuleSet, after: RuleSet, *, now: datetime, only_labelled: bool = False,
    since: datetime | None = None, progress: Progress = lambda _step, _done, _total: None,
) -> Backtest:  # fmt: skip
    """Judge stored held mail by both rule sets. Effect: reads the store.

    Args:
        store: Alerts and labels.
        before: The rules as they are.
        after: The rules as they would be.
        now: Instant for both, for what depends on time.
        only_labelled: Leave out mail without a label: quicker, and only there something can matter.
        since: Only mail that arrived then or later.
        progress: Told how many mails are done.
    """
    found = Backtest(before.digest, after.digest)
    for alerts, labels in _batches(store, only_labelled, since):
        old = judge_alerts(store, before, alerts, now)
        new = judge_alerts(store, after, alerts, now)
        for alert, (_, was), (_, will_be) in zip(alerts, old, new, strict=True):
            _compare(found, alert.id, labels.get(alert.id, ""), was, will_be)
        found.looked_at += len(alerts)
        progress("judged twice", found.looked_at, None)
    return found


def _batches(store: Store, only_labelled: bool, since: datetime | None) -> Iterator[tuple[list[Alert], dict[int, str]]]:
    after = 0
    while True:
        if only_labelled:
            page = store.labels.page(after_id=after, limit=_BATCH)
            ids = [one.alert_id for one in page]
            known = store.alerts.get_many(ids)
            alerts = [known[alert_id] for alert_id in ids]
        else:
            alerts = store.alerts.list(after_id=after, limit=_BATCH, connector=CONNECTOR)
        if not alerts:
            return
        after = alerts[-1].id
        chosen = [one for one in alerts if one.connector == CONNECTOR and (since is None or one.received_at >= since)]
        labels = store.labels.current_many([one.id for one in chosen])
        yield chosen, {alert_id: one.label for alert_id, one in labels.items()}


def _compare(found: Backtest, alert_id: int, label: str, was: Decision, will_be: Decision) -> None:
    found.labelled += bool(label)
    old, new = _matches(was), _matches(will_be)
    for kind, entries, others in (("lost", old, new), ("gained", new, old)):
        for rule_id in entries.keys() - others.keys():
            entry = entries[rule_id]
            change = found.rules.setdefault(rule_id, RuleChange())
            (change.lost if kind == "lost" else change.gained)[label or NO_LABEL] += 1
            if len(change.examples[kind]) < _MOST_EXAMPLES:
                change.examples[kind].append(alert_id)
            if label and entry.points and spoke_rightly(entry.points, label, entry.suggests) == (kind == "lost"):
                _note(found, Change(rule_id, kind, alert_id, label))
    if was.verdict != will_be.verdict:
        found.verdicts[was.verdict, will_be.verdict][label or NO_LABEL] += 1
        against, will_against = was.verdict in _AGAINST, will_be.verdict in _AGAINST
        if label in HARMFUL and against and not will_against:
            _note(found, Change(VERDICT, "lost", alert_id, label))
        elif label == "wanted" and will_against and not against:
            _note(found, Change(VERDICT, "gained", alert_id, label))
    if was.proposal.action != will_be.proposal.action:
        found.proposals[was.proposal.action, will_be.proposal.action] += 1


def _matches(decision: Decision) -> dict[str, Contribution]:
    return {entry.rule_id: entry for entry in (*decision.shadow, *decision.insights, *decision.evidence)}


def _note(found: Backtest, change: Change) -> None:
    if len(found.matters) < _MOST_THAT_MATTER:
        found.matters.append(change)
    else:
        found.not_shown += 1
