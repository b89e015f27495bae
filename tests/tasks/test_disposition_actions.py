"""Release Message and Reject Message, as a playbook calls them: the documented sentences, and dry runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from mailroom_tests_small_tenant import policy, small_tenant

from mailroom.errors import InvalidInputError, RefusedError
from mailroom.playbooks.judging import supersede
from tasks import _open, mimecast
from tasks._wanted import reject_wanted, release_wanted

ACTIONS = {"release": mimecast.release_message, "reject": mimecast.reject_message}
WANTED = {"release": release_wanted, "reject": reject_wanted}


@pytest.fixture
def bench_of(bench_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, without_prefect: None) -> Any:
    """Makes a workbench with held messages that stands behind every block name."""

    def make(generation: str = "2.0") -> Any:
        bench = behind_every_block(bench_for(small_tenant(), generation), monkeypatch)
        bench.ingest()
        return bench

    return make


def behind_every_block(bench: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(_open, "client", lambda _block: bench.client)
    monkeypatch.setattr(_open, "store", lambda _block: bench.store)
    monkeypatch.setattr(_open, "policy", lambda _block: bench.policy)
    return bench


@pytest.fixture
def bench(bench_of: Any) -> Any:
    return bench_of()


def some_alert(bench: Any) -> Any:
    """One of a mail for one recipient: its tracking id means this alert and no other."""
    alerts = bench.store.alerts.list(limit=50, after_id=0)
    copies = Counter(alert.tracking_id for alert in alerts)
    return next(alert for alert in alerts if copies[alert.tracking_id] == 1)


@pytest.mark.parametrize(("kind", "verb"), [("release", "released"), ("reject", "rejected")])
@pytest.mark.parametrize("by", ["id", "hold_id", "tracking_id"])
def test_the_documented_sentences(bench: Any, kind: str, verb: str, by: str) -> None:
    given = str(getattr(some_alert(bench), by))

    done = ACTIONS[kind].fn(given)

    assert (done.is_success, done.state) == (True, "applied")
    assert done.message == f'Successfully {verb} message with ID "{given}" in Mimecast'


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("by", ["id", "hold_id"])
def test_what_needs_a_tracking_id_says_that_there_is_none(
    bench_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, without_prefect: None, by: str, dry_run: bool
) -> None:
    bench = behind_every_block(bench_for(small_tenant(), "1.0"), monkeypatch)
    bench.ingest(with_detail=False)
    alert = bench.store.alerts.list(limit=1)[0]
    given = str(getattr(alert, by))

    with pytest.raises(InvalidInputError, match="no tracking id, which a release to the sandbox needs"):
        mimecast.release_message.fn(given, release_to_sandbox=True, dry_run=dry_run)
    with pytest.raises(InvalidInputError, match="no tracking id, by which it could be reported"):
        mimecast.report_message.fn(given, dry_run=dry_run)

    nothing_happened(bench, alert)


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_alert_of_message_tracking_means_the_message_that_is_held(bench: Any, dry_run: bool) -> None:
    held = some_alert(bench)
    bench.track()
    tracked = {one.tracking_id: one for one in bench.store.alerts.list(limit=100) if one.connector == "tracked"}

    done = mimecast.reject_message.fn(str(tracked[held.tracking_id].id), dry_run=dry_run)

    assert done.is_success
    assert bench.times(held.hold_id) == (0 if dry_run else 1)
    twice = next(one for one in tracked.values() if len(one.event["recipients"]) == 2)
    with pytest.raises(InvalidInputError, match="several held messages, one for each recipient: alerts"):
        mimecast.reject_message.fn(str(twice.id), dry_run=dry_run)


def test_a_held_message_known_from_message_tracking_alone_is_said_to_be_taken_in_first(
    bench_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> None:
    bench = behind_every_block(bench_for(small_tenant()), monkeypatch)
    bench.track()

    with pytest.raises(InvalidInputError, match=r"take that in first \(`mailroom ingest held`\), then release it"):
        mimecast.release_message.fn("1")


def test_the_documented_sentence_of_a_release_to_the_sandbox(bench_of: Any) -> None:
    bench = bench_of("1.0")
    (given,) = [alert.hold_id for alert in bench.store.alerts.list() if alert.title == "wanted 3"]  # for one recipient

    done = mimecast.release_message.fn(given, release_to_sandbox=True)

    assert done.message == f'Successfully released message with ID "{given}" in Mimecast'
    assert bench.tenant.times_applied("release_to_sandbox", given) == 1


@pytest.mark.parametrize("kind", ["release", "reject"])
def test_a_dry_run_says_what_would_be_done_and_does_nothing(bench: Any, kind: str) -> None:
    alert = some_alert(bench)
    named = {"note": "case 42", "reason": "Against Email Policy"} if kind == "reject" else {}

    shown = ACTIONS[kind].fn(str(alert.id), dry_run=True, **named)

    assert (shown.is_success, shown.state) == (True, "dry_run")
    assert shown.message.startswith(f"Dry run. Would {kind} alert {alert.id}")
    assert (shown.result["still_held"], shown.result["objections"], shown.result["would_send"]) == (True, [], True)
    assert shown.result["parameters"] == (named | {"notify_sender": False} if named else {})
    nothing_happened(bench, alert)


def test_a_dry_run_shows_what_the_kill_switch_and_the_rails_say(bench: Any) -> None:
    [hold_id] = bench.tenant.add_message(category="malware", to=["ann@northwind.example"])
    bench.ingest()
    bench.policy = policy(kill_switch=True)

    shown = mimecast.release_message.fn(hold_id, dry_run=True)

    [said] = shown.result["objections"]
    assert "kill switch" in said
    assert not shown.result["would_send"]
    bench.policy = policy()
    [said] = mimecast.release_message.fn(hold_id, dry_run=True).result["objections"]
    with pytest.raises(RefusedError, match=said):
        mimecast.release_message.fn(hold_id)


def test_a_dry_run_shows_that_a_message_is_not_held_any_more_and_who_was_first(bench: Any) -> None:
    alert = some_alert(bench)
    mimecast.release_message.fn(alert.hold_id)

    again = mimecast.release_message.fn(alert.hold_id, dry_run=True)
    contrary = mimecast.reject_message.fn(alert.hold_id, dry_run=True)

    assert (again.result["state"], again.result["would_send"]) == ("applied", False)
    assert not contrary.result["still_held"]
    assert "released by" in contrary.result["there_now"]
    assert "one disposition only" in contrary.result["objections"][0]
    assert len(bench.store.ledger.for_alert(alert.id)) == 1


def test_a_dry_run_says_what_this_generation_of_the_api_does_not_offer(bench: Any) -> None:
    alert = some_alert(bench)

    shown = mimecast.release_message.fn(alert.hold_id, release_to_sandbox=True, dry_run=True)

    assert "not offered by API 2.0" in shown.result["objections"][0]
    nothing_happened(bench, alert)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_reason_that_the_product_does_not_know_is_said_before_anything_is_written(bench: Any, dry_run: bool) -> None:
    alert = some_alert(bench)

    with pytest.raises(InvalidInputError, match="choose one of Select One"):
        mimecast.reject_message.fn(alert.hold_id, reason="I do not like it", dry_run=dry_run)

    nothing_happened(bench, alert)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("reject", {"notify_sender": "false"}, "Notify Sender must be true or false"),
        ("reject", {"note": None}, "Note is no text"),
        ("release", {"release_to_sandbox": "no"}, "Release To Sandbox must be true or false"),
    ],
)
def test_a_word_for_no_is_not_taken_for_a_yes(bench: Any, kind: str, given: dict[str, Any], words: str) -> None:
    alert = some_alert(bench)

    with pytest.raises(InvalidInputError, match=f'Error executing action "{kind.title()} Message".*{words}'):
        ACTIONS[kind].fn(alert.hold_id, **given)

    nothing_happened(bench, alert)


def nothing_happened(bench: Any, alert: Any) -> None:
    assert bench.store.ledger.for_alert(alert.id) == []
    assert bench.tenant.effects == []


# as playbooks run them -----------------------------------------------------------------------------------------------


def by_number(one: Any) -> Any:
    return WANTED[one.kind].fn(
        one.action_id, one.kind, str(one.alert_id), mimecast="default", store="default", policy="default"
    )


def test_playbooks_run_the_actions_under_their_documented_names(bench: Any) -> None:
    assert {kind: task.name for kind, task in WANTED.items()} == {kind: task.name for kind, task in ACTIONS.items()}

    done = [by_number(one) for one in bench.triage().to_do]

    assert {(one.is_success, one.state) for one in done} == {(True, "applied")}
    assert {action.requested_by for action in bench.store.ledger.list()} == {"triage"}


def test_a_playbook_leaves_alone_what_was_withdrawn_after_triage_named_it(bench: Any) -> None:
    first = next(one for one in bench.triage().to_do if one.kind == "release")
    supersede(bench.store, {first.alert_id: ("", False)})

    done = by_number(first)

    assert (done.is_success, done.state) == (False, "refused")
    assert "was left alone: it was judged again, and the decision changed" in done.message
    assert bench.times(first.hold_id) == 0
    assert [one.state for one in bench.store.ledger.for_alert(first.alert_id)] == ["refused"]


def test_of_two_runs_with_the_same_list_neither_does_what_the_mode_forbids_by_now(bench: Any) -> None:
    first = next(one for one in bench.triage().to_do if one.kind == "release")
    bench.policy = policy(modes={"release": "observe", "reject": "observe"})

    for _run in range(2):
        with pytest.raises(RefusedError, match="not auto any more"):
            by_number(first)

    assert bench.times(first.hold_id) == 0
    assert [(one.state, one.mode) for one in bench.store.ledger.for_alert(first.alert_id)] == [("refused", "auto")]
