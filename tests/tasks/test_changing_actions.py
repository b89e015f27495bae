"""The actions that change the tenant, as a playbook calls them: documented words, dry runs, undo, what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from mailroom_tests_change_world import CASES, HASH, PERSON, SENDER, block_list, some_policy, some_url
from mailroom_tests_small_tenant import policy, small_tenant
from prefect import Task

from mailroom.errors import InvalidInputError, NotFoundError, NotOfferedError, OutcomeUnknownError, RefusedError
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.doing import carry_out_approved
from sandbox import Fault
from tasks import _open, mimecast

REASON = r'Error executing action "{}"\. Reason: '


@pytest.fixture
def bench_of(bench_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, without_prefect: None) -> Any:
    """Makes a workbench that stands behind every block name."""

    def make(generation: str = "2.0") -> Any:
        bench = bench_for(small_tenant(), generation)
        monkeypatch.setattr(_open, "client", lambda _block: bench.client)
        monkeypatch.setattr(_open, "store", lambda _block: bench.store)
        monkeypatch.setattr(_open, "policy", lambda _block: bench.policy)
        return bench

    return make


@pytest.fixture
def bench(bench_of: Any) -> Iterator[Any]:
    yield bench_of()


def run(action: Task[..., Any], *arguments: Any, **named: Any) -> Any:
    """The action, as if Prefect had called it."""
    return action.fn(*arguments, **named)


def test_the_documented_sentences(bench: Any) -> None:
    group = block_list(bench.client)

    said = [
        run(mimecast.block_sender, SENDER, PERSON),
        run(mimecast.permit_sender, SENDER, PERSON),
        run(mimecast.create_block_sender_policy, "case 42", sender="evil.example", recipient_type="Everyone"),
        run(mimecast.create_managed_url, "http://evil.example/"),
        run(mimecast.create_remediation_incident, "case 42", search_by="hash", values=[HASH]),
        run(mimecast.add_group_member, group, "evil.example"),
        run(mimecast.remove_group_member, group, "evil.example"),
    ]

    assert [one.message for one in said[:3]] == [
        f"Successfully blocked sender {SENDER} for recipient {PERSON} in Mimecast",
        f"Successfully permitted sender {SENDER} for recipient {PERSON} in Mimecast",
        "Successfully created a block sender policy in Mimecast",
    ]
    assert all(one.is_success and one.state == "applied" and one.action_id for one in said)
    assert bench.tenant.contract_violations == []


def test_the_created_policy_is_returned_as_documented(bench: Any) -> None:
    made = run(
        mimecast.create_block_sender_policy, "case 42", sender=SENDER, sender_type="Email Address",
        recipient_type="Internal Addresses", extracted_data="From Headers", enforced=True,
        end_time="2027-03-07T16:03:00Z",
    )  # fmt: skip

    assert set(made.result) == {"option", "id", "policy"}
    shown = made.result["policy"]
    assert shown["from"] == {"type": "individual_email_address", "emailAddress": SENDER}
    assert (shown["fromPart"], shown["fromType"], shown["fromValue"]) == (
        "header_from", "individual_email_address", SENDER,
    )  # fmt: skip
    assert (shown["toType"], shown["enforced"], shown["bidirectional"]) == ("internal_addresses", True, False)
    assert (shown["fromEternal"], shown["toEternal"], shown["toDate"]) == (True, False, "2027-03-07T16:03:00+0000")
    assert made.expires_at is not None


@pytest.mark.parametrize("status", ["held", "archived", "bounced"])
def test_a_message_is_reported_by_any_of_its_ids(bench_of: Any, status: str) -> None:
    bench = bench_of("1.0")
    [hold_id] = bench.tenant.add_message(to=[PERSON], status=status)
    tracking_id = bench.tenant.tracking_id(hold_id)
    given = tracking_id
    if status == "held":
        bench.ingest()
        given = str(bench.alert_of(hold_id).id)

    done = run(mimecast.report_message, given, report_as="Phishing", comment="case 42")

    assert done.message == f'Successfully reported the following messages with ID "{given}" in Mimecast'
    [effect] = bench.tenant.effects
    assert (effect.kind, effect.params["type"], effect.params["id"]) == ("report", "phishing", tracking_id)
    if status == "held":
        assert [one.kind for one in bench.store.ledger.for_alert(int(given))] == ["report_message"]


def test_a_file_is_blocked_once_and_shown_before(bench: Any) -> None:
    shown = run(mimecast.block_file_hash, HASH, description="case 42", dry_run=True)
    assert (shown.state, bench.tenant.effects, bench.store.ledger.list(limit=1)) == ("dry_run", [], [])

    first, second = (run(mimecast.block_file_hash, HASH, description="case 42") for _ in range(2))

    assert first.message == f"Successfully blocked the file with SHA-256 {HASH} in Mimecast"
    assert (first.recorded, second.recorded) == (False, True)
    assert [effect.kind for effect in bench.tenant.effects] == ["upload_hashes"]


def test_reporting_over_the_newer_api_says_what_to_do_instead(bench: Any) -> None:
    with pytest.raises(NotOfferedError, match=REASON.format("Report Message") + ".*administration console"):
        run(mimecast.report_message, "eN1")
    assert bench.tenant.calls == []


def test_the_same_action_again_tells_what_the_first_one_did(bench: Any) -> None:
    first = run(mimecast.block_sender, SENDER, PERSON)
    second = run(mimecast.block_sender, SENDER, PERSON)
    third = run(mimecast.block_sender, SENDER, PERSON, again="the console was changed by hand")

    assert (first.recorded, second.recorded, third.recorded) == (False, True, False)
    assert second.result == first.result
    assert len(bench.tenant.effects) == 2


def test_an_equal_policy_is_recognised(bench: Any) -> None:
    known = some_policy(bench.client)

    done = run(
        mimecast.create_block_sender_policy, "another description", sender=SENDER, sender_type="Email Address",
        recipient_type="Internal Addresses",
    )  # fmt: skip

    assert (done.state, done.result["id"]) == ("already_done", known)
    assert len(bench.tenant.policies()) == 1


@pytest.mark.parametrize("generation", ["2.0", "1.0"])
def test_an_update_changes_what_is_given_and_leaves_the_rest(bench_of: Any, generation: str) -> None:
    bench = bench_of(generation)
    known = some_policy(bench.client)
    before = bench.tenant.policies()[0]["policy"]

    done = run(mimecast.update_block_sender_policy, known, enabled=False, end_time="2027-03-07T16:03:00Z")

    after = bench.tenant.policies()[0]["policy"]
    assert (after["enabled"], after["toEternal"], after["toDate"]) == (False, False, "2027-03-07T16:03:00+0000")
    same = ("description", "fromPart", "from", "to", "fromEternal", "bidirectional", "enforced")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    run(mimecast.undo_action, done.action_id)
    back = bench.tenant.policies()[0]["policy"]
    assert (back["enabled"], back["toEternal"]) == (True, True)


@pytest.mark.parametrize("generation", ["2.0", "1.0"])
@pytest.mark.parametrize("fault", ["", "apply_then_fail", "fail_without_applying"])
def test_an_update_of_nothing_but_the_comment_is_written(bench_of: Any, generation: str, fault: str) -> None:
    bench = bench_of(generation)
    known = some_policy(bench.client)
    shown = run(mimecast.update_block_sender_policy, known, comment="case 42", dry_run=True)
    assert "comment: case 42" in shown.message
    if fault:
        bench.tenant.faults.add(Fault(fault, CASES["update_block_sender_policy"].path[generation], how="reset"))

    done = run(mimecast.update_block_sender_policy, known, comment="case 42")
    again = run(mimecast.update_block_sender_policy, known, comment="case 42")

    assert (done.state, again.recorded) == ("applied", True)
    written = [one.params for one in bench.tenant.effects if one.kind == "update_policy"]
    assert [one.get("policy", one)["comment"] for one in written] == ["case 42"] * (2 if "then" in fault else 1)


def test_an_update_of_nothing_there_is_not_found(bench: Any) -> None:
    known = some_policy(bench.client)
    bench.tenant.admin_delete_policy(known)

    with pytest.raises(NotFoundError, match=REASON.format("Update Block Sender Policy")):
        run(mimecast.update_block_sender_policy, known, enabled=False)


def test_what_is_deleted_can_be_made_again(bench: Any) -> None:
    policy_id, url_id = some_policy(bench.client), some_url(bench.client)
    gone = [run(mimecast.delete_block_sender_policy, policy_id), run(mimecast.delete_managed_url, url_id)]
    assert bench.tenant.policies() == bench.tenant.managed_urls() == []

    back = [run(mimecast.undo_action, one.action_id) for one in gone]

    assert [one.message for one in back] == [
        f"Successfully took back action {one.action_id} in Mimecast" for one in gone
    ]
    assert len(bench.tenant.policies()) == len(bench.tenant.managed_urls()) == 1


def test_what_is_over_is_taken_back_and_a_block_becomes_a_permit_only_when_told_to(bench: Any) -> None:
    end = (bench.client.now() + timedelta(days=1)).isoformat()
    run(mimecast.block_sender, SENDER, PERSON, expires_at=end)
    run(mimecast.permit_sender, SENDER, "bob@northwind.example", expires_at=end)
    run(mimecast.create_managed_url, "http://evil.example", expires_at=end)
    run(mimecast.create_managed_url, "http://stays.example")
    assert run(mimecast.expire_changes) == {}
    bench.tenant.clock.advance(timedelta(days=2))

    assert run(mimecast.expire_changes, dry_run=True) == {"would end": 1, "left alone": 2}
    assert run(mimecast.expire_changes) == {"ended": 1, "left alone": 2}
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Block", "Permit"]
    assert [one["domain"] for one in bench.tenant.managed_urls()] == ["stays.example"]

    assert run(mimecast.expire_changes, permit_managed_senders=True) == {"ended": 1, "left alone": 1}
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit", "Permit"]


def test_the_end_that_was_named_last_counts_also_for_what_was_made_before(bench: Any) -> None:
    def ends(days: int) -> str:
        return str((bench.client.now() + timedelta(days=days)).isoformat())

    made = run(mimecast.create_managed_url, "http://evil.example")
    assert made.expires_at is None

    sooner = run(mimecast.create_managed_url, "http://evil.example", expires_at=ends(9))
    later = run(mimecast.create_managed_url, "http://evil.example", expires_at=ends(30))

    assert [(one.recorded, one.action_id) for one in (sooner, later)] == [(True, made.action_id)] * 2
    assert (later.expires_at - sooner.expires_at).days == 21
    other_words = run(mimecast.create_managed_url, "http://evil.example", comment="case 42", expires_at=ends(30))
    assert (other_words.state, other_words.expires_at) == ("already_done", later.expires_at)
    assert len(bench.tenant.effects) == 1
    with pytest.raises(InvalidInputError, match="the end has passed already"):
        run(mimecast.create_managed_url, "http://evil.example", expires_at=ends(-1))
    bench.tenant.clock.advance(timedelta(days=10))
    assert run(mimecast.expire_changes) == {}
    bench.tenant.clock.advance(timedelta(days=21))
    assert run(mimecast.expire_changes) == {"ended": 1}
    assert bench.tenant.managed_urls() == []


def test_what_others_made_is_not_said_to_end(bench: Any) -> None:
    some_url(bench.client)
    end = (bench.client.now() + timedelta(days=1)).isoformat()

    there = run(mimecast.create_managed_url, "http://old.evil.example/x", expires_at=end)

    assert (there.state, there.expires_at) == ("already_done", None)


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_end_that_has_passed_is_refused(bench: Any, dry_run: bool) -> None:
    with pytest.raises(InvalidInputError, match="the end has passed already"):
        run(mimecast.block_sender, SENDER, PERSON, expires_at="2020-01-01T00:00:00Z", dry_run=dry_run)
    assert bench.tenant.effects == []


def test_a_dry_run_says_what_would_be_sent_and_what_is_there(bench: Any) -> None:
    known = some_policy(bench.client)
    effects = list(bench.tenant.effects)

    shown = [
        run(mimecast.block_sender, SENDER, PERSON, dry_run=True),
        run(mimecast.create_block_sender_policy, "x", sender=SENDER, sender_type="Email Address",
            recipient_type="Internal Addresses", bidirectional=False, dry_run=True),
        run(mimecast.update_block_sender_policy, known, bidirectional=True, dry_run=True),
        run(mimecast.delete_block_sender_policy, known, dry_run=True),
        run(mimecast.create_managed_url, "http://evil.example/", dry_run=True),
        run(mimecast.create_remediation_incident, "r", search_by="url", values=["http://evil.example"], dry_run=True),
        run(mimecast.add_group_member, block_list(bench.client), SENDER, dry_run=True),
    ]  # fmt: skip

    assert all(one.state == "dry_run" and one.message.startswith("Dry run. ") for one in shown)
    assert "lists these entries nowhere" in shown[0].message
    assert "does the same exists already" in shown[1].message
    assert not shown[1].result["would_send"]
    assert "bidirectional: mail from these recipients" in shown[2].message
    assert "hxxp" in shown[4].message
    assert "restoring them is possible in the console only" in shown[5].message
    assert bench.tenant.effects == effects
    assert bench.store.ledger.list() == []


def test_a_dry_run_of_an_undo_changes_nothing(bench: Any) -> None:
    done = run(mimecast.block_sender, SENDER, PERSON)

    shown = run(mimecast.undo_action, done.action_id, dry_run=True)

    assert "permit mail from" in shown.message
    assert len(bench.tenant.effects) == 1


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("block_sender", {"sender": "evil.example", "recipient": PERSON}, "not one full email address"),
        ("block_sender", {"sender": SENDER, "recipient": PERSON, "expires_at": "soon"}, "Expires At"),
        ("create_block_sender_policy", {"description": "x"}, '"Sender" is mandatory'),
        ("create_block_sender_policy", {"description": "x", "sender": "evil.example"}, '"Recipient" is mandatory'),
        ("create_managed_url", {"url": "file:///etc/passwd"}, "no web address"),
        ("create_remediation_incident", {"reason": "r", "search_by": "hash", "values": ["x"]}, "SHA-256"),
        ("add_group_member", {"group_id": "eN1", "member": "x"}, "not a domain"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_call(bench: Any, action: str, arguments: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=REASON.format(".*") + ".*" + words) as error:
        run(getattr(mimecast, action), **arguments)

    assert bench.tenant.calls == []
    assert "billing@" not in str(error.value)


def test_the_kill_switch_applies_to_people_too(bench: Any) -> None:
    end = bench.client.now() + timedelta(days=1)
    done = run(mimecast.block_sender, SENDER, PERSON)
    run(mimecast.create_managed_url, "http://evil.example", expires_at=end.isoformat())
    bench.tenant.clock.advance(timedelta(days=2))
    bench.policy = policy(kill_switch=True)

    for attempt in (
        lambda: run(mimecast.permit_sender, SENDER, PERSON),
        lambda: run(mimecast.undo_action, done.action_id),
        lambda: run(mimecast.expire_changes),
    ):
        with pytest.raises(RefusedError, match="kill switch"):
            attempt()
    assert len(bench.tenant.effects) == 2
    assert run(mimecast.block_sender, SENDER, PERSON, dry_run=True).state == "dry_run"


def test_an_outcome_that_nobody_can_look_up_is_said_and_not_repeated(bench_of: Any) -> None:
    bench = bench_of("1.0")
    [hold_id] = bench.tenant.add_message(to=[PERSON])
    tracking_id = bench.tenant.tracking_id(hold_id)
    bench.tenant.faults.add(Fault("apply_then_fail", "/api/message-finder/report-message", how="reset"))

    for _ in range(2):
        with pytest.raises(OutcomeUnknownError, match=r"cannot be looked up.*Nothing was repeated"):
            run(mimecast.report_message, tracking_id)

    assert len(bench.tenant.effects) == 1
    assert run(mimecast.report_message, tracking_id, again="one more does no harm").state == "applied"


def test_what_was_not_made_from_here_cannot_be_undone_from_here(bench: Any) -> None:
    with pytest.raises(NotFoundError, match="no action 99"):
        run(mimecast.undo_action, 99)
    incident = run(mimecast.create_remediation_incident, "r", search_by="hash", values=[HASH])
    with pytest.raises(RefusedError, match="Restore the messages in the console"):
        run(mimecast.undo_action, incident.action_id)


def test_a_wide_action_says_who_has_to_approve_it_and_finds_it_done_afterwards(bench: Any) -> None:
    bench.policy = policy(wide_changes_need_approval=True)
    with pytest.raises(RefusedError, match="mailroom approve 1"):
        run(mimecast.permit_sender, SENDER, PERSON)
    known = bench.store.approvals.get(1)
    given: dict[str, Any] = {"digest": known.digest, "by": "ben"}
    with pytest.raises(RefusedError, match="only typed"):
        deciding.approve(bench.store, bench.policy, 1, channel="form", **given)
    deciding.approve(bench.store, bench.policy, 1, channel="command line", **given)
    assert carry_out_approved(bench.desk, 1).counts() == {"applied": 1}

    assert run(mimecast.permit_sender, SENDER, PERSON).recorded
    assert len(bench.tenant.effects) == 1

    soon, late = ((bench.client.now() + timedelta(days=days)).isoformat() for days in (1, 2))
    assert run(mimecast.permit_sender, SENDER, PERSON, expires_at=soon).recorded
    with pytest.raises(RefusedError, match="Somebody else has to approve a later end"):
        run(mimecast.permit_sender, SENDER, PERSON, expires_at=late)
