"""What people say in a decision: a group of its own, bounded, in the digest, and never the reason to act."""

from __future__ import annotations

import pytest

from mailroom.triage.decide import decide
from mailroom.triage.extract import extract
from mailroom.triage.rails import RailSettings, RailState, judge
from mailroom.triage.samples import event_of
from mailroom.triage.testimony import RECIPIENT, answer_of
from mailroom.triage.testimony import Testimony as Said

AUTO = RailSettings(modes=dict.fromkeys(("release", "reject", "ask_recipient"), "auto"), require_evaluated_rules=False)
CALM = RailState(triaged_this_run=100)
PARTNER = {
    "from": "Ines <ines@contoso-logistics.example>", "hold_reason": "spam_signature",
    "recipient": "amy.reader@northwind.example", "headers": {"To": "amy.reader@northwind.example"},
    "auth": {"dmarc": "pass", "spf": "pass", "dkim": "pass", "dkim_domain": "contoso-logistics.example"},
}  # fmt: skip
YES = Said(RECIPIENT, -20, "expected", "expected")
NO = Said(RECIPIENT, 20, "not expected", "unexpected")
REPORTS = Said("user_reports", 40, "4 users reported it")


@pytest.fixture
def case(ruleset):
    """Decision and facts of a wanted partner's mail about which people said something."""

    def make(*people, **change):
        facts = extract(event_of(PARTNER | change), ruleset.context)
        return decide(ruleset, facts, people=people), facts

    return make


def by_rules(decision):
    """Points of the rules alone."""
    return sum(entry.points for entry in decision.evidence if entry.group != "people")


def test_what_is_said_counts_and_is_part_of_the_evidence_and_its_digest(case):
    (silent, _), (spoken, _) = case(), case(NO)

    assert spoken.risk == max(0, by_rules(silent) + 20)
    assert [entry.text for entry in spoken.evidence if entry.group == "people"] == ["not expected"]
    assert spoken.evidence_digest != silent.evidence_digest
    assert spoken.digest == silent.digest
    assert (silent.proposal.action, spoken.proposal.action) == ("release", "ask_analyst")


def test_a_crowd_is_bounded(case):
    against, _ = case(REPORTS, NO, NO)
    in_favour, _ = case(YES, YES, YES, risk="medium", subject="Urgent invoice")

    assert against.risk == by_rules(against) + 40
    assert in_favour.risk == max(0, by_rules(in_favour) - 20)


@pytest.mark.parametrize(
    ("people", "outcome"),
    [((), "act"), ((YES,), "act"), ((Said(RECIPIENT, 0, "not sure", "unsure"),), "act"),
     ((Said("user_reports", 10, "1 user reported it"), YES), "propose")],
)  # fmt: skip
def test_a_release_that_the_rules_want_anyway_goes_on_unless_somebody_speaks_against_it(case, people, outcome):
    decision, facts = case(*people)

    assert decision.proposal.action == "release"
    ruling = judge(decision, facts, AUTO, CALM)
    assert ruling.outcome == outcome
    assert ("What people say" in ruling.text) == (outcome == "propose")


def test_a_question_needs_no_rules_that_earned_it(case):
    decision, facts = case()
    earned = AUTO.model_copy(update={"require_evaluated_rules": True})

    assert judge(decision, facts, earned, CALM, action="ask_recipient").outcome == "act"
    assert judge(decision, facts, earned, CALM, action="release").outcome == "propose"


def test_of_several_answers_the_worst_counts():
    assert answer_of([]) is None
    assert answer_of([REPORTS]) is None
    assert answer_of([YES, NO]) == "unexpected"
    assert answer_of([YES, Said(RECIPIENT, 0, "silent", "silent")]) == "expected"
