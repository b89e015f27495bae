"""Effects on held messages: each happens once or not at all, whatever the answer to the call was."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import ACCOUNT, HOLD_LIST, LOGS, PEOPLE, REJECT, RELEASE, add, empty_tenant

from mailroom import faults
from mailroom.effects import sending
from mailroom.effects.carry_out import carry_out, reconcile
from mailroom.effects.gate import OpenGate
from mailroom.errors import (
    AccessError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    RejectedError,
    TransientError,
)
from mailroom.playbooks import act
from mailroom.store.actions import ActionResult
from sandbox import Fault

PATHS = {"release": RELEASE, "reject": REJECT}


def outcomes(results):
    return Counter(result.state for result in results)


def hold_ids(bench, kind):
    """Of the entries that the policy wants released or rejected."""
    word = {"release": "wanted", "reject": "junk"}[kind]
    return [alert.hold_id for alert in bench.store.alerts.list(limit=50, after_id=0) if word in alert.title]


def ledger_agrees(bench):
    """What the ledger calls applied is what happened in the tenant, once each."""
    applied = {(action.kind, action.target) for action in bench.store.ledger.list(state="applied", limit=100)}
    done = [(effect.kind, effect.hold_id) for effect in bench.tenant.effects if effect.kind in PATHS]
    return len(done) == len(set(done)) and applied == set(done)


def calls_of(bench, kind):
    return sum(call.path == PATHS[kind] for call in bench.tenant.calls)


# F25: the answer was lost, the effect happened or not; batches and single messages
@pytest.mark.parametrize("how", ["reset", "status", "slow"])
@pytest.mark.parametrize("fault", ["apply_then_fail", "fail_without_applying"])
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_an_effect_whose_answer_is_lost_happens_exactly_once(bench_for, tenant, kind, fault, how):
    bench = bench_for(tenant, read_timeout=0.15) if how == "slow" else bench_for(tenant)
    bench.ingest()
    bench.tenant.faults.add(Fault(fault, PATHS[kind], how=how, status=502, seconds=0.4))

    results = bench.act(only=kind)

    assert outcomes(results) == {"applied": len(hold_ids(bench, kind))}
    assert all(bench.times(hold_id) == 1 for hold_id in hold_ids(bench, kind))
    assert ledger_agrees(bench)
    if how != "slow":  # a call is on record when it has been answered
        assert calls_of(bench, kind) == (1 if fault == "apply_then_fail" else 2)  # repeated only if need be


# F25
@pytest.mark.parametrize("how", ["reset", "status", "slow"])
@pytest.mark.parametrize("fault", ["apply_then_fail", "fail_without_applying"])
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_one_message_released_by_hand_is_released_exactly_once_too(bench_for, tenant, kind, fault, how):
    bench = bench_for(tenant, read_timeout=0.15) if how == "slow" else bench_for(tenant)
    bench.ingest()
    (hold_id, *_) = hold_ids(bench, kind)
    bench.tenant.faults.add(Fault(fault, PATHS[kind], how=how, status=504, seconds=0.4))

    first = act.dispose(bench.desk, kind, hold_id, {})
    second = act.dispose(bench.desk, kind, hold_id, {})

    assert (first.state, second.state) == ("applied", "applied")
    assert bench.times(hold_id) == 1
    assert ledger_agrees(bench)


def test_a_rejection_asked_for_again_in_other_words_is_sent_in_the_new_words_only(bench_for, tenant):
    bench = bench_for(tenant)
    bench.ingest()
    (hold_id, *_) = hold_ids(bench, "reject")
    bench.tenant.faults.add(Fault("fail_in_200", REJECT, code="err_hold_reject_failed"))
    loud = {"note": "Leave us alone", "reason": "Select One", "notify_sender": True}
    assert act.dispose(bench.desk, "reject", hold_id, loud, requested_by="amy").state == "failed"

    quiet = {"note": "", "reason": "Select One", "notify_sender": False}
    assert act.dispose(bench.desk, "reject", hold_id, quiet, requested_by="ben").state == "applied"

    (effect,) = [effect for effect in bench.tenant.effects if effect.kind == "reject"]
    assert not effect.params.get("notify")
    assert "Leave us alone" not in str(effect.params)
    old, done = bench.store.ledger.for_alert(bench.store.alerts.find(hold_id).id)
    assert (old.state, old.code, done.requested_by) == ("refused", "superseded", "ben")
    assert bench.store.ledger.to_do() == []


# F25: the tenant carries it out after we have given up waiting and looked
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_an_effect_that_happens_after_the_look_is_still_counted_once(bench_for, tenant, kind):
    bench = bench_for(tenant, read_timeout=0.1)
    bench.ingest()
    (hold_id, *_) = hold_ids(bench, kind)
    bench.tenant.faults.add(Fault("slow", PATHS[kind], seconds=0.3))

    act.dispose(bench.desk, kind, hold_id, {})

    assert act.dispose(bench.desk, kind, hold_id, {}).state == "applied"
    assert bench.times(hold_id) == 1


# F25: the answer is lost, and so is every attempt to look
def test_an_outcome_that_cannot_be_looked_up_stays_unknown_and_is_never_repeated_blindly(
    bench_for, tenant, longest_pauses
):
    bench = bench_for(tenant, deadline=5.0)
    bench.ingest()
    (hold_id, *_) = hold_ids(bench, "release")
    bench.tenant.faults.add(Fault("apply_then_fail", RELEASE, how="reset"))
    bench.tenant.faults.add(Fault("status", HOLD_LIST, times=None, after=1, status=503))
    with pytest.raises(TransientError):
        act.dispose(bench.desk, "release", hold_id, {})
    (action,) = bench.store.ledger.open_effects()
    assert action.state == "unknown"

    with pytest.raises(TransientError):
        act.dispose(bench.desk, "release", hold_id, {})
    with pytest.raises(RefusedError):
        act.dispose(bench.desk, "reject", hold_id, {})
    assert calls_of(bench, "release") == 1

    bench.tenant.faults.clear()
    assert act.dispose(bench.desk, "release", hold_id, {}).state == "applied"
    assert calls_of(bench, "release") == 1
    assert bench.times(hold_id) == 1


# F25
def test_an_outcome_that_is_not_in_the_log_yet_stays_unknown_until_it_is(bench):
    (hold_id, *_) = hold_ids(bench, "release")
    bench.tenant.faults.add(Fault("apply_then_fail", RELEASE, how="reset"))
    bench.tenant.faults.add(Fault("empty_data", LOGS, times=2))

    assert act.dispose(bench.desk, "release", hold_id, {}).state == "unknown"
    assert act.dispose(bench.desk, "release", hold_id, {}).state == "applied"
    assert bench.times(hold_id) == 1


# F35
@pytest.mark.parametrize("kind", ["release", "reject"])
@pytest.mark.parametrize("fault", ["fail_in_200", "release_false", "flat_fail"])
def test_a_refusal_inside_http_200_is_a_failure_of_each_item_and_retry_does_it(bench, kind, fault):
    number = len(hold_ids(bench, kind))
    bench.tenant.faults.add(Fault(fault, PATHS[kind], times=None))

    assert outcomes(bench.act(only=kind)) == {"failed": number}
    assert bench.tenant.effects == []

    bench.tenant.faults.clear()
    assert outcomes(bench.act(only=kind)) == {"applied": number}
    assert ledger_agrees(bench)


# F35
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_an_answer_that_is_silent_about_the_items_is_looked_up(bench, kind):
    bench.tenant.faults.add(Fault("empty_data", PATHS[kind]))

    assert outcomes(bench.act(only=kind)) == {"applied": len(hold_ids(bench, kind))}
    assert ledger_agrees(bench)
    assert calls_of(bench, kind) == 2


# F35
@pytest.mark.parametrize("kind", ["release", "reject"])
@pytest.mark.parametrize("place", [0, 1, -1])
def test_one_item_of_a_batch_that_fails_leaves_the_others_applied(bench, kind, place):
    number = len(hold_ids(bench, kind))
    bench.tenant.faults.add(Fault("partial", PATHS[kind], n=place))

    assert outcomes(bench.act(only=kind)) == {"applied": number - 1, "failed": 1}
    assert outcomes(bench.act(only=kind)) == {"applied": 1}
    assert ledger_agrees(bench)


# F35
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_one_id_that_spoils_a_whole_call_does_not_spoil_its_neighbours(bench, kind):
    number = len(hold_ids(bench, kind))
    bench.tenant.faults.add(Fault("status", PATHS[kind], status=400, body=b""))  # the batch
    bench.tenant.faults.add(Fault("status", PATHS[kind], status=400, body=b"", after=1))  # one of its members

    assert outcomes(bench.act(only=kind)) == {"applied": number - 1, "failed": 1}
    assert ledger_agrees(bench)


# F36
@pytest.mark.parametrize("kind", ["release", "reject"])
@pytest.mark.parametrize(
    "fault", ["html", "empty_body", "bad_json", "cut_body", "bom", "nan", "wrong_charset", "duplicate_keys"]
)
def test_an_answer_to_an_effect_that_cannot_be_read_is_looked_up(bench, kind, fault):
    bench.tenant.faults.add(Fault(fault, PATHS[kind], applied=True))

    assert outcomes(bench.act(only=kind)) == {"applied": len(hold_ids(bench, kind))}
    assert ledger_agrees(bench)
    assert calls_of(bench, kind) == 1


# F36, F45: the looks themselves are damaged
@pytest.mark.parametrize("fault", ["bad_json", "html", "nan", "flat_fail"])
def test_when_the_look_before_an_effect_fails_nothing_is_sent_and_nothing_stays_claimed(bench, fault):
    to_do = [one.action_id for one in bench.triage().to_do]
    bench.tenant.faults.add(Fault(fault, HOLD_LIST, times=None))
    with pytest.raises(Exception, match="get-hold-message-list"):
        act.carry_out_wanted(bench.desk, to_do)

    assert bench.store.ledger.open_effects() == []
    assert bench.tenant.effects == []
    bench.tenant.faults.clear()
    assert outcomes(bench.act()) == {"applied": 9}
    assert ledger_agrees(bench)


# F45
def test_an_entry_that_cannot_be_read_hinders_no_effect_on_its_neighbours(bench):
    bench.tenant.faults.add(Fault("drift", HOLD_LIST, times=None, how="missing_field", field="dateReceived"))

    assert outcomes(bench.act()) == {"applied": 9}
    assert ledger_agrees(bench)


# F30, F31
@pytest.mark.parametrize(("status", "words"), [(401, "token"), (403, "permission")])
def test_without_access_nothing_is_sent_and_the_error_says_what_is_missing(bench, status, words):
    bench.tenant.faults.add(Fault("status", RELEASE, times=None, status=status))

    with pytest.raises(AccessError, match=words):
        bench.act(only="release")

    assert bench.tenant.effects == []
    bench.tenant.faults.clear()
    assert outcomes(bench.act()) == {"applied": 9}


# F30
def test_a_token_that_expires_between_two_effects_is_renewed_once(bench):
    bench.tenant.expire_tokens()

    assert outcomes(bench.act()) == {"applied": 9}
    assert ledger_agrees(bench)


# F32
def test_an_expired_binding_stops_before_anything_is_sent(bench_for, tenant):
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    tenant.expire_binding()

    with pytest.raises(AccessError, match="binding"):
        bench.act()

    assert tenant.effects == []
    assert bench.store.ledger.open_effects() == []


# F33: not executed, so it may be repeated
@pytest.mark.parametrize(
    "headers",
    [
        True,
        False,
        {"X-RateLimit-Reset": 0},
        {"X-RateLimit-Reset": -5},
        {"X-RateLimit-Reset": 864_000_000},
        {"X-RateLimit-Reset": "soon", "Retry-After": "later"},
    ],
)
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_a_rate_limit_delays_an_effect_and_never_doubles_it(bench_for, tenant, kind, headers):
    bench = bench_for(tenant, deadline=1_000.0)
    bench.ingest()
    tenant.faults.add(Fault("rate_limited", PATHS[kind], times=2, headers=headers))

    assert outcomes(bench.act(only=kind)) == {"applied": len(hold_ids(bench, kind))}
    assert ledger_agrees(bench)


# F33
def test_a_rate_limit_longer_than_the_deadline_leaves_the_actions_for_later(bench_for, tenant):
    bench = bench_for(tenant, deadline=20.0)
    bench.ingest()
    tenant.faults.add(Fault("rate_limited", RELEASE, times=1, headers={"X-RateLimit-Reset": 120_000}))

    with pytest.raises(TransientError, match="quota"):
        bench.act(only="release")
    assert bench.store.ledger.open_effects() == []

    tenant.advance(timedelta(minutes=3))
    assert outcomes(bench.act()) == {"applied": 9}


# F34: the tenant is not there at all
def test_when_the_tenant_cannot_be_reached_nothing_is_lost(bench, longest_pauses):
    to_do = [one.action_id for one in bench.triage().to_do]
    away = bench.new_client(deadline=5.0)
    away.api_root = "http://127.0.0.1:9"
    with pytest.raises(TransientError):
        carry_out(away, bench.store, to_do, owner="test")

    assert bench.store.ledger.open_effects() == []
    assert outcomes(bench.act()) == {"applied": 9}
    away.close()


# F40
@pytest.mark.parametrize("action", ["release", "reject"])
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_another_administrator_who_is_quicker_is_no_error(bench, kind, action):
    bench.tenant.faults.add(Fault("concurrent_admin", PATHS[kind], action=action))

    results = bench.act(only=kind)

    assert outcomes(results) == {"already_done": len(hold_ids(bench, kind))}
    assert "administrator@northwind.example" in results[0].detail
    assert all(bench.times(hold_id) == 0 for hold_id in hold_ids(bench, kind))
    assert {bench.alert_of(hold_id).handling for hold_id in hold_ids(bench, kind)} == {"handled_elsewhere"}


# F40
def test_another_administrator_who_was_first_is_seen_before_anything_is_sent(bench):
    (first, *others) = hold_ids(bench, "release")
    bench.tenant.admin_reject(first)

    results = bench.act(only="release")

    assert outcomes(results) == {"already_done": 1, "applied": len(others)}
    assert bench.alert_of(first).handling == "handled_elsewhere"


# F41
def test_a_message_that_is_gone_without_a_trace_is_closed_as_expired_once_its_hold_has_ended(bench):
    (first, *others) = hold_ids(bench, "reject")
    bench.tenant.expire(first)

    results = bench.act(only="reject")

    assert outcomes(results) == {"not_applied": 1, "applied": len(others)}
    assert {result.code for result in results if result.state == "not_applied"} == {"not_seen"}
    assert bench.alert_of(first).handling == "open"

    bench.tenant.advance(timedelta(days=15))
    assert outcomes(bench.act(only="reject")) == {"already_done": 1}
    assert bench.alert_of(first).handling == "expired"


# F35
@pytest.mark.parametrize("kind", ["release", "reject"])
def test_one_hold_list_that_is_empty_by_mistake_closes_no_alert(bench, kind):
    to_do = [one.action_id for one in bench.triage().to_do if one.kind == kind]
    bench.tenant.faults.add(Fault("empty_data", HOLD_LIST))

    assert outcomes(act.carry_out_wanted(bench.desk, to_do)) == {"applied": len(to_do)}
    assert ledger_agrees(bench)


# F35
def test_hold_lists_that_stay_empty_by_mistake_leave_every_action_wanted(bench):
    to_do = [one.action_id for one in bench.triage().to_do]
    bench.tenant.faults.add(Fault("empty_data", HOLD_LIST, times=None))

    assert outcomes(act.carry_out_wanted(bench.desk, to_do)) == {"not_applied": 9}
    assert {alert.handling for alert in bench.store.alerts.list(limit=50)} == {"open"}

    bench.tenant.faults.clear()
    assert outcomes(bench.act()) == {"applied": 9}
    assert ledger_agrees(bench)


# F31, F40
def test_one_message_whose_end_may_not_be_looked_up_hinders_no_other(bench):
    """The documented role for held mail may not read the release log."""
    bench.tenant.faults.add(Fault("status", LOGS, times=None, status=403))
    (first, *_) = hold_ids(bench, "reject")
    bench.tenant.admin_release(first)

    results = bench.act()

    assert outcomes(results) == {"applied": 8, "not_applied": 1}
    (left,) = [result for result in results if result.state == "not_applied"]
    assert "permission" in left.detail
    assert outcomes(bench.act()) == {"not_applied": 1}

    bench.tenant.faults.clear()
    assert outcomes(bench.act()) == {"already_done": 1}
    assert bench.alert_of(first).handling == "handled_elsewhere"


# F31
def test_one_outcome_that_may_not_be_looked_up_leaves_the_others_known(bench, monkeypatch):
    (first, *_) = hold_ids(bench, "release")
    with monkeypatch.context() as patched:
        patched.setattr(faults, "_plan", faults._Plan("raise:mimecast.before_send"))
        with pytest.raises(faults.FaultError):
            bench.act(only="release")
    bench.tenant.admin_release(first)
    bench.tenant.faults.add(Fault("status", LOGS, times=None, status=403))
    unknown = [action.id for action in bench.store.ledger.open_effects()]

    assert outcomes(reconcile(bench.client, bench.store, unknown)) == {"not_applied": 3, "unknown": 1}


# F41
def test_everything_may_have_expired_by_the_time_somebody_approves(bench):
    (hold_id, *_) = hold_ids(bench, "release")
    bench.tenant.advance(timedelta(days=15))

    result = act.dispose(bench.desk, "release", hold_id, {})

    assert (result.state, bench.alert_of(hold_id).handling) == ("already_done", "expired")
    assert bench.times(hold_id) == 0


def test_a_release_excludes_a_rejection_and_the_other_way_round(bench):
    (hold_id, *_) = hold_ids(bench, "release")
    assert act.dispose(bench.desk, "release", hold_id, {}).state == "applied"

    with pytest.raises(RefusedError, match="one disposition only"):
        act.dispose(bench.desk, "reject", hold_id, {})

    assert calls_of(bench, "reject") == 0


def test_each_copy_of_a_mail_is_released_for_its_own_recipient_only(bench):
    both = [hold_id for hold_id in hold_ids(bench, "release") if bench.alert_of(hold_id).title == "wanted 0"]
    assert len(both) == 2

    act.dispose(bench.desk, "release", both[1], {})

    assert [bench.times(hold_id) for hold_id in both] == [0, 1]


def copies_of(bench, title):
    return [alert.hold_id for alert in bench.store.alerts.list(limit=50, after_id=0) if alert.title == title]


def test_a_release_to_the_sandbox_waits_until_it_is_wanted_for_every_copy(bench_for, tenant):
    """One call frees the copies of all recipients."""
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    ann, bob = copies_of(bench, "wanted 0")

    first = act.dispose(bench.desk, "release_to_sandbox", ann, {})
    assert (first.state, first.code, bench.tenant.effects) == ("failed", "other_recipients", [])
    assert "frees every copy" in first.detail

    assert act.dispose(bench.desk, "release_to_sandbox", bob, {}).state == "applied"
    assert [bench.times(hold_id) for hold_id in (ann, bob)] == [1, 1]
    assert act.dispose(bench.desk, "release_to_sandbox", ann, {}).state == "already_done"


def test_copies_whose_release_to_the_sandbox_is_wanted_together_go_with_one_call(bench_for, tenant):
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    copies = [bench.alert_of(hold_id) for hold_id in copies_of(bench, "wanted 0")]
    new = [act.new_disposition(alert, "release_to_sandbox", {}, "ann") for alert in copies]
    wanted = [action.id for action in bench.store.ledger.intend_many(new)]

    assert outcomes(act.carry_out_wanted(bench.desk, wanted)) == {"applied": 2}
    assert [bench.times(alert.hold_id) for alert in copies] == [1, 1]
    assert bench.calls("/api/message-finder/release-held-email-to-sandbox") == 1


def test_a_copy_that_is_handled_already_does_not_hinder_a_release_to_the_sandbox(bench_for, tenant):
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    ann, bob = copies_of(bench, "wanted 0")
    tenant.admin_reject(bob)

    assert act.dispose(bench.desk, "release_to_sandbox", ann, {}).state == "applied"


def test_a_release_to_the_sandbox_says_that_the_newer_api_has_none(bench):
    hold_id = copies_of(bench, "wanted 3")[0]

    result = act.dispose(bench.desk, "release_to_sandbox", hold_id, {})

    assert result.state == "failed"
    assert "not offered by API 2.0" in result.detail


@pytest.mark.parametrize("alike", [1, 3])
def test_alike_mails_that_met_different_ends_leave_an_unknown_outcome_unknown(bench, alike):
    """The release log names no hold id: where alike mails disagree it proves nothing."""
    ids = [add(bench.tenant, "wanted twins", minutes=5)[0] for _ in range(1 + alike)]
    bench.ingest()
    for other in ids[1:]:
        bench.tenant.admin_reject(other)
    bench.tenant.faults.add(Fault("apply_then_fail", RELEASE, how="reset"))

    result = act.dispose(bench.desk, "release", ids[0], {})

    assert (result.state, result.code) == ("unknown", "ambiguous")
    assert "by hand" in result.detail


# F45
def test_a_log_line_of_a_kind_nobody_knows_proves_nothing(bench):
    (hold_id, *_) = hold_ids(bench, "release")
    bench.tenant.faults.add(Fault("apply_then_fail", RELEASE, how="reset"))
    bench.tenant.faults.add(Fault("drift", LOGS, times=2, how="unknown_status"))

    assert act.dispose(bench.desk, "release", hold_id, {}).state == "unknown"

    assert act.dispose(bench.desk, "release", hold_id, {}).state == "applied"
    assert bench.times(hold_id) == 1


# F45
def test_a_log_line_that_cannot_be_read_proves_nothing(bench):
    (hold_id, *_) = hold_ids(bench, "release")
    bench.tenant.faults.add(Fault("apply_then_fail", RELEASE, how="reset"))
    bench.tenant.faults.add(Fault("drift", LOGS, times=2, how="missing_field", field="released"))

    assert act.dispose(bench.desk, "release", hold_id, {}).state == "unknown"
    assert act.dispose(bench.desk, "release", hold_id, {}).state == "applied"


def test_looking_again_changes_nothing_once_it_is_known(bench):
    bench.act()
    calls = len(bench.tenant.calls)

    done = [action.id for action in bench.store.ledger.list(limit=100)]

    assert reconcile(bench.client, bench.store, done) == []
    assert len(bench.tenant.calls) == calls


def test_an_unknown_message_is_named_as_such_before_anything_is_called(bench):
    calls = len(bench.tenant.calls)

    with pytest.raises(NotFoundError, match="Was it ingested"):
        act.dispose(bench.desk, "release", "no-such-id", {})

    assert len([call for call in bench.tenant.calls[calls:] if call.path != ACCOUNT]) == 0


def test_a_reason_that_cannot_be_sent_is_a_failure_and_no_unknown_outcome(bench):
    alert = bench.alert_of(hold_ids(bench, "reject")[0])
    new = act.new_disposition(alert, "reject", {"reason": "I do not like it"}, "an older version")
    action = bench.store.ledger.intend(new)

    [result] = carry_out(bench.client, bench.store, [action.id], owner="me")

    assert (result.state, result.retryable, calls_of(bench, "reject")) == ("failed", False, 0)
    assert "choose one of Select One" in result.detail


# F2: an error nobody foresaw, in a process that lives on
@pytest.mark.parametrize(
    ("point", "state"),
    [("effect.rechecked", "not_applied"), ("mimecast.before_send", "unknown"), ("mimecast.after_send", "unknown")],
)
def test_something_unforeseen_leaves_no_action_that_looks_as_if_it_were_being_sent(bench, monkeypatch, point, state):
    with monkeypatch.context() as patched:
        patched.setattr(faults, "_plan", faults._Plan(f"raise:{point}"))
        with pytest.raises(faults.FaultError):
            bench.act(only="release")
    assert outcomes(bench.store.ledger.list(limit=50))[state] == 4
    assert bench.store.ledger.open_effects(("sending",)) == []

    reconcile(bench.client, bench.store, [one.id for one in bench.store.ledger.open_effects(("unknown",))])
    bench.act()

    assert all(bench.times(hold_id) == 1 for hold_id in hold_ids(bench, "release"))
    assert ledger_agrees(bench)


@pytest.mark.parametrize("kind", ["release", "reject"])
def test_a_tracking_id_of_several_recipients_releases_and_rejects_no_copy(bench_for, kind):
    tenant = empty_tenant()
    add(tenant, "for two", minutes=30, to=PEOPLE[:2])
    bench = bench_for(tenant)
    bench.ingest()
    tracking_id = bench.store.alerts.list()[0].tracking_id

    with pytest.raises(InvalidInputError, match="several held messages"):
        act.dispose(bench.desk, kind, tracking_id, {})

    assert tenant.effects == []
    assert bench.store.ledger.counts() == {}


def two_alike(bench_for, tenant, apart):
    """Two mails that nothing tells apart, so long after each other; the second release is cut off and not made."""
    first, *_ = add(tenant, "wanted newsletter", minutes=120)
    second, *_ = add(tenant, "wanted newsletter", minutes=60)
    bench = bench_for(tenant)
    bench.ingest()
    assert act.dispose(bench.desk, "release", first, {}).state == "applied"
    tenant.advance(apart)
    tenant.faults.add(Fault("fail_without_applying", RELEASE, how="reset"))
    tenant.faults.add(Fault("status", HOLD_LIST, times=None, after=1, status=400, code="x"))
    with pytest.raises(RejectedError):
        act.dispose(bench.desk, "release", second, {})
    tenant.faults.clear()
    tenant.expire(second)
    return bench, second


def test_the_line_of_a_release_log_from_before_a_message_was_sent_does_not_prove_it_released(bench_for, tenant):
    bench, second = two_alike(bench_for, tenant, timedelta(hours=3))

    (found,) = act.look_up_unknown(bench.desk)

    assert (found.state, found.code) == ("unknown", "ambiguous")
    assert "by hand" in found.detail
    assert (bench.times(second), bench.alert_of(second).handling) == (0, "open")


@pytest.fixture
def unseen_twins(bench_for, tenant):
    """Two mails that nothing tells apart, both sent and unseen; only the first was released."""
    ids = [add(tenant, "wanted newsletter", minutes=minutes)[0] for minutes in (120, 60)]
    bench = bench_for(tenant)
    bench.ingest()
    tenant.faults.add(Fault("status", LOGS, times=None, status=403))
    for hold_id, fault in zip(ids, ("apply_then_fail", "fail_without_applying"), strict=True):
        tenant.faults.add(Fault(fault, RELEASE, how="reset"))
        tenant.faults.add(Fault("empty_data", HOLD_LIST, times=6, after=1))
        assert act.dispose(bench.desk, "release", hold_id, {}).state == "unknown"
    tenant.faults.clear()
    return bench, ids


def test_one_line_of_the_release_log_does_not_say_which_of_two_alike_mails_was_released(unseen_twins):
    bench, (_, second) = unseen_twins
    bench.tenant.expire(second)

    assert outcomes(act.look_up_unknown(bench.desk)) == {"unknown": 2}


def test_a_line_of_the_release_log_that_proves_one_release_proves_no_other(unseen_twins):
    bench, (first, second) = unseen_twins
    bench.tenant.expire(second)
    assert act.dispose(bench.desk, "release", first, {}).state == "applied"

    assert outcomes(act.look_up_unknown(bench.desk)) == {"unknown": 1}
    assert bench.alert_of(second).handling == "open"


def test_as_many_lines_as_alike_mails_prove_all_of_them(unseen_twins):
    bench, (_, second) = unseen_twins
    bench.tenant.admin_release(second)

    assert outcomes(act.look_up_unknown(bench.desk)) == {"applied": 2}


# F2, I7
def test_a_claim_that_somebody_took_over_is_not_sent(bench, monkeypatch):
    """A call refused as a whole is sent again one by one; that may take longer than a claim lasts."""
    to_do = [one.action_id for one in bench.triage().to_do if one.kind == "release"]
    bench.tenant.faults.add(Fault("flat_fail", RELEASE, code="err_whole", message="refused as a whole"))
    send, passes = sending.still_ours, []

    def taken_over(store, claimed):
        passes.append(len(claimed))
        if len(passes) == 2:  # the first single call
            store.ledger.adopt_orphans(timedelta(0))
            other = act.Desk(bench.client, bench.store, lambda: bench.policy)
            monkeypatch.setattr(sending, "still_ours", send)
            act.look_up_unknown(other)
            assert outcomes(act.carry_out_wanted(other, to_do)) == {"applied": 4}
        return send(store, claimed)

    monkeypatch.setattr(sending, "still_ours", taken_over)
    results = act.carry_out_wanted(bench.desk, to_do)

    assert outcomes(results) == {"applied": 4}
    assert all(bench.times(hold_id) == 1 for hold_id in hold_ids(bench, "release"))
    assert calls_of(bench, "release") == 2


# F2, F33
def test_a_claim_that_is_nearly_too_old_is_left_to_the_next_run(bench, monkeypatch):
    to_do = [one.action_id for one in bench.triage().to_do]
    with monkeypatch.context() as patched:
        patched.setattr("mailroom.effects.claims.ORPHANED_AFTER", timedelta(seconds=59))
        results = act.carry_out_wanted(bench.desk, to_do)

    assert {(result.state, result.code) for result in results} == {("not_applied", "out_of_time")}
    assert bench.tenant.effects == []
    assert outcomes(bench.act()) == {"applied": 9}


# F33
def test_a_call_ends_before_its_claim_is_too_old(bench_for, tenant, monkeypatch):
    bench = bench_for(tenant, deadline=1_000.0)
    bench.ingest()
    monkeypatch.setattr("mailroom.effects.claims.ORPHANED_AFTER", timedelta(seconds=90))
    tenant.faults.add(Fault("rate_limited", RELEASE, headers={"X-RateLimit-Reset": 60_000}))

    with pytest.raises(TransientError, match="quota"):
        bench.act(only="release")

    assert bench.store.ledger.open_effects() == []


# F2, I7: whoever looks is slower than whoever sends again
def test_what_was_seen_before_somebody_sent_again_does_not_settle_the_new_attempt(bench, monkeypatch):
    (hold_id, *_) = hold_ids(bench, "release")
    action = bench.store.ledger.intend(act.new_disposition(bench.alert_of(hold_id), "release", {}, "ann"))
    bench.store.ledger.claim([action.id], owner="first")
    bench.store.ledger.settle([ActionResult(action.id, "unknown")])
    seen = bench.store.ledger.get(action.id)
    bench.store.ledger.settle([ActionResult(action.id, "not_applied", attempt=1)])
    bench.store.ledger.claim([action.id], owner="second")
    monkeypatch.setattr(bench.store.ledger, "get_many", once_first(bench.store.ledger.get_many, {action.id: seen}))

    (found,) = reconcile(bench.client, bench.store, [action.id])

    known = bench.store.ledger.get(action.id)
    assert (known.state, known.attempt, known.owner, found.state) == ("sending", 2, "second", "sending")


def once_first(function, answer):
    """A function that gives this answer once, and then its own."""
    answers = [answer]
    return lambda *given: answers.pop() if answers else function(*given)


class ClaimedMeanwhile(OpenGate):
    """Refuses, and while it makes up its mind another process begins to send."""

    def __init__(self, store, *, outdated):
        self._store, self._outdated = store, outdated

    def outdated(self, actions):
        for action in actions:
            self._store.ledger.settle([ActionResult(action.id, "not_applied")])
        return {action.id: self._no(action) for action in actions}

    def objection(self, action, _event):
        return "" if self._outdated else self._no(action)

    def _no(self, action):
        self._store.ledger.claim([action.id], owner="the other")
        return "no"


@pytest.mark.parametrize("outdated", [True, False])
def test_what_another_process_began_to_send_is_not_called_refused(bench, outdated):
    first = bench.triage().to_do[0].action_id
    gate = ClaimedMeanwhile(bench.store, outdated=outdated)

    results = carry_out(bench.client, bench.store, [first], owner="me", gate=gate)

    assert [result.state for result in results] == (["sending"] if outdated else [])
    action = bench.store.ledger.get(first)
    assert (action.state, action.owner) == ("sending", "the other")


class WithdrawsOne(OpenGate):
    """What led to one of the actions does not stand any more."""

    def __init__(self, action_id):
        self._action_id = action_id

    def outdated(self, actions):
        return {action.id: "nobody wants it" for action in actions if action.id == self._action_id}


def test_a_copy_that_nobody_wants_any_more_is_not_freed_by_a_release_to_the_sandbox_of_another(bench_for, tenant):
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    copies = [bench.alert_of(hold_id) for hold_id in copies_of(bench, "wanted 0")]
    new = [act.new_disposition(alert, "release_to_sandbox", {}, "ann") for alert in copies]
    ann, bob = (action.id for action in bench.store.ledger.intend_many(new))

    results = carry_out(bench.client, bench.store, [ann, bob], owner="me", gate=WithdrawsOne(bob))

    assert {result.action_id: (result.state, result.code) for result in results} == {
        ann: ("failed", "other_recipients"), bob: ("refused", "superseded"),
    }  # fmt: skip
    assert not bench.tenant.effects
