"""An automatic action is sent only while the rules, the verdict and the people of that moment want it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_small_tenant import REJECT, RULES, Workbench, policy, small_tenant
from sqlalchemy import event

import mailroom.faults
from mailroom.effects import carry_out as carrying_out
from mailroom.errors import RefusedError
from mailroom.playbooks import act
from mailroom.playbooks.breaker import overturn
from mailroom.playbooks.judging import supersede
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.playbooks.triaged import Wanted
from mailroom.store import Store
from mailroom.store.actions import ActionResult
from mailroom.store.evidence import NewEvidence
from mailroom.triage.packaged import demo_lists
from sandbox import Fault, serve


@pytest.fixture
def bench(store: Store) -> Iterator[Workbench]:
    """Four entries to release, five to reject; on both databases."""
    tenant = small_tenant()
    with serve(tenant) as server:
        bench = Workbench(tenant, server.url, store)
        bench.ingest()
        yield bench
        bench.client.close()


@pytest.fixture
def rules_with(tmp_path: Path) -> Callable[..., Policy]:
    """The policy of these tests with rules in which what is wanted leads to another action."""

    def make(action: str = "release", **changes: object) -> Policy:
        folder = tmp_path / f"rules-{action}"
        if not folder.exists():
            shutil.copytree(RULES, folder)
            table = folder / "playbooks.yml"
            text = table.read_text().replace("action: release\n", f"action: {action}\n")
            table.write_text(text.replace("The subject says wanted.", "The subject really says wanted."))
        rails = policy(**changes).rails
        return Policy.build(rules=(folder,), lists=(demo_lists(),), starter_rules=False, **rails.model_dump())

    return make


def releases(bench: Workbench) -> list[Wanted]:
    return [one for one in bench.triage().to_do if one.kind == "release"]


def report_it(bench: Workbench, alert_id: int) -> None:
    bench.store.evidence.put(
        NewEvidence(alert_id, "user_reports", "user_reports", 40, "4 of our people reported it", "users")
    )


def states(bench: Workbench, kind: str) -> Counter[tuple[str, str]]:
    return Counter((one.state, one.code) for one in bench.store.ledger.list(kind=kind))


@pytest.mark.parametrize("action", ["leave", "reject"])
def test_rules_corrected_while_the_kill_switch_is_on_count_for_what_was_wanted_before(
    bench: Workbench, rules_with: Callable[..., Policy], action: str
) -> None:
    old = releases(bench)
    bench.policy = policy(kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        act.carry_out_wanted(bench.desk, [one.action_id for one in old])

    bench.policy = rules_with(action)
    to_do = bench.triage().to_do
    act.carry_out_wanted(bench.desk, [one.action_id for one in to_do])

    assert len(old) == 4
    assert not any(one.kind == "release" for one in to_do)
    assert states(bench, "release") == {("refused", "superseded"): 4}
    assert Counter(effect.kind for effect in bench.tenant.effects) == {"reject": 9 if action == "reject" else 5}


def test_rules_changed_in_their_files_after_the_decision_stop_what_it_led_to(
    bench: Workbench, rules_with: Callable[..., Policy], tmp_path: Path
) -> None:
    bench.policy = rules_with()
    old = releases(bench)
    table = tmp_path / "rules-release" / "playbooks.yml"
    table.write_text(table.read_text().replace("action: release\n", "action: leave\n"))

    results = act.carry_out_wanted(bench.desk, [one.action_id for one in old])

    assert {result.state for result in results} == {"refused"}
    assert not bench.tenant.effects
    assert not releases(bench)


def test_what_new_rules_want_still_is_done_by_the_verdict_that_they_gave(
    bench: Workbench, rules_with: Callable[..., Policy]
) -> None:
    old = releases(bench)
    bench.policy = rules_with()

    again = releases(bench)
    results = act.carry_out_wanted(bench.desk, [one.action_id for one in again])

    assert [one.action_id for one in again] == [one.action_id for one in old]
    assert {result.state for result in results} == {"applied"}
    for one in again:
        verdict = bench.store.verdicts.current(one.alert_id)
        assert verdict is not None
        action = bench.store.ledger.get(one.action_id)
        assert (action.verdict_id, action.rule_digest) == (verdict.id, bench.policy.ruleset().digest)


def test_what_was_withdrawn_for_old_rules_is_wanted_anew_when_the_new_ones_say_so(
    bench: Workbench, rules_with: Callable[..., Policy]
) -> None:
    [first, *_] = releases(bench)
    bench.policy = rules_with()
    assert act.carry_out_action(bench.desk, first.action_id).state == "refused"

    assert first.alert_id in {one.alert_id for one in releases(bench)}
    bench.act()
    assert bench.times(first.hold_id) == 1


def test_a_release_is_not_sent_after_people_reported_the_message(bench: Workbench) -> None:
    [first, *others] = releases(bench)
    report_it(bench, first.alert_id)

    results = act.carry_out_wanted(bench.desk, [first.action_id, *(one.action_id for one in others)])

    assert Counter(result.state for result in results) == {"refused": 1, "applied": 3}
    assert bench.times(first.hold_id) == 0
    assert bench.store.alerts.get(first.alert_id).handling == "open"


def test_a_verdict_made_after_the_decision_stops_it_until_that_verdict_is_ruled_on(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = releases(bench)
    report_it(bench, first.alert_id)
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        bench.triage()
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    assert act.carry_out_action(bench.desk, first.action_id).state == "refused"
    assert bench.times(first.hold_id) == 0
    bench.act()
    assert bench.times(first.hold_id) == 0, "what people say never leads to an automatic release"
    assert [one.state for one in bench.store.ledger.for_alert(first.alert_id)] == ["refused", "proposed"]


@pytest.mark.parametrize("point", ["triage.batch_recorded", "triage.verdicts_given", "ledger.before_intent"])
def test_a_triage_that_ends_before_it_ruled_leaves_nothing_of_older_rules(
    bench: Workbench, rules_with: Callable[..., Policy], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    old = releases(bench)
    bench.policy = rules_with("reject")
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan(f"raise:{point}"))
    with pytest.raises(mailroom.faults.FaultError):
        bench.triage()
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    bench.act()

    assert Counter(effect.kind for effect in bench.tenant.effects) == {"reject": 9}
    assert {bench.times(one.hold_id) for one in old} == {1}
    assert bench.triage().to_do == []


def test_a_person_may_reject_what_triage_is_about_to_release(bench: Workbench) -> None:
    [first, *_] = releases(bench)

    result = act.dispose(bench.desk, "reject", str(first.alert_id), {}, requested_by="ann")

    assert result.state == "applied"
    withdrawn = bench.store.ledger.get(first.action_id)
    assert (withdrawn.state, withdrawn.code, withdrawn.detail) == (
        "refused",
        "superseded",
        "withdrawn: ann wants reject",
    )
    bench.act()
    assert [effect.kind for effect in bench.tenant.effects if effect.hold_id == first.hold_id] == ["reject"]


def test_a_wish_that_is_cut_off_leaves_what_triage_wanted_as_it_was(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = releases(bench)
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:ledger.after_intent"))
    with pytest.raises(mailroom.faults.FaultError):
        act.dispose(bench.desk, "reject", str(first.alert_id), {}, requested_by="ann")
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    assert [one.state for one in bench.store.ledger.for_alert(first.alert_id)] == ["intended"]
    assert act.dispose(bench.desk, "reject", str(first.alert_id), {}, requested_by="ann").state == "applied"


def test_a_person_may_release_what_triage_wanted_and_may_not_do_any_more(bench: Workbench) -> None:
    [first, *_] = releases(bench)
    bench.policy = policy(modes={"release": "observe"})

    assert act.dispose(bench.desk, "release", str(first.alert_id), {}, requested_by="ann").state == "applied"
    assert bench.store.ledger.for_alert(first.alert_id)[-1].requested_by == "ann"


def test_a_person_does_not_interrupt_what_is_being_sent(bench: Workbench) -> None:
    [first, *_] = releases(bench)
    bench.store.ledger.claim([first.action_id], owner=bench.desk.owner)

    with pytest.raises(RefusedError, match="holds the same place"):
        act.dispose(bench.desk, "reject", str(first.alert_id), {}, requested_by="ann")

    assert bench.store.ledger.get(first.action_id).state == "sending"
    assert supersede(bench.store, {first.alert_id: ("", False)}) == 0


def test_a_proposal_that_becomes_automatic_names_the_verdict_and_the_rules_of_now(
    bench: Workbench, rules_with: Callable[..., Policy]
) -> None:
    bench.policy = policy(modes={"release": "advise", "reject": "advise"})
    bench.triage()
    proposed = {one.alert_id: one for one in bench.store.ledger.list(state="proposed")}
    bench.policy = rules_with()

    results = bench.act()

    assert len(proposed) == len(results) == 9
    assert {result.state for result in results} == {"applied"}
    for alert_id, before in proposed.items():
        now, verdict = bench.store.ledger.get(before.id), bench.store.verdicts.current(alert_id or 0)
        assert verdict is not None
        assert (now.verdict_id, now.rule_digest) == (verdict.id, verdict.rule_digest)
        assert before.rule_digest != now.rule_digest


def test_a_withdrawn_action_is_not_done_by_whoever_still_has_its_number(bench: Workbench) -> None:
    [first, *_] = releases(bench)
    assert supersede(bench.store, {first.alert_id: ("", False)}) == 1

    assert act.carry_out_action(bench.desk, first.action_id).state == "refused"
    assert bench.times(first.hold_id) == 0


def test_what_the_rails_refused_to_one_run_the_next_one_does_not_do_either(bench: Workbench) -> None:
    [first, *_] = releases(bench)
    bench.policy = policy(modes={"release": "observe"})

    refused = [act.carry_out_action(bench.desk, first.action_id) for _run in range(2)]

    assert [result.state for result in refused] == ["refused", "refused"]
    assert "not auto any more" in refused[1].detail
    assert bench.times(first.hold_id) == 0
    assert len(bench.store.ledger.for_alert(first.alert_id)) == 1


@pytest.fixture
def during_the_look(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Something that happens while the hold queue is asked, after the claim and before the call."""

    def happens(what: Callable[[], object]) -> None:
        looked = carrying_out.still_held

        def look(*given: Any) -> set[str]:
            found = looked(*given)
            what()
            return found

        monkeypatch.setattr(carrying_out, "still_held", look)

    return happens


def test_the_kill_switch_counts_while_the_hold_queue_is_asked(
    bench: Workbench, during_the_look: Callable[..., None]
) -> None:
    old = [one.action_id for one in releases(bench)]
    during_the_look(lambda: setattr(bench, "policy", policy(kill_switch=True)))

    with pytest.raises(RefusedError, match="kill switch"):
        act.carry_out_wanted(bench.desk, old)

    assert not bench.tenant.effects
    assert states(bench, "release") == {("not_applied", "RefusedError"): 4}
    during_the_look(lambda: setattr(bench, "policy", policy()))
    bench.policy = policy()
    bench.act()
    assert Counter(effect.kind for effect in bench.tenant.effects) == {"release": 4, "reject": 5}


def test_what_people_say_while_the_hold_queue_is_asked_stops_the_release_it_is_about(
    bench: Workbench, during_the_look: Callable[..., None]
) -> None:
    [first, *others] = releases(bench)
    during_the_look(lambda: report_it(bench, first.alert_id))

    results = act.carry_out_wanted(bench.desk, [first.action_id, *(one.action_id for one in others)])

    assert Counter(result.state for result in results) == {"refused": 1, "applied": 3}
    assert bench.times(first.hold_id) == 0


def test_a_rule_that_the_breaker_stops_carries_out_nothing_that_waits_already(bench: Workbench) -> None:
    bench.policy = policy(breaker_window=1, breaker_overturn=0)
    [first, *others] = [one for one in bench.triage().to_do if one.kind == "reject"]
    act.carry_out_action(bench.desk, first.action_id)
    overturn(bench.store, first.hold_id, malicious=False, who="ann", why="it was wanted")

    results = act.carry_out_wanted(bench.desk, [one.action_id for one in others])

    assert {result.state for result in results} == {"refused"}
    assert "overturned 1 of its last" in results[0].detail
    bench.act()
    assert Counter(effect.kind for effect in bench.tenant.effects) == {"reject": 1, "release": 4}
    assert states(bench, "reject") == {("applied", ""): 1, ("refused", "superseded"): 4, ("proposed", ""): 4}


def test_a_verdict_that_counts_again_is_ruled_on_although_its_run_was_killed(
    bench: Workbench, rules_with: Callable[..., Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    releases(bench)
    bench.policy = rules_with("reject")
    bench.triage()
    bench.policy = policy()
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        bench.triage()
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    bench.act()

    assert Counter(effect.kind for effect in bench.tenant.effects) == {"release": 4, "reject": 5}


def test_what_a_killed_run_left_is_not_forgotten_over_a_run_about_one_message(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        bench.triage()
    monkeypatch.setattr(mailroom.faults, "_plan", None)
    [note, *_] = [one for one in bench.store.alerts.list(limit=50) if one.title.startswith("note")]
    triage_alerts(bench.store, bench.policy, alert_ids=[note.id])

    bench.act()

    assert Counter(effect.kind for effect in bench.tenant.effects) == {"release": 4, "reject": 5}


def test_an_action_whose_outcome_was_unknown_when_it_was_judged_again_is_not_forgotten(
    bench: Workbench, rules_with: Callable[..., Policy]
) -> None:
    [first, *_] = releases(bench)
    bench.store.ledger.claim([first.action_id], owner="somebody")
    bench.store.ledger.settle([ActionResult(first.action_id, "unknown")])
    bench.policy = rules_with(max_release_share=1.0)
    bench.act()

    assert [result.state for result in act.look_up_unknown(bench.desk)] == ["not_applied"]
    bench.act()
    bench.act()

    assert bench.times(first.hold_id) == 1


def test_new_words_of_a_rejection_replace_the_old_ones_when_the_message_is_judged_again(
    bench: Workbench, rules_with: Callable[..., Policy]
) -> None:
    old = [one.action_id for one in bench.triage().to_do if one.kind == "reject"]
    bench.policy = replace(rules_with(), reject_parameters={"note": "Ask us", "reason": "Select One"})

    report = bench.triage()
    act.carry_out_wanted(bench.desk, [one.action_id for one in report.to_do])

    assert report.warnings == []
    assert not {one.action_id for one in report.to_do} & set(old)
    assert ["Ask us" in str(effect.params) for effect in bench.tenant.effects if effect.kind == "reject"] == [True] * 5


def test_the_gate_asks_the_store_as_often_for_many_actions_as_for_one(bench: Workbench) -> None:
    actions = list(bench.store.ledger.get_many(one.action_id for one in releases(bench)).values())
    gate, asked = bench.desk.gate(), list[str]()
    event.listen(bench.store.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2].split()[0]))

    assert gate.outdated(actions[:1]) == {}
    alone = asked.count("SELECT")
    assert gate.outdated(actions) == {}

    assert (alone, asked.count("SELECT") - alone) == (3, 3)


def test_what_is_done_is_what_the_verdict_says_although_the_sender_got_a_history_in_the_same_run(
    bench: Workbench, tmp_path: Path
) -> None:
    folder = tmp_path / "rules-history"
    shutil.copytree(RULES, folder)
    junk, table = folder / "junk.yml", folder / "playbooks.yml"
    junk.write_text(junk.read_text().replace("score: 45\n", "score: 45\nabsolute: malicious\n"))
    table.write_text(
        table.read_text().replace(
            "  - name: wanted\n",
            "  - name: wanted after junk\n"
            "    when: { subject|contains: wanted, sender.malicious_count|gte: 1 }\n"
            "    action: reject\n"
            '    reason: "The sender wrote junk before."\n\n'
            "  - name: wanted\n",
        )
    )
    bench.policy = Policy.build(
        rules=(folder,), lists=(demo_lists(),), starter_rules=False, **policy().rails.model_dump()
    )

    report = bench.triage()
    act.carry_out_wanted(bench.desk, [one.action_id for one in report.to_do])

    assert Counter(effect.kind for effect in bench.tenant.effects) == {"release": 2, "reject": 7}
    for action in bench.store.ledger.list(limit=50):
        verdict = bench.store.verdicts.current(action.alert_id or 0)
        assert verdict is not None
        assert (verdict.proposed_action, verdict.id, action.state) == (action.kind, action.verdict_id, "applied")


def unsent(bench: Workbench, kind: str, alert_id: int, who: str) -> int:
    """A person's wish that did not reach the tenant, and waits for the next run."""
    action = bench.store.ledger.intend(act.new_disposition(bench.store.alerts.get(alert_id), kind, {}, who))
    bench.store.ledger.claim([action.id], owner=bench.desk.owner)
    bench.store.ledger.settle([ActionResult(action.id, "not_applied", "not sent", "TransientError")])
    return action.id


def test_the_last_word_of_people_counts_when_neither_reached_the_tenant_at_first(bench: Workbench) -> None:
    [note, *_] = [one for one in bench.store.alerts.list(limit=50) if one.title.startswith("note")]
    released = unsent(bench, "release", note.id, "ann")
    bench.tenant.faults.add(Fault("fail_in_200", REJECT, code="err_hold_reject_failed"))
    assert act.dispose(bench.desk, "reject", str(note.id), {}, requested_by="ben").state == "failed"

    bench.act()

    assert [effect.kind for effect in bench.tenant.effects if effect.hold_id == note.hold_id] == ["reject"]
    withdrawn = bench.store.ledger.get(released)
    assert (withdrawn.state, withdrawn.detail) == ("refused", "withdrawn: ben wants reject")


def test_triage_does_not_get_before_what_a_person_wants_and_could_not_be_sent(bench: Workbench) -> None:
    [wanted, *_] = [one for one in bench.store.alerts.list(limit=50) if one.title.startswith("wanted")]
    unsent(bench, "reject", wanted.id, "ann")

    report = bench.triage()
    act.carry_out_wanted(bench.desk, [one.action_id for one in report.to_do])

    assert [effect.kind for effect in bench.tenant.effects if effect.hold_id == wanted.hold_id] == ["reject"]
    assert any("ann wants reject" in warning for warning in report.warnings)


def test_triage_takes_up_what_a_person_wants_too_and_could_not_be_sent(bench: Workbench) -> None:
    [wanted, *_] = [one for one in bench.store.alerts.list(limit=50) if one.title.startswith("wanted")]
    released = unsent(bench, "release", wanted.id, "ann")

    assert bench.triage().warnings == []
    bench.act()

    assert bench.times(wanted.hold_id) == 1
    assert bench.store.ledger.get(released).state == "applied"


def test_a_wish_that_waits_is_not_taken_up_once_the_contrary_was_done(bench: Workbench) -> None:
    [note, *_] = [one for one in bench.store.alerts.list(limit=50) if one.title.startswith("note")]
    unsent(bench, "release", note.id, "ann")
    done = bench.store.ledger.intend(act.new_disposition(note, "reject", {}, "an approval"))
    assert act.carry_out_action(bench.desk, done.id).state == "applied"

    with pytest.raises(RefusedError, match="holds the same place"):
        act.dispose(bench.desk, "release", str(note.id), {}, requested_by="ann")
