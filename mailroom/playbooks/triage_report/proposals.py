"""What the rules proposed, beside what people did with the mail or said that it was."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from mailroom.effects.kinds import KINDS
from mailroom.playbooks.triage_report.rules import read_entries
from mailroom.store.reporting import Page
from mailroom.triage.evaluation import interval, was_wrong

NOTHING = "nothing yet"
_MOST_NAMED = 50
_AGREED, _DISAGREED = "agreed", "disagreed"


@dataclass
class ActionFigures:
    """One proposed action beside what people did.

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


class ProposalTally:
    """Compares page by page.

    Attributes:
        actions: Proposed action -> figures.
        behind: Rule -> how often it stood behind a proposal that people disagreed with.
    """

    def __init__(self) -> None:
        self.actions: dict[str, ActionFigures] = defaultdict(ActionFigures)
        self.behind: Counter[str] = Counter()
        self._disagreements: list[Disagreement] = []

    def add(self, page: Page) -> None:
        """Compare one page."""
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
            figures = self.actions[proposed]
            figures.proposed += 1
            said = did or (f"label {label}" if label else NOTHING)
            figures.did[said] += 1
            what = _judged(proposed, did, label)
            figures.agreed += what == _AGREED
            figures.disagreed += what == _DISAGREED
            if what == _DISAGREED:
                rules = tuple(str(one.get("rule_id", "")) for one in read_entries(evidence) if one.get("points"))
                self.behind.update(rules)
                self._disagreements.append(Disagreement(alert_id, proposed, said, rules))
        self._disagreements = self.disagreements()

    def disagreements(self) -> list[Disagreement]:
        """The newest, at most 50."""
        return sorted(self._disagreements, key=lambda one: -one.alert_id)[:_MOST_NAMED]


def _judged(proposed: str, did: str, label: str) -> str:
    """A label outweighs the action: somebody may have found out later what the mail was."""
    if label:
        return _DISAGREED if was_wrong(proposed, label) else _AGREED
    if did:
        return _AGREED if (did == "reject") == (proposed == "reject") else _DISAGREED
    return ""
