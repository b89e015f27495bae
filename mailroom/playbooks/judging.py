"""Judging stored alerts: facts, history and what people said, put together the same way wherever a verdict is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import get_args

from sqlalchemy import Connection

from mailroom.effects.kinds import KINDS
from mailroom.faults import faultpoint
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.alerts import Alert
from mailroom.store.evidence import Evidence
from mailroom.store.history import History as StoredHistory
from mailroom.store.intents import SUPERSEDED
from mailroom.store.verdicts import NewVerdict
from mailroom.triage.decide import decide
from mailroom.triage.decision import Decision
from mailroom.triage.extract import Facts, History, extract
from mailroom.triage.ruleset import RuleSet
from mailroom.triage.testimony import Answer, Testimony

People = Mapping[int, tuple[Testimony, ...]]
"""Alert id -> what people said about it; alerts about which nobody said anything are missing."""

_ANSWERS: Mapping[str, Answer] = {answer: answer for answer in get_args(Answer)}
_OPEN = ("proposed", "intended", "not_applied", "failed")
"""States of an action that has not happened and may still happen."""


def people_of(store: Store, alert_ids: Iterable[int], tx: Connection | None = None) -> People:
    """What people said about these alerts. Effect: reads the store."""
    found = store.evidence.of_many(alert_ids, tx)
    return {alert_id: tuple(_testimony(one) for one in rows) for alert_id, rows in found.items()}


def judge_alerts(
    store: Store, ruleset: RuleSet, alerts: Sequence[Alert], now: datetime, people: People | None = None
) -> list[tuple[Facts, Decision]]:
    """Facts and decision of each alert, in order. Effect: reads the store. `people` spares reading what they said."""
    histories = store.alerts.histories(alerts)
    said = people_of(store, [alert.id for alert in alerts]) if people is None else people
    decided = []
    for alert in alerts:
        facts = extract(alert.event, ruleset.context, history_of(histories.get(alert.id)), now=now)
        people_said = said.get(alert.id, ())
        decided.append((facts, decide(ruleset, facts, alert.seed_priority, people_said)))
    return decided


def record_verdicts(
    store: Store, ruleset: RuleSet, alerts: Sequence[Alert], run_id: int | None, now: datetime
) -> tuple[list[tuple[Facts, Decision]], list[int]]:
    """Judge these alerts and store their verdicts; returns the decisions and the ids of the verdicts, in order.

    What somebody says while the verdict is being made is not lost: it is looked for again under the lock that the
    verdicts are written under, and then those alerts are judged once more.

    Effect: writes the store. Twice is harmless.
    """
    ids = [alert.id for alert in alerts]
    people = people_of(store, ids)
    decided = judge_alerts(store, ruleset, alerts, now, people)
    facts_of = {alert.id: facts for alert, (facts, _) in zip(alerts, decided, strict=True)}

    def write(tx: Connection) -> tuple[list[tuple[Facts, Decision]], list[int]]:
        written = store.verdicts.record(
            [_new_verdict(alert, decision, run_id) for alert, (_, decision) in zip(alerts, decided, strict=True)], tx
        )
        latest, said = people_of(store, ids, tx), list(decided)
        for place, alert in enumerate(alerts):
            if latest.get(alert.id) == people.get(alert.id):
                continue
            facts = facts_of[alert.id]
            said[place] = facts, decide(ruleset, facts, alert.seed_priority, latest.get(alert.id, ()))
            [written[place]] = store.verdicts.record([_new_verdict(alert, said[place][1], run_id)], tx)
        return said, written

    faultpoint("triage.decided")
    return store.run(write)


def supersede(
    store: Store, wanted: Mapping[int, tuple[str, bool]], digests: Mapping[int, str] | None = None,
    tx: Connection | None = None,
) -> int:  # fmt: skip
    """Withdraw what triage wanted done to alerts before they were judged again and the decision changed.

    Effect: writes the store. Twice is harmless; what was sent already, or is being sent, stays.

    Args:
        store: Whose ledger.
        wanted: Alert id -> the kind of action that is still wanted ("" for none), and whether it may be done without
            a person.
        digests: Alert id -> digest of the very action that is wanted: an equal one in other words is withdrawn, too.
        tx: Part of it; alone otherwise.

    Returns:
        How many actions were withdrawn.
    """
    results = [
        ActionResult(
            one.id, "refused", "it was judged again, and the decision changed", SUPERSEDED, retryable=False,
            attempt=one.attempt,
        )
        for actions in store.inquiries.actions_of(wanted, tx).values()
        for one in actions
        if one.requested_by == "triage" and one.kind in KINDS and one.state in _OPEN
        and not _still_wanted(one, *wanted[one.alert_id or 0], (digests or {}).get(one.alert_id or 0, one.digest))
    ]  # fmt: skip
    if results:
        store.ledger.settle(results, tx, who="triage")
    return len(results)


def _still_wanted(action: Action, kind: str, alone: bool, digest: str) -> bool:
    is_it = action.kind == kind and action.digest == digest
    return is_it and (alone or action.state == "proposed" or action.mode != "auto")


def history_of(stored: StoredHistory | None) -> History | None:
    """The store's word on a sender, as facts take it."""
    if stored is None:
        return None
    return History(stored.benign, stored.malicious, stored.first_contact, stored.group_size)


def _testimony(one: Evidence) -> Testimony:
    return Testimony(one.kind, one.points, one.text, _ANSWERS.get(str(one.source.get("answer", "")), ""))


def _new_verdict(alert: Alert, decision: Decision, run_id: int | None) -> NewVerdict:
    return NewVerdict(
        alert_id=alert.id,
        run_id=run_id,
        verdict=decision.verdict,
        risk=decision.risk,
        confidence=decision.confidence,
        priority=decision.priority,
        rule_digest=decision.digest,
        level=alert.level,
        evidence=[entry.to_dict() for entry in (*decision.evidence, *decision.insights)],
        shadow=[entry.to_dict() for entry in decision.shadow],
        proposed_action=decision.proposal.action,
        proposed_reason=decision.proposal.reason,
    )
