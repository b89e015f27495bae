"""Deciding about alerts: once each, also across runs that end too early, and never more than the rails allow."""

from __future__ import annotations

from collections import Counter

import pytest
from mailroom_tests_small_tenant import HOLD_LIST, add, policy

import mailroom.faults
from mailroom.errors import BusyError, InvalidInputError, NotFoundError, RefusedError
from mailroom.playbooks import act
from mailroom.playbooks.breaker import overturn
from mailroom.playbooks.checks import check_policy, check_store
from mailroom.playbooks.explain import explain
from mailroom.playbooks.retry import reopen_quarantined
from mailroom.playbooks.triage import triage_alerts
from sandbox import Fault


def wanted(report):
    return Counter(one.kind for one in report.to_do)


def ends_at(monkeypatch, point):
    """The process comes to this point and no further."""
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan(f"raise:{point}"))
    return pytest.raises(mailroom.faults.FaultError)


def runs_on(monkeypatch):
    monkeypatch.setattr(mailroom.faults, "_plan", None)


def test_every_alert_gets_one_verdict_and_the_second_run_has_nothing_to_decide(bench):
    first, second = bench.triage(), bench.triage()

    assert (first.triaged, second.triaged) == (13, 0)
    assert wanted(first) == wanted(second) == {"release": 4, "reject": 5}  # named until they are done
    assert bench.act()
    assert wanted(bench.triage()) == {}


def test_a_dry_run_decides_and_writes_nothing(bench):
    report = triage_alerts(bench.store, bench.policy, dry_run=True)

    assert report.triaged == 13
    assert len(report.preview) == 13
    assert bench.store.verdicts.counts() == {}
    assert bench.store.ledger.counts() == {}
    assert bench.store.runs.latest("triage") == []


# I14
@pytest.mark.parametrize(
    "point",
    ["triage.batch_recorded", "triage.verdicts_given", "ledger.before_intent", "ledger.after_intent", "triage.ruled"],
)
def test_a_run_that_ends_too_early_is_finished_by_the_next_as_if_nothing_had_happened(bench, monkeypatch, point):
    with ends_at(monkeypatch, point):
        bench.triage()
    runs_on(monkeypatch)
    cut_short = bench.store.runs.latest("triage")[0]

    report = bench.triage()

    assert report.triaged == 13
    assert wanted(report) == {"release": 4, "reject": 5}
    assert bench.store.runs.get(cut_short.id).state == "lost"
    assert bench.triage().triaged == 0
    assert bench.store.ledger.counts() == {"reject": {"intended": 5}, "release": {"intended": 4}}


# R2, I14
def test_the_release_share_of_an_unfinished_run_is_that_of_all_its_mail(bench, monkeypatch):
    bench.policy = policy(max_release_share=4 / 13)
    with ends_at(monkeypatch, "triage.verdicts_given"):
        bench.triage()
    runs_on(monkeypatch)

    assert wanted(bench.triage()) == {"release": 4, "reject": 5}


# R2, I14
@pytest.mark.parametrize("point", ["triage.verdicts_given", "ledger.after_intent", "triage.ruled"])
def test_a_limit_per_run_holds_across_a_run_that_was_cut_short(bench, monkeypatch, point):
    bench.policy = policy(per_run=3)
    with ends_at(monkeypatch, point):
        bench.triage()
    runs_on(monkeypatch)

    report = bench.triage()

    assert len(report.to_do) == 3
    counts = bench.store.ledger.counts()
    assert sum(states.get("intended", 0) for states in counts.values()) == 3


def test_what_exceeds_a_limit_is_proposed_and_said(bench):
    bench.policy = policy(per_run=2)

    report = bench.triage()

    assert sum(number for ruling, number in report.planned.items() if ruling.endswith("act")) == 2
    assert sum(number for ruling, number in report.planned.items() if ruling.endswith("propose")) == 7
    assert any("limit of 2" in warning for warning in report.warnings)


def test_while_one_process_decides_another_is_told_so(bench):
    lease = bench.store.leases.acquire("triage", "somebody/else")
    with pytest.raises(BusyError, match="somebody/else"):
        bench.triage()

    bench.store.leases.release(lease)
    assert bench.triage().triaged == 13


# R7
def test_the_kill_switch_stops_between_decision_and_effect_and_loses_nothing(bench):
    to_do = [one.action_id for one in bench.triage().to_do]
    bench.policy = policy(kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        act.carry_out_wanted(bench.desk, to_do)
    assert bench.tenant.effects == []

    bench.policy = policy()

    assert Counter(result.state for result in act.carry_out_wanted(bench.desk, to_do)) == {"applied": 9}


# R7
def test_the_kill_switch_stops_between_two_batches(bench, monkeypatch):
    to_do = [one.action_id for one in bench.triage().to_do]
    done = []

    def stop_after_the_first(results):
        done.extend(results)
        bench.policy = policy(kill_switch=True)

    monkeypatch.setattr("mailroom.effects.carry_out.BATCH", 3)
    from mailroom.effects.carry_out import carry_out

    with pytest.raises(RefusedError, match="6 actions stay undone"):
        carry_out(
            bench.client, bench.store, to_do, owner="test", gate=bench.desk.gate(), batch=3,
            on_settled=stop_after_the_first,
        )  # fmt: skip

    assert len(done) == len(bench.tenant.effects) == 3


# R1
def test_a_mode_that_is_no_longer_automatic_refuses_what_was_intended(bench):
    to_do = [one.action_id for one in bench.triage().to_do if one.kind == "release"]
    bench.policy = policy(modes={"release": "advise", "reject": "auto"})

    results = act.carry_out_wanted(bench.desk, to_do)

    assert {result.state for result in results} == {"refused"}
    assert "not auto any more" in results[0].detail
    assert bench.tenant.effects == []


def test_in_mode_observe_nothing_is_entered_and_in_mode_advise_it_is_proposed(bench):
    bench.policy = policy(modes={"release": "observe", "reject": "advise"})

    report = bench.triage()

    assert report.to_do == []
    assert bench.store.ledger.counts() == {"reject": {"proposed": 5}}


def test_a_message_handled_by_hand_before_the_decision_is_left_alone(bench):
    hold_id = next(alert.hold_id for alert in bench.store.alerts.list(limit=50) if "wanted" in alert.title)
    assert act.dispose(bench.desk, "reject", hold_id, {}).state == "applied"

    report = bench.triage()

    assert report.triaged == 12
    assert hold_id not in {one.hold_id for one in report.to_do}


def test_the_story_of_an_alert_has_all_its_chapters(bench):
    bench.act()
    alert = next(alert for alert in bench.store.alerts.list(limit=50) if alert.title == "junk 1")

    story = explain(bench.store, alert.hold_id)

    assert story["alert"]["handling"] == "rejected"
    assert story["verdicts"][0]["proposed"] == "reject"
    assert [action["state"] for action in story["actions"]] == ["applied"]
    kinds = [event["kind"] for event in story["history"]]
    assert kinds.index("action.intended") < kinds.index("action.sending") < kinds.index("action.applied")
    with pytest.raises(NotFoundError):
        explain(bench.store, "no-such-id")


# I10
def test_what_is_in_quarantine_is_read_again_on_request(bench):
    add(bench.tenant, "odd", minutes=1)
    bench.tenant.faults.add(Fault("drift", HOLD_LIST, how="missing_field", field="dateReceived"))
    bench.ingest()
    before = bench.states()["quarantined"]

    assert reopen_quarantined(bench.store) == before > 0
    assert reopen_quarantined(bench.store) == 0
    assert bench.states()["listed"] == before
    bench.ingest()
    assert bench.states()["quarantined"] == before  # the stored bytes are as unreadable as they were
    assert bench.store.check().ok


# R6
def test_only_what_was_done_can_be_overturned_and_one_harmful_mistake_trips_the_breaker(bench):
    rejected = next(alert for alert in bench.store.alerts.list(limit=50) if alert.title == "junk 1")
    with pytest.raises(InvalidInputError, match="nothing to overturn"):
        overturn(bench.store, rejected.hold_id, malicious=True, who="ann", why="it was a test")
    bench.act()

    overturn(bench.store, rejected.hold_id, malicious=True, who="ann", why="it was a trap")

    add(bench.tenant, "junk again", minutes=1)
    bench.ingest()
    report = bench.triage()
    assert report.planned == {"reject: propose": 1}
    assert any("reported as malicious" in warning for warning in report.warnings)


def test_the_checks_of_our_side_say_what_is_wrong_and_what_to_do(bench):
    bench.act()
    assert {row.result for row in check_store(lambda: bench.store)} == {"ok"}
    rows = {row.stage: row for row in check_policy(lambda: policy(kill_switch=True))}
    assert (rows["kill switch"].result, rows["evaluation gate"].result) == ("warning", "warning")

    run_id = bench.store.runs.start("ingest held")
    bench.store.runs.finish(run_id, "completed", {"fetched": 3, "alerted": 2})

    assert any(
        row.result == "failed" and "fetched more or fewer" in row.detail for row in check_store(lambda: bench.store)
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"per_run": -1}, "per_run"),
        ({"modes": {"release": "sometimes"}}, "modes"),
        ({"no_such_rail": 1}, "no_such_rail"),
    ],
)
def test_an_impossible_policy_is_refused_by_the_name_of_its_field(wrong, words):
    with pytest.raises(InvalidInputError, match=words):
        policy(**wrong)
