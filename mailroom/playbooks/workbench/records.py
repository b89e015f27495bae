"""Whether the store knows the decisions that an evaluation record speaks of: anybody can write one into a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailroom.playbooks.workbench.evaluate import BEGINNING, decisions_of
from mailroom.playbooks.workbench.lint import Hint
from mailroom.store import Store
from mailroom.triage.evaluation import was_wrong
from mailroom.triage.rules import Rule
from mailroom.triage.ruleset import RuleSet


@dataclass(slots=True)
class _Claim:
    """One record by which a rule acts by itself, and what the store has counted for it."""

    rule: Rule
    number: int
    record: dict[str, Any]
    proposing: set[str]
    decisions: int = 0
    wrong: int = 0

    @property
    def is_shown(self) -> bool:
        """The store knows as many labelled decisions, and not more wrong ones."""
        return self.decisions >= int(self.record["decisions"]) and self.wrong <= int(self.record["wrong"])


def unproven_records(store: Store, ruleset: RuleSet) -> list[Hint]:
    """Records of rules with status auto that say more than this store can show, with the next step.

    Effect: reads the store; all verdicts once when there is such a rule, else nothing.
    """
    claims = [claim for rule in ruleset.rules for claim in _claims(rule, ruleset)]
    for page in store.reporting.pages(BEGINNING, datetime.now(UTC)) if claims else ():
        for one in claims:
            for _, _, label in decisions_of(page, one.rule.id, one.rule.version, one.proposing):
                one.decisions += bool(label)
                one.wrong += bool(label) and was_wrong(one.record["action"], label)
    return [_hint(one) for one in claims if not one.is_shown]


def _claims(rule: Rule, ruleset: RuleSet) -> Iterable[_Claim]:
    if rule.status != "auto":
        return
    for number, record in enumerate(rule.document.data.get("evaluation", ())):
        action = record["action"]
        if record["rule_version"] == rule.version:
            proposing = {row.action for row in ruleset.playbook.rows if row.action == action or action in row.also}
            yield _Claim(rule, number, record, proposing)


def _hint(claim: _Claim) -> Hint:
    record, action = claim.record, claim.record["action"]
    return Hint(
        claim.rule.document.at("evaluation", claim.number), claim.rule.id,
        f"the record for {action} by {record.get('by') or 'nobody'} names {record['decisions']} decisions, "
        f"{record['wrong']} wrong; this store shows {claim.decisions}, {claim.wrong} wrong: `mailroom rules evaluate "
        f"{claim.rule.id} --action {action}`, and until they agree status advise",
    )  # fmt: skip
