"""What people say goes into the decision: again judged, never lost, never an action by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add, empty_tenant

from mailroom.playbooks.judging import record_verdicts
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.evidence import NewEvidence
from mailroom.triage.packaged import demo_lists

STRANGER: dict[str, Any] = {
    "from_addr": "nils@new-vendor.example", "from_env": "nils@new-vendor.example", "from_name": "Nils",
    "dkim_domain": "new-vendor.example", "hold": "impersonation", "risk": "medium",
    "impersonation": ("Newly Observed Domain",),
}  # fmt: skip
"""A first contact that proves who it is, and that the gateway does not like: 48 points of one group."""
AUTO: dict[str, Any] = {
    "modes": dict.fromkeys(("release", "release_to_sandbox", "reject", "ask_recipient"), "auto"),
    "require_evaluated_rules": False, "per_run": 500, "per_hour": 500, "per_sender_domain": 500,
    "max_release_share": 1.0,
}  # fmt: skip


@pytest.fixture
def bench(bench_for: Callable[..., Workbench]) -> Workbench:
    tenant = empty_tenant()
    add(tenant, "Offer", **STRANGER)
    bench = bench_for(tenant)
    bench.ingest()
    return bench


def policy(**changes: Any) -> Policy:
    return Policy.build(lists=(demo_lists(),), **(AUTO | changes))


def alert_of(store: Store) -> Alert:
    [alert] = store.alerts.list()
    return alert


def say(store: Store, answer: str, points: int) -> None:
    store.evidence.put(NewEvidence(
        alert_of(store).id, "recipient", "recipient_answer", points, f"asked: {answer}", source={"answer": answer}
    ))  # fmt: skip


def test_a_proven_stranger_is_a_case_for_asking_the_recipient(bench: Workbench) -> None:
    triage_alerts(bench.store, policy())

    verdict = bench.store.verdicts.current(alert_of(bench.store).id)
    assert verdict is not None
    assert (verdict.verdict, verdict.proposed_action) == ("suspicious", "ask_recipient")


@pytest.mark.parametrize(
    ("answer", "points", "verdict", "action"),
    [
        ("expected", -20, "undetermined", "release"),
        ("unexpected", 20, "suspicious", "reject"),
        ("unsure", 0, "suspicious", "ask_analyst"),
        ("silent", 0, "suspicious", "ask_analyst"),
    ],
)
def test_an_answer_changes_the_decision_and_is_only_proposed_even_where_everything_is_automatic(
    bench: Workbench, answer: str, points: int, verdict: str, action: str
) -> None:
    triage_alerts(bench.store, policy())
    say(bench.store, answer, points)

    report = triage_alerts(bench.store, policy())

    now = bench.store.verdicts.current(alert_of(bench.store).id)
    assert now is not None
    assert (now.verdict, now.proposed_action) == (verdict, action)
    assert [entry["text"] for entry in now.evidence if entry["group"] == "people"] == [f"asked: {answer}"]
    assert report.to_do == []
    assert [one.kind for one in bench.store.ledger.list()] == ([action] if action in {"release", "reject"} else [])
    assert {one.state for one in bench.store.ledger.list()} <= {"proposed"}


def test_a_changed_mind_withdraws_the_proposal_and_a_second_change_makes_it_anew(bench: Workbench) -> None:
    for answer, points in (("expected", -20), ("unexpected", 20), ("expected", -20)):
        say(bench.store, answer, points)
        triage_alerts(bench.store, policy())

    rows = [(one.kind, one.state) for one in reversed(bench.store.ledger.list())]
    assert rows == [("release", "refused"), ("reject", "refused"), ("release", "proposed")]


def test_an_automatic_release_that_was_not_done_yet_is_withdrawn_when_somebody_reports_the_mail(
    bench_for: Callable[..., Workbench],
) -> None:
    tenant = empty_tenant()
    add(tenant, "Delivery")
    bench = bench_for(tenant)
    bench.ingest()
    assert [one.kind for one in triage_alerts(bench.store, policy()).to_do] == ["release"]

    bench.store.evidence.put(NewEvidence(alert_of(bench.store).id, "reports", "user_reports", 10, "1 user reported it"))

    assert triage_alerts(bench.store, policy()).to_do == []
    assert [(one.kind, one.state) for one in bench.store.ledger.list()] == [("release", "refused")]


def test_only_the_alert_that_people_spoke_about_is_decided_again(bench: Workbench) -> None:
    triage_alerts(bench.store, policy())
    say(bench.store, "expected", -20)

    report = triage_alerts(bench.store, policy(), alert_ids=[alert_of(bench.store).id])

    assert report.planned == {"release: propose": 1}
    assert triage_alerts(bench.store, policy(), alert_ids=[alert_of(bench.store).id]).triaged == 0


def test_what_is_said_while_a_verdict_is_made_is_part_of_it(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    store, rules = bench.store, policy().ruleset()
    alert, run = alert_of(store), store.runs.start("triage")
    monkeypatch.setattr("mailroom.playbooks.judging.faultpoint", lambda _name: say(store, "expected", -20))

    [(_, decision)], [verdict_id] = record_verdicts(store, rules, [alert], run, bench.tenant.clock.now())

    current = store.verdicts.current(alert.id)
    assert current is not None
    assert (current.id, current.risk, decision.risk) == (verdict_id, 28, 28)


def test_a_message_of_which_more_is_known_is_judged_again_when_it_is_named(bench: Workbench) -> None:
    triage_alerts(bench.store, policy())
    alert = alert_of(bench.store)
    bench.store.alerts.update_detail(alert.id, alert.event | {"level": "T3"}, "T3")

    assert triage_alerts(bench.store, policy(), alert_ids=[alert.id]).triaged == 1

    verdict = bench.store.verdicts.current(alert.id)
    assert verdict is not None
    assert verdict.level == "T3"
