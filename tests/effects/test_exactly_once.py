"""Effects on held messages: each happens once or not at all, whatever the answer to the call was."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import ACCOUNT, HOLD_LIST, LOGS, PEOPLE, REJECT, RELEASE, add, empty_tenant

from mailroom import faults
from mailroom.effects.carry_out import carry_out, reconcile
from mailroom.errors import AccessError, InvalidInputError, NotFoundError, RefusedError, TransientError
from mailroom.playbooks import act
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
    tenant.faults.add(Fault("rate_limited", PATHS[kind], times=3, headers=headers))

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
def test_a_message_that_expired_meanwhile_is_closed_as_expired(bench):
    (first, *others) = hold_ids(bench, "reject")
    bench.tenant.expire(first)

    results = bench.act(only="reject")

    assert outcomes(results) == {"already_done": 1, "applied": len(others)}
    assert bench.alert_of(first).handling == "expired"


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


def test_a_release_to_the_sandbox_frees_all_copies_with_one_call(bench_for, tenant):
    bench = bench_for(tenant, "1.0")
    bench.ingest()
    both = [hold_id for hold_id in hold_ids(bench, "release") if bench.alert_of(hold_id).title == "wanted 0"]

    results = [act.dispose(bench.desk, "release_to_sandbox", hold_id, {}) for hold_id in both]

    assert [result.state for result in results] == ["applied", "already_done"]
    assert [bench.times(hold_id) for hold_id in both] == [1, 1]


def test_a_release_to_the_sandbox_says_that_the_newer_api_has_none(bench):
    (hold_id, *_) = hold_ids(bench, "release")

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
