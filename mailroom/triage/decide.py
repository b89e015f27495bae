"""From facts to a verdict with its evidence.

`risk` is the clamped sum of points. A group of evidence *speaks* when its own points reach ten either way;
`confidence` is the share of required fields that were known, times the agreement of the groups that speak. A mail is
called spam when the rules that suggest spam carry the score and the rules that suggest an attack do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from mailroom.triage.decision import Contribution, Decision, evidence_digest
from mailroom.triage.extract import Facts, History, extract
from mailroom.triage.playbook import Proposal
from mailroom.triage.rules import Rule
from mailroom.triage.ruleset import RuleSet
from mailroom.triage.testimony import GROUP, Testimony, answer_of, contributions, weight

MALICIOUS = 70
SUSPICIOUS = 40
BENIGN = 15
SPAM = 20
SPEAKS = 10
"""Points from which on a group of evidence counts as an independent voice."""
MIN_CONFIDENCE = 0.8
PRIORITIES = (-1, 40, 60, 80, 100)
ATTACK = 20
"""Points of rules that suggest an attack from which on a mail is never called just spam."""
_SIDES = {"spam": "spam", "graymail": "graymail", "suspicious": "attack", "malicious": "attack"}
"""Suggested verdict -> what a rule that suggests it speaks for."""


def decide(ruleset: RuleSet, facts: Facts, seed_priority: int = -1, people: Sequence[Testimony] = ()) -> Decision:
    """Judge one message.

    Args:
        ruleset: Rules, lists and playbook table.
        facts: What `extract` found.
        seed_priority: Priority from the gateway's risk: -1, 40, 60 or 80.
        people: What people said about this message; counts as one more group of evidence.

    Returns:
        The decision. Equal facts, an equal digest and the same words of people give an equal decision.
    """
    answers = ruleset.evaluate(facts)
    unknown = [rule.id for rule, answer in answers if answer is None and rule.kind == "rule"]
    holding = [rule for rule, answer in answers if answer]
    silenced, exclusion = _exclusions(holding)
    counted: list[Rule] = []
    shadow, insights = [], []
    for rule in holding:
        if rule.kind == "exclusion":
            continue
        if rule.kind == "insight":
            insights.append(_contribution(rule, facts))
        elif rule.status == "shadow":
            shadow.append(_contribution(rule, facts))
        elif rule.id not in silenced:
            counted.append(rule)
    by_rules = _score(ruleset, counted, facts, exclusion, ())
    score = _score(ruleset, counted, facts, exclusion, people) if people else by_rules
    suggested = sorted({rule.suggests_action for rule in counted if rule.suggests_action})
    proposal = ruleset.playbook.propose(_context(facts, score, suggested, people))
    evidence = tuple(_contribution(rule, facts) for rule in counted)
    if people:
        alone = ruleset.playbook.propose(_context(facts, by_rules, suggested, ()))
        evidence += contributions(people, changes_action=proposal.action != alone.action)
    if exclusion is not None:
        insights.append(_contribution(exclusion, facts))
    if proposal.unsure:
        insights.append(_unsure(proposal))
    priority, why = _priority(facts, seed_priority)
    return Decision(
        verdict=score.verdict,
        risk=score.risk,
        confidence=score.confidence,
        evidence=evidence,
        insights=tuple(insights),
        shadow=tuple(shadow),
        unknown=tuple(unknown),
        absolute=score.absolute,
        groups=score.harmful,
        priority=priority,
        seed_priority=seed_priority,
        priority_reasons=why,
        digest=ruleset.digest,
        evidence_digest=evidence_digest(score.verdict, score.risk, evidence),
        proposal=proposal,
    )


def triage_event(
    ruleset: RuleSet,
    event: Mapping[str, Any],
    history: History | None = None,
    seed_priority: int = -1,
    now: datetime | None = None,
) -> Decision:
    """`extract` and `decide` in one step."""
    return decide(ruleset, extract(event, ruleset.context, history, now=now), seed_priority)


class _Score(NamedTuple):
    verdict: str
    risk: int
    confidence: float
    absolute: str | None
    harmful: tuple[str, ...]


def _score(
    ruleset: RuleSet, counted: list[Rule], facts: Facts, exclusion: Rule | None, people: Sequence[Testimony]
) -> _Score:
    sums = _group_sums(counted)
    if people:
        sums[GROUP] = weight(people)
    risk = max(0, min(100, sum(sums.values())))
    confidence = round(_available(ruleset, facts) * _agreement(sums), 4)
    absolute = next((rule.id for rule in counted if rule.absolute), None)
    harmful = tuple(sorted(group for group, points in sums.items() if points >= SPEAKS))
    verdict = _verdict(counted, facts, risk, confidence, absolute, harmful, exclusion)
    return _Score(verdict, risk, confidence, absolute, harmful)


def _context(facts: Facts, score: _Score, suggested: list[str], people: Sequence[Testimony]) -> dict[str, Any]:
    """What the playbook table is asked with."""
    return {
        **facts,
        "verdict": score.verdict,
        "risk": score.risk,
        "confidence": score.confidence,
        "groups": list(score.harmful),
        "group_count": len(score.harmful),
        "absolute": score.absolute,
        "suggested": suggested,
        "recipient.answer": answer_of(people),
    }


def _exclusions(holding: list[Rule]) -> tuple[frozenset[str], Rule | None]:
    """Ids of silenced rules, and the exclusion that names a verdict."""
    active = [rule for rule in holding if rule.kind == "exclusion" and rule.status != "shadow"]
    silenced = frozenset(name for rule in active for name in rule.silences)
    return silenced, next((rule for rule in active if rule.verdict), None)


def _contribution(rule: Rule, facts: Facts) -> Contribution:
    return Contribution(
        rule_id=rule.id,
        version=rule.version,
        title=rule.title,
        points=rule.score,
        group=rule.group,
        level=rule.level,
        text=rule.explain(facts),
        status=rule.status,
        severity=rule.severity,
        suggests=rule.suggests_verdict,
        auto_actions=tuple(sorted(rule.auto_actions)),
    )


def _unsure(proposal: Proposal) -> Contribution:
    """Why the table lets nothing be delivered: shown with the evidence, worth no points."""
    return Contribution(
        "playbook-table", 1, "A row of the table cannot be answered", 0, "", "T1", proposal.reason, "auto"
    )


def _group_sums(counted: list[Rule]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for rule in counted:
        sums[rule.group] = sums.get(rule.group, 0) + rule.score
    return sums


def _available(ruleset: RuleSet, facts: Facts) -> float:
    required = ruleset.required_fields
    if not required:
        return 1.0
    return len(required.intersection(facts)) / len(required)


def _agreement(sums: dict[str, int]) -> float:
    """Share of the groups that speak which is on the side of the majority."""
    against = sum(points >= SPEAKS for points in sums.values())
    in_favour = sum(points <= -SPEAKS for points in sums.values())
    speaking = against + in_favour
    return max(against, in_favour) / speaking if speaking else 1.0


def _verdict(
    counted: list[Rule],
    facts: Facts,
    risk: int,
    confidence: float,
    absolute: str | None,
    harmful: tuple[str, ...],
    exclusion: Rule | None,
) -> str:
    if absolute is not None:
        return "malicious"
    if exclusion is not None:
        return exclusion.verdict
    points = dict.fromkeys(("spam", "graymail", "attack"), 0)
    for rule in counted:
        if side := _SIDES.get(rule.suggests_verdict):
            points[side] += rule.score
    spam_alone = points["spam"] >= SPAM and points["attack"] < ATTACK
    if spam_alone and risk - points["spam"] < SUSPICIOUS:
        return "spam"
    if risk >= SUSPICIOUS:
        return "malicious" if risk >= MALICIOUS and len(harmful) >= 2 else "suspicious"
    if points["graymail"] and risk < BENIGN:
        return "graymail"
    proven = facts["auth.dmarc_pass"] is True and any(rule.proves_identity for rule in counted)
    if risk < BENIGN and proven and confidence >= MIN_CONFIDENCE:
        return "benign"
    return "undetermined"


def _priority(facts: Facts, seed: int) -> tuple[int, tuple[str, ...]]:
    """The seed priority, raised one step when anything asks for it."""
    why = []
    if facts["recipient.is_vip"] is True:
        why.append("The recipient is a VIP.")
    size = facts["group.size"]
    if isinstance(size, int) and size >= 5:
        why.append(f"{size} alerts have the same content.")
    hours = facts["hours_to_expiry"]
    if isinstance(hours, (int, float)) and 0 <= hours <= 24:
        why.append("The hold expires within 24 hours.")
    if not why:
        return seed, ()
    return next((step for step in PRIORITIES if step > seed), PRIORITIES[-1]), tuple(why)
