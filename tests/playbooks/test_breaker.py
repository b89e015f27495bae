"""The circuit breaker: what analysts said of each rule's own automatic decisions, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.playbooks.breaker import breaker_state, overturn
from mailroom.store import NewAction, NewAlert, Settled, StagedItem, Store
from mailroom.store.actions import ActionResult
from mailroom.store.verdicts import NewVerdict
from mailroom.triage.testimony import GROUP as PEOPLE

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Decisions:
    """Actions in a store, one message each."""

    def __init__(self, store: Store) -> None:
        self.store, self.number = store, 0
        self.source = store.sources.ensure("t", "held", "held", "g")

    def add(self, rule: str, version: int = 1, *, mode: str = "auto", kind: str = "reject", wrong: str = "") -> int:
        """One applied action by this rule; `wrong` is what a person said of it afterwards."""
        self.number += 1
        key = f"hold-{self.number}"
        self.store.items.stage(self.source.id, None, [StagedItem(key, "", NOW, {})])
        [item] = self.store.items.pending(self.source.id, limit=1)
        alert = NewAlert(key, "t", "x", "a@x.example", "x.example", "ann@northwind.example", NOW, -1, -1, hold_id=key)
        self.store.items.settle(self.source.id, None, [Settled(item.id, "alerted", alert=alert)])
        alert_id = self.store.alerts.find(key).id
        evidence = [{"rule_id": rule, "version": version, "group": "files"}]
        verdict = NewVerdict(alert_id, None, "malicious", 90, 1.0, 0, "digest", "T2", evidence)
        [verdict_id] = self.store.verdicts.record([verdict])
        action = self.store.ledger.intend(
            NewAction("t", alert_id, kind, key, f"disposition:{key}", mode=mode, verdict_id=verdict_id)  # type: ignore[arg-type]
        )
        self.store.ledger.claim([action.id], owner="me")
        self.store.ledger.settle([ActionResult(action.id, "applied", handling="rejected")])
        if wrong:
            overturn(self.store, key, malicious=wrong == "malicious", who="ann", why="it was wanted")
        return alert_id


@pytest.fixture
def decisions(store: Store) -> Decisions:
    return Decisions(store)


def test_what_people_do_pushes_no_wrong_decision_out_of_the_window(store: Store, decisions: Decisions) -> None:
    wrong = [decisions.add("junk", wrong="wanted") for _ in range(2)]
    decisions.add("junk")
    for _ in range(5):
        decisions.add("by-hand", mode="manual")
        decisions.add("asks", kind="ask_recipient")

    state = breaker_state(store, 3)

    assert state.overturned == {"junk": (2, 3)}
    assert state.wrong == {"junk": tuple(wrong)}


def test_each_rule_has_a_window_of_its_own(store: Store, decisions: Decisions) -> None:
    decisions.add("rare", wrong="wanted")
    for _ in range(5):
        decisions.add("busy")

    assert breaker_state(store, 3).overturned == {"rare": (1, 1)}


def test_a_wrong_decision_leaves_the_window_when_its_rule_has_decided_often_enough(
    store: Store, decisions: Decisions
) -> None:
    decisions.add("junk", wrong="wanted")
    for _ in range(3):
        decisions.add("junk")

    assert breaker_state(store, 4).overturned == {"junk": (1, 4)}
    assert breaker_state(store, 3).overturned == {"junk": (0, 3)}
    assert breaker_state(store, 3).wrong == {}


def test_a_release_that_turned_out_malicious_counts_however_old_it_is(store: Store, decisions: Decisions) -> None:
    alert_id = decisions.add("friendly", kind="release", wrong="malicious")
    for _ in range(5):
        decisions.add("friendly", kind="release")

    state = breaker_state(store, 3, {"friendly": 1})

    assert state.released_then_malicious == {"friendly"}
    assert (state.wrong, state.versions) == ({"friendly": (alert_id,)}, {"friendly": 1})


def test_a_corrected_rule_begins_anew(store: Store, decisions: Decisions) -> None:
    decisions.add("junk", 1, kind="release", wrong="malicious")
    decisions.add("junk", 1, wrong="wanted")
    decisions.add("junk", 2)

    assert breaker_state(store, 10, {"junk": 2}).released_then_malicious == frozenset()
    assert breaker_state(store, 10, {"junk": 2}).overturned == {}
    assert breaker_state(store, 10, {"junk": 1}).overturned == {"junk": (2, 2)}


def test_the_rules_that_decided_count_even_when_the_message_is_judged_otherwise_since(
    store: Store, decisions: Decisions
) -> None:
    alert_id = decisions.add("junk", wrong="wanted")
    said = [{"rule_id": "recipient-says-wanted", "version": 1, "group": PEOPLE}]
    store.verdicts.record([NewVerdict(alert_id, None, "undetermined", 10, 1.0, 0, "other", "T2", said)])

    assert breaker_state(store, 10).overturned == {"junk": (1, 1)}


def test_who_overturns_a_decision_says_why(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="what was wrong"):
        overturn(store, "1", malicious=False, who="ann", why=" ")
