"""Changes of the tenant: each is made once, found when somebody else made it, looked up when unseen, and undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mailroom_tests_change_world import CASES, PERSON, POLICY, SENDER, TENANT, run, some_policy

from mailroom import faults
from mailroom.effects.changes import (
    CHANGES,
    change_of,
    look_up_changes,
    preview_change,
    preview_undo,
    retry_changes,
    undo_once,
)
from mailroom.errors import (
    InvalidInputError,
    NotFoundError,
    NotOfferedError,
    PermissionMissingError,
    RefusedError,
    TransientError,
)
from mailroom.mimecast import managed_urls, policies
from mailroom.mimecast.managed_urls import UrlWish
from mailroom.mimecast.policy_models import PolicyWish
from mailroom.playbooks import act, changes
from mailroom.playbooks.expire_blocks import expire_blocks
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.tenants import names_of, tenant_of
from mailroom.store.actions import ActionResult, NewAction
from sandbox import Fault

WAYS = [(case, generation) for case in CASES.values() for generation in case.generations]
every_way = pytest.mark.parametrize(("case", "generation"), WAYS, ids=lambda value: getattr(value, "kind", value))
by_envelope = pytest.mark.parametrize(
    ("case", "generation"),
    [way for way in WAYS if not way[0].path[way[1]].endswith("*")],  # REST says a refusal with the status
    ids=lambda value: getattr(value, "kind", value),
)
SILENT = [
    (case, fault)
    for case in CASES.values()
    for fault in ("empty_data", "html", "bad_json", "cut_body", "empty_body")
    if not (case.path["2.0"].endswith("*") and fault.startswith("empty"))  # REST may answer without a body
]
every_kind = pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.kind)
UNDOABLE = (
    "block_sender", "create_block_sender_policy", "update_block_sender_policy", "delete_block_sender_policy",
    "create_managed_url", "delete_managed_url", "add_group_member", "remove_group_member",
)  # fmt: skip


@pytest.fixture
def bench(bench_for, tenant):
    return bench_for(tenant)


@pytest.fixture
def at_once(monkeypatch):
    """A look that finds nothing proves at once that nothing happened."""
    for kind in ("create_block_sender_policy", "create_remediation_incident"):
        monkeypatch.setattr(type(change_of(kind)), "absence_tells_after", timedelta(0))


@pytest.fixture
def made(bench_for, tenant):
    """Gives (bench, what a case wants) for a generation."""

    def make(case, generation="", **options):
        bench = bench_for(tenant, generation or case.generations[0], **options)
        return bench, case.wish(tenant, bench.client)

    return make


def test_every_kind_of_change_is_tested():
    assert set(CASES) == set(CHANGES)


# I5, I14
@every_way
def test_a_change_is_made_once_however_often_it_is_asked_for(made, case, generation):
    bench, wish = made(case, generation)

    first = run(bench.client, bench.store, case.kind, wish)
    second = run(bench.client, bench.store, case.kind, wish)

    assert (first.state, first.recorded, second.state, second.recorded) == ("applied", False, "applied", True)
    assert second.action_id == first.action_id
    assert second.result == first.result
    assert f"done before by action {first.action_id}" in second.detail
    assert case.times(bench.tenant) == case.calls(bench.tenant, generation) == 1
    steps = [event.after for event in bench.store.events.for_action(first.action_id)]
    assert steps == ["intended", "sending", "applied"]
    assert bench.tenant.contract_violations == []


@every_kind
def test_a_change_is_made_again_when_a_new_wish_is_named(made, case):
    bench, wish = made(case)
    first = run(bench.client, bench.store, case.kind, wish)

    second = run(bench.client, bench.store, case.kind, wish, again="second time")

    assert second.action_id != first.action_id
    assert second.is_done
    done_twice = case.kind in {"report_message", "block_sender", "permit_sender", "block_file_hash",
                               "create_remediation_incident"}  # fmt: skip
    assert case.times(bench.tenant) == (2 if done_twice else 1)
    assert second.state == ("applied" if done_twice else "already_done")


# F25, F44: the answer was lost, the change happened or not
@pytest.mark.parametrize("how", ["reset", "status"])
@pytest.mark.parametrize("fault", ["apply_then_fail", "fail_without_applying"])
@every_way
def test_a_change_whose_answer_is_lost_happens_exactly_once(made, at_once, case, generation, fault, how):
    bench, wish = made(case, generation)
    bench.tenant.faults.add(Fault(fault, case.path[generation], how=how, status=502))

    result = run(bench.client, bench.store, case.kind, wish)

    happened = fault == "apply_then_fail"
    if case.looked_up:
        assert result.state == "applied"
        assert case.times(bench.tenant) == 1
        assert case.calls(bench.tenant, generation) == (1 if happened else 2)
    elif case.repeated:  # setting the same again overwrites it with itself
        assert result.state == "applied"
        assert len(bench.tenant.managed_senders()) == 1
    else:
        assert result.state == "unknown"
        assert "cannot be looked up" in result.detail
        assert run(bench.client, bench.store, case.kind, wish).state == "unknown"
        assert case.calls(bench.tenant, generation) == 1
        assert case.times(bench.tenant) == (1 if happened else 0)
        assert run(bench.client, bench.store, case.kind, wish, again="by a person").state == "applied"


# F44
@pytest.mark.parametrize("kind", ["create_block_sender_policy", "create_remediation_incident"])
def test_what_would_be_doubled_is_not_repeated_while_it_may_still_appear(made, kind):
    case = CASES[kind]
    bench, wish = made(case)
    bench.tenant.faults.add(Fault("fail_without_applying", case.path["2.0"], how="reset"))

    result = run(bench.client, bench.store, kind, wish)

    assert result.state == "unknown"
    assert "may still appear" in result.detail
    assert run(bench.client, bench.store, kind, wish).state == "unknown"
    assert case.calls(bench.tenant) == 1


# F44: it appears after we have given up
def test_a_policy_that_appears_after_the_look_is_found_by_the_next_one(bench, made):
    case = CASES["create_block_sender_policy"]
    bench, wish = made(case)
    bench.tenant.faults.add(Fault("fail_without_applying", case.path["2.0"], how="reset"))
    run(bench.client, bench.store, case.kind, wish)
    late = policies.create_policy(bench.client, PolicyWish(**POLICY))

    result = run(bench.client, bench.store, case.kind, wish)

    assert (result.state, result.result["id"]) == ("applied", late.id)
    assert len(bench.tenant.policies()) == 1


# F2: an error nobody foresaw, in a process that lives on
@pytest.mark.parametrize(
    ("point", "state"),
    [("change.looked", "not_applied"), ("mimecast.before_send", "unknown"), ("mimecast.after_send", "unknown")],
)
def test_something_unforeseen_leaves_no_change_that_looks_as_if_it_were_being_sent(made, monkeypatch, point, state):
    case = CASES["create_block_sender_policy"]
    bench, wish = made(case)
    with monkeypatch.context() as patched:
        patched.setattr(faults, "_plan", faults._Plan(f"raise:{point}"))
        with pytest.raises(faults.FaultError):
            run(bench.client, bench.store, case.kind, wish)
    assert [one.state for one in bench.store.ledger.list(kind=case.kind)] == [state]
    run(bench.client, bench.store, case.kind, wish)
    assert case.times(bench.tenant) <= 1


# F2: the process died after it had claimed the action
@every_kind
def test_an_orphan_that_was_never_sent_is_resolved_by_looking(made, at_once, case):
    bench, wish = made(case)
    change = change_of(case.kind)
    _orphan(bench, change, change.checked(wish))

    [found] = look_up_changes(bench.client, bench.store)

    assert found.state == ("not_applied" if case.looked_up or case.repeated else "unknown")
    result = run(bench.client, bench.store, case.kind, wish)
    assert result.state == ("applied" if case.looked_up or case.repeated else "unknown")
    assert case.times(bench.tenant) == (1 if case.looked_up or case.repeated else 0)


def _orphan(bench, change, wanted):
    action = bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wanted), change.slot(wanted), wanted, "manual")
    )
    bench.store.ledger.claim([action.id], owner="somebody")
    bench.store.ledger.settle([ActionResult(action.id, "unknown", "the process ended")])
    return action


@every_kind
def test_retry_takes_up_what_was_wanted_and_never_begun(made, case):
    bench, wish = made(case)
    change = change_of(case.kind)
    wanted = change.checked(wish)
    bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wanted), change.slot(wanted), wanted, "manual")
    )

    [result] = retry_changes(bench.client, bench.store)

    assert result.state == "applied"
    assert case.times(bench.tenant) == 1
    assert retry_changes(bench.client, bench.store) == []


# F35
@by_envelope
def test_a_refusal_inside_http_200_is_a_failure_and_may_be_tried_again(made, case, generation):
    bench, wish = made(case, generation)
    bench.tenant.faults.add(Fault("fail_in_200", case.path[generation], code="err_something"))

    refused = run(bench.client, bench.store, case.kind, wish)

    assert (refused.state, refused.code) == ("failed", "err_something")
    assert case.times(bench.tenant) == 0
    assert run(bench.client, bench.store, case.kind, wish).state == "applied"
    assert case.times(bench.tenant) == 1


# F35, F36
@pytest.mark.parametrize(("case", "fault"), SILENT, ids=lambda value: getattr(value, "kind", value))
def test_an_answer_that_says_nothing_is_never_taken_for_success(made, at_once, case, fault):
    bench, wish = made(case)
    bench.tenant.faults.add(Fault(fault, case.path["2.0"], applied=True))

    result = run(bench.client, bench.store, case.kind, wish)

    quiet = case.kind == "report_message" and fault == "empty_data"  # no `fail` is all that this function ever says
    assert result.state == ("applied" if case.looked_up or case.repeated or quiet else "unknown")
    assert case.times(bench.tenant) == (2 if case.repeated else 1)
    assert case.calls(bench.tenant) == (2 if case.repeated else 1)


# F31
@every_way
def test_a_missing_permission_is_named_and_nothing_stays_claimed(made, case, generation):
    bench, wish = made(case, generation)
    function = change_of(case.kind).functions(bench.client, change_of(case.kind).checked(wish))[0]
    bench.tenant.role.edit_implies_read = False
    bench.tenant.revoke(function.permission)

    with pytest.raises(PermissionMissingError, match=r"permission|lacks") as error:
        run(bench.client, bench.store, case.kind, wish)

    assert function.permission.split(" | ")[-2] in str(error.value)
    assert bench.store.ledger.open_effects() == []
    assert case.times(bench.tenant) == 0
    bench.tenant.grant(function.permission)
    assert run(bench.client, bench.store, case.kind, wish).state == "applied"


# F33
@every_kind
def test_a_rate_limit_delays_a_change_and_never_doubles_it(made, case):
    bench, wish = made(case, deadline=1_000.0)
    bench.tenant.faults.add(Fault("rate_limited", case.path["2.0"], times=2))

    assert run(bench.client, bench.store, case.kind, wish).state == "applied"
    assert case.times(bench.tenant) == 1


# F34
def test_when_the_tenant_cannot_be_reached_the_change_stays_wanted(bench, longest_pauses):
    away = bench.new_client(deadline=5.0)
    away.api_root = "http://127.0.0.1:9"
    wish = CASES["block_sender"].wish(bench.tenant, bench.client)

    with pytest.raises(TransientError):
        run(away, bench.store, "block_sender", wish)

    assert bench.store.ledger.open_effects() == []
    assert [one.state for one in retry_changes(bench.client, bench.store)] == ["applied"]
    away.close()


@every_kind
def test_a_closed_gate_lets_nothing_through(made, case):
    bench, wish = made(case)
    calls = len(bench.tenant.calls)

    class Closed:
        def closed(self):
            return "The kill switch is on."

        def objection(self, _action):
            return ""

    with pytest.raises(RefusedError, match="kill switch"):
        run(bench.client, bench.store, case.kind, wish, gate=Closed())

    assert bench.store.ledger.list(limit=10) == []
    assert len(bench.tenant.calls) == calls


@every_kind
def test_a_gate_that_closes_while_the_tenant_is_looked_at_lets_nothing_through(made, case):
    bench, wish = made(case)
    before = list(bench.tenant.effects)

    class ClosesMeanwhile:
        reason = ""

        def closed(self):
            return self.reason

        def objection(self, _action):
            self.reason = "The kill switch is on."
            return ""

    with pytest.raises(RefusedError, match="kill switch"):
        run(bench.client, bench.store, case.kind, wish, gate=ClosesMeanwhile())

    [action] = bench.store.ledger.list(limit=10)
    assert (action.state, action.code) == ("not_applied", "RefusedError")
    assert bench.tenant.effects == before
    assert run(bench.client, bench.store, case.kind, wish).is_done


def test_the_kill_switch_of_the_policy_closes_the_gate_and_its_modes_bind_what_nobody_asked_for(bench):
    from mailroom_tests_small_tenant import policy

    wish = {"sender": SENDER, "recipient": PERSON}
    killed = PolicyChangeGate(lambda: policy(kill_switch=True))
    with pytest.raises(RefusedError, match="kill switch"):
        run(bench.client, bench.store, "block_sender", wish, gate=killed)

    refused = run(bench.client, bench.store, "block_sender", wish, gate=PolicyChangeGate(policy), mode="auto")
    assert (refused.state, refused.code) == ("refused", "rail")
    assert "not auto" in refused.detail
    assert bench.tenant.effects == []

    allowed = PolicyChangeGate(lambda: policy(modes={"block_sender": "auto"}))
    assert run(bench.client, bench.store, "block_sender", wish, gate=allowed, mode="auto", again="x").is_done
    assert run(bench.client, bench.store, "block_sender", wish, gate=PolicyChangeGate(policy)).is_done  # a person


@pytest.mark.parametrize(
    ("kind", "wish", "words"),
    [
        ("block_sender", {"sender": SENDER}, "missing: recipient"),
        ("block_sender", {"sender": SENDER, "recipient": PERSON, "to": "x"}, "unknown: to"),
        ("block_sender", {"sender": "evil.example", "recipient": PERSON}, "Sender 'evil.example'"),
        ("block_sender", {"sender": "Bad <a@evil.example>", "recipient": PERSON}, "without a name"),
        ("block_sender", {"sender": SENDER, "recipient": "ann@northwind.example, bob@x.example"}, "Recipient"),
        ("permit_sender", {"sender": "a@evil.example\r\nBcc: x", "recipient": PERSON}, "Sender"),
        ("report_message", {"message_id": " "}, "Message ID"),
        ("report_message", {"message_id": "eN1", "report_as": "Ham"}, "Spam, Malware, Phishing"),
        ("create_block_sender_policy", {}, "missing: description"),
        ("create_block_sender_policy", POLICY | {"description": " "}, "Description is empty"),
        ("create_block_sender_policy", POLICY | {"sender": ""}, '"Sender" is mandatory'),
        ("create_block_sender_policy", POLICY | {"sender": "evil.example"}, "Sender 'evil.example'"),
        ("create_block_sender_policy", POLICY | {"sender_type": "Email Domain"}, "not a domain"),
        ("create_block_sender_policy", POLICY | {"recipient_type": "Email Domain"}, '"Recipient" is mandatory'),
        ("create_block_sender_policy", POLICY | {"response": "Reject"}, "No Action, Block Sender"),
        ("create_block_sender_policy", POLICY | {"extracted_data": "Body"}, "Both, From Envelope"),
        ("create_block_sender_policy", POLICY | {"sender_type": "Somebody"}, "Everyone, Email Address"),
        ("create_block_sender_policy", POLICY | {"bidirectional": "false"}, "true or false"),
        ("create_block_sender_policy", POLICY | {"end_time": "tomorrow"}, "End Time"),
        ("create_block_sender_policy", POLICY | {"end_time": "2027-03-07T16:03:00"}, "time zone"),
        ("create_block_sender_policy", POLICY | {"end_time": "2020-03-07T16:03:00Z"}, "ended already"),
        ("create_block_sender_policy",
         POLICY | {"start_time": "2027-03-07T16:03:00Z", "end_time": "2027-03-07T16:03:00Z"}, "end before it begins"),
        ("create_block_sender_policy", POLICY | {"source_ips": ["here"]}, "source IP"),
        ("update_block_sender_policy", POLICY | {"policy_id": ""}, "policy's id"),
        ("delete_block_sender_policy", {"policy_id": "a b"}, "policy's id"),
        ("create_managed_url", {"url": "javascript:alert(1)"}, "no web address"),
        ("create_managed_url", {"url": "http://x.example", "action": "deny"}, "block, permit"),
        ("create_managed_url", {"url": "http://x.example", "match_type": "prefix"}, "explicit, domain"),
        ("delete_managed_url", {"url_id": ""}, "managed URL"),
        ("create_remediation_incident", {"reason": "", "search_by": "url", "values": ["http://x.example"]}, "Reason"),
        ("create_remediation_incident", {"reason": "r", "search_by": "hash", "values": ["abc"]}, "SHA-256"),
        ("create_remediation_incident", {"reason": "r", "search_by": "subject", "values": ["x"]}, "hash, messageId"),
        ("create_remediation_incident", {"reason": "r", "search_by": "hash", "values": []}, "takes 1 to 1"),
        ("add_group_member", {"group_id": "eN1", "member": "everybody"}, "not a domain"),
        ("remove_group_member", {"group_id": "eN1", "member": ""}, "member is empty"),
        ("block_file_hash", {"file_hash": "zz"}, "SHA-256"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_any_call(bench, kind, wish, words):
    with pytest.raises(InvalidInputError, match=words):
        run(bench.client, bench.store, kind, wish)

    assert bench.tenant.calls == []
    assert bench.store.ledger.list(limit=10) == []


def test_a_kind_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInputError, match="choose one of"):
        change_of("format_disk")


def test_reporting_over_the_newer_api_says_what_to_do_instead_and_sends_nothing(bench):
    with pytest.raises(NotOfferedError, match=r"not offered by API 2\.0.*administration console"):
        run(bench.client, bench.store, "report_message", {"message_id": "eN1"})

    assert bench.tenant.calls == []
    assert bench.store.ledger.list(limit=10) == []


def test_several_messages_are_one_incident_over_the_newer_api_only(bench_for, tenant):
    wish = {"reason": "r", "search_by": "messageId", "values": ["a@x.example", "<b@x.example>"]}
    old, new = bench_for(tenant, "1.0"), bench_for(tenant)

    with pytest.raises(NotOfferedError, match="one Message-ID per incident"):
        run(old.client, old.store, "create_remediation_incident", wish)
    assert tenant.calls == []

    assert run(new.client, new.store, "create_remediation_incident", wish).state == "applied"
    assert tenant.incidents()[0]["searchCriteria"]["messageId"] == "<a@x.example>, <b@x.example>"


# F40
@pytest.mark.parametrize("kind", ["create_block_sender_policy", "create_managed_url", "add_group_member"])
def test_what_somebody_else_has_made_before_is_found_and_not_made_again(made, kind):
    case = CASES[kind]
    bench, wish = made(case)
    change = change_of(kind)
    other = _as_somebody_else(bench, change, change.checked(wish))

    result = run(bench.client, bench.store, kind, wish)

    assert (result.state, result.result.get("id")) == ("already_done", other.get("id"))
    assert case.times(bench.tenant) == 1
    assert expire_blocks(bench.desk, now=bench.client.now() + timedelta(days=9_999)) == []
    with pytest.raises(RefusedError, match="nothing of ours"):
        undo_once(bench.client, bench.store, result.action_id)


def _as_somebody_else(bench, change, wanted):
    class Row:
        parameters = wanted

    return change.send(bench.client, Row())


# F40: between the look and the call
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("create_managed_url", "err_managed_url_exists_code"),
        ("add_group_member", "err_folder_group_member_already_exists"),
        ("remove_group_member", "err_folder_email_address_not_found"),
        ("delete_managed_url", "err_managed_url_not_found"),
    ],
)
def test_somebody_who_is_quicker_is_no_error(made, kind, code, monkeypatch):
    case = CASES[kind]
    bench, wish = made(case)
    change = change_of(kind)
    original, looks = change.already, []

    def already(client, parameters):
        looks.append(original(client, parameters))
        if len(looks) == 1:
            _as_somebody_else(bench, change, parameters)
        return looks[-1]

    monkeypatch.setattr(change, "already", already, raising=False)

    result = run(bench.client, bench.store, kind, wish)

    assert result.state == "already_done"
    assert case.times(bench.tenant) == 1
    assert case.calls(bench.tenant) == 2  # theirs, and ours that was refused


def test_a_policy_that_somebody_else_deleted_is_gone_all_the_same(made):
    bench, wish = made(CASES["delete_block_sender_policy"])
    bench.tenant.admin_delete_policy(wish["policy_id"])

    result = run(bench.client, bench.store, "delete_block_sender_policy", wish)

    assert (result.state, result.code) == ("already_done", "gone")


def test_a_policy_that_is_gone_cannot_be_updated(made):
    bench, wish = made(CASES["update_block_sender_policy"])
    bench.tenant.admin_delete_policy(wish["policy_id"])

    result = run(bench.client, bench.store, "update_block_sender_policy", wish)

    assert result.state == "failed"
    assert "does not exist, or no longer" in result.detail


def test_a_url_that_is_permitted_is_not_blocked_behind_the_back_of_whoever_permitted_it(bench):
    managed_urls.create_managed_url(bench.client, UrlWish(url="http://x.example/", action="permit"))

    result = run(bench.client, bench.store, "create_managed_url", {"url": "http://x.example/"})

    assert result.state == "failed"
    assert "managed already, to permit" in result.detail


def test_policies_that_do_the_same_are_recognised_whatever_their_description(bench):
    theirs = some_policy(bench.client)

    same = run(bench.client, bench.store, "create_block_sender_policy", POLICY)
    other = run(bench.client, bench.store, "create_block_sender_policy", POLICY | {"enforced": True})

    assert (same.state, same.result["id"]) == ("already_done", theirs)
    assert other.state == "applied"


# --- taking back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("generation", ["2.0", "1.0"])
@pytest.mark.parametrize("kind", UNDOABLE)
def test_a_change_is_taken_back_once_and_both_rows_say_so(made, kind, generation):
    bench, wish = made(CASES[kind], generation)
    before = _state(bench.tenant)
    done = run(bench.client, bench.store, kind, wish)

    back = undo_once(bench.client, bench.store, done.action_id, requested_by="ann")
    again = undo_once(bench.client, bench.store, done.action_id)

    assert (back.state, again.state, again.recorded) == ("applied", "applied", True)
    assert again.action_id == back.action_id
    assert bench.store.ledger.get(back.action_id).undoes_id == done.action_id
    assert bench.store.ledger.get(done.action_id).state == "undone"
    assert [one.id for one in bench.store.ledger.undo_list()] == [back.action_id]
    if kind != "block_sender":
        assert _state(bench.tenant) == before
    else:
        assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]
    assert bench.store.check().problems == ()


def _state(tenant):
    """What the tenant holds, without ids and times."""
    kept = [
        (
            one["option"],
            {name: value for name, value in one["policy"].items() if name not in {"createTime", "lastUpdated"}},
        )
        for one in tenant.policies()
    ]
    urls = [{name: value for name, value in one.items() if name != "id"} for one in tenant.managed_urls()]
    groups = sorted(one["domain"] for one in tenant.group_members("Blocked Senders - Legacy"))
    return kept, urls, tenant.group_members("Blocked Senders - SOC"), groups


@pytest.mark.parametrize("kind", ["create_block_sender_policy", "create_managed_url", "add_group_member"])
def test_what_was_taken_back_may_be_wished_for_again(made, kind):
    bench, wish = made(CASES[kind])
    first = run(bench.client, bench.store, kind, wish)
    undo_once(bench.client, bench.store, first.action_id)

    second = run(bench.client, bench.store, kind, wish)

    assert second.state == "applied"
    assert second.action_id != first.action_id
    assert CASES[kind].times(bench.tenant) == 2


def test_an_undo_can_be_undone(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    block = run(bench.client, bench.store, "block_sender", wish)
    permit = undo_once(bench.client, bench.store, block.action_id)

    block_again = undo_once(bench.client, bench.store, permit.action_id)

    assert block_again.kind == "block_sender"
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Block"]
    assert [one.id for one in bench.store.ledger.undo_list()] == [block_again.action_id]


def test_a_permit_that_ended_no_block_of_ours_is_not_turned_into_a_block(bench):
    permit = run(bench.client, bench.store, "permit_sender", {"sender": SENDER, "recipient": PERSON})

    with pytest.raises(RefusedError, match="cannot be taken back from here"):
        undo_once(bench.client, bench.store, permit.action_id)

    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]


@pytest.mark.parametrize("kind", ["report_message", "create_remediation_incident", "block_file_hash"])
def test_what_cannot_be_taken_back_says_so(made, kind):
    bench, wish = made(CASES[kind])
    done = run(bench.client, bench.store, kind, wish)

    with pytest.raises(RefusedError, match=r"cannot be taken back from here\. \w+"):
        undo_once(bench.client, bench.store, done.action_id)


def test_the_contrary_ends_a_change_and_another_wish_may_follow(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    block = run(bench.client, bench.store, "block_sender", wish)
    permit = run(bench.client, bench.store, "permit_sender", wish)

    assert bench.store.ledger.get(block.action_id).state == "undone"
    with pytest.raises(RefusedError, match=f"replaced by action {permit.action_id}"):
        undo_once(bench.client, bench.store, block.action_id)
    again = run(bench.client, bench.store, "block_sender", wish)
    assert (again.state, again.recorded) == ("applied", False)
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Block"]


def test_a_change_that_was_never_made_is_not_made_after_its_contrary(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    bench.tenant.revoke("Gateway | Managed Senders | Edit")
    with pytest.raises(PermissionMissingError):
        run(bench.client, bench.store, "block_sender", wish)
    bench.tenant.grant("Gateway | Managed Senders | Edit")
    run(bench.client, bench.store, "permit_sender", wish)

    assert retry_changes(bench.client, bench.store) == []
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]


def test_of_contrary_wishes_at_the_same_moment_one_waits(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    change = change_of("block_sender")
    action = bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wish), change.slot(wish), wish, "manual")
    )
    bench.store.ledger.claim([action.id], owner="another machine")

    with pytest.raises(RefusedError, match=rf"action {action.id} \(block_sender\) is about the same"):
        run(bench.client, bench.store, "permit_sender", wish)
    assert bench.tenant.effects == []

    bench.store.ledger.settle([ActionResult(action.id, "applied")])
    assert run(bench.client, bench.store, "permit_sender", wish).state == "applied"
    assert bench.store.ledger.get(action.id).state == "undone"


def test_an_old_wish_that_was_put_off_is_not_taken_up_after_its_contrary_unless_a_person_repeats_it(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    change = change_of("block_sender")
    action = bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wish), change.slot(wish), wish, "manual")
    )
    bench.store.ledger.claim([action.id], owner="me")
    run(bench.client, bench.store, "permit_sender", wish | {"recipient": "bob@northwind.example"})
    bench.store.ledger.settle([ActionResult(action.id, "not_applied", "put off")])
    permit = run(bench.client, bench.store, "permit_sender", wish)
    assert bench.store.ledger.get(action.id).state == "refused"

    assert retry_changes(bench.client, bench.store) == []
    again = run(bench.client, bench.store, "block_sender", wish)

    assert again.state == "applied"
    assert bench.store.ledger.get(permit.action_id).state == "undone"


# one store, two tenants: nobody's wish is carried out for somebody else
def test_looking_up_retrying_and_expiring_stay_within_the_tenant(bench):
    change = change_of("create_managed_url")
    code = tenant_of(bench.client)
    for tenant in (code, "another"):
        for state in ("unknown", "intended", "applied"):
            wanted = change.checked({"url": f"http://{state}.example"})
            action = bench.store.ledger.intend(
                NewAction(tenant, None, change.kind, state, change.slot(wanted), wanted, "manual",
                          expires_at=None if state != "applied" else bench.store.ledger.now())
            )  # fmt: skip
            if state != "intended":
                bench.store.ledger.claim([action.id], owner="somebody")
                bench.store.ledger.settle([ActionResult(action.id, state, result={"id": "eNx"})])

    act.look_up_unknown(bench.desk)
    changes.retry(bench.desk)
    expire_blocks(bench.desk, now=bench.store.ledger.now())

    states = {tenant: {one.target: one.state for one in bench.store.ledger.list() if one.tenant == tenant}
              for tenant in (code, "another")}  # fmt: skip
    assert states["another"] == {"unknown": "unknown", "intended": "intended", "applied": "applied"}
    assert states[code]["unknown"] == states[code]["intended"] == "applied"


def test_a_tenant_is_known_by_the_names_its_sources_bear(bench):
    code = tenant_of(bench.client)
    bench.store.sources.ensure("northwind", "held", "queue", f"{code}/api-2.0")
    bench.store.sources.ensure("another", "held", "queue", f"{code}X/api-2.0")

    assert names_of(bench.client, bench.store) == {code, "northwind"}


def test_retry_takes_up_no_wish_whose_end_has_passed_and_none_that_is_old(bench, monkeypatch):
    now = bench.store.ledger.now()
    change = change_of("create_managed_url")
    for number, end in enumerate((now, None)):
        wanted = change.checked({"url": f"http://x.example/{number}"})
        bench.store.ledger.intend(
            NewAction(TENANT, None, change.kind, f"x{number}", change.slot(wanted), wanted, "manual", expires_at=end)
        )
    later = now + timedelta(days=8)
    monkeypatch.setattr(bench.store.ledger, "now", lambda: later)

    assert retry_changes(bench.client, bench.store) == []

    details = {one.detail for one in bench.store.ledger.list(state="refused")}
    assert any("its end has passed" in text for text in details)
    assert any("not made within 7 days" in text for text in details)
    assert bench.tenant.effects == []


def test_an_unknown_action_cannot_be_undone(bench):
    with pytest.raises(NotFoundError):
        undo_once(bench.client, bench.store, 4711)


def test_an_undo_whose_answer_is_lost_happens_once(made):
    case = CASES["create_block_sender_policy"]
    bench, wish = made(case, "1.0")
    done = run(bench.client, bench.store, case.kind, wish)
    bench.tenant.faults.add(Fault("apply_then_fail", "/api/policy/blockedsenders/delete-policy", how="reset"))

    assert undo_once(bench.client, bench.store, done.action_id).state == "applied"
    assert bench.tenant.policies() == []
    assert bench.store.ledger.get(done.action_id).state == "undone"


def colleague(bench, policy_id, **changes):
    """Somebody changes a policy in the console."""
    known = PolicyWish.again(policies.get_policy(bench.client, policy_id))
    policies.update_policy(bench.client, policy_id, replace(known, **changes))


@pytest.mark.parametrize("generation", ["2.0", "1.0"])
@pytest.mark.parametrize("kind", ["create_block_sender_policy", "update_block_sender_policy"])
def test_taking_back_leaves_alone_what_a_colleague_changed_since(made, kind, generation):
    bench, wish = made(CASES[kind], generation)
    done = run(bench.client, bench.store, kind, wish)
    colleague(bench, done.result["id"], description="our branch too", sender="other@evil.example")

    back = undo_once(bench.client, bench.store, done.action_id)

    assert (back.state, back.code) == ("refused", "changed_by_hand")
    assert "our branch too" in back.detail
    assert bench.store.ledger.get(done.action_id).state == "applied"
    known = policies.get_policy(bench.client, done.result["id"])
    assert (known.description, known.sender) == ("our branch too", "other@evil.example")


def test_a_policy_that_we_changed_ourselves_since_can_be_taken_back(bench):
    made = run(bench.client, bench.store, "create_block_sender_policy", POLICY)
    update = POLICY | {"policy_id": made.result["id"], "description": "case 42, longer"}
    run(bench.client, bench.store, "update_block_sender_policy", update)

    assert undo_once(bench.client, bench.store, made.action_id).state == "applied"
    assert bench.tenant.policies() == []


# F35
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize("generation", ["2.0", "1.0"])
def test_an_empty_answer_does_not_prove_that_a_policy_is_gone(made, generation, times):
    bench, wish = made(CASES["create_block_sender_policy"], generation)
    some_policy(bench.client)
    wish |= {"enforced": True}
    done = run(bench.client, bench.store, "create_block_sender_policy", wish)
    bench.tenant.faults.add(Fault("empty_data", "/api/policy/blockedsenders/get-policy", times=times))

    back = undo_once(bench.client, bench.store, done.action_id)

    assert back.state == "applied"
    assert [one["policy"]["description"] for one in bench.tenant.policies()] == ["made before"]


LISTS = {
    "delete_managed_url": "/api/ttp/url/get-all-managed-urls",
    "remove_group_member": "/api/directory/get-group-members",
    "create_block_sender_policy": "/api/policy/blockedsenders/get-policy",
}


# F35
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize("kind", ["delete_managed_url", "remove_group_member"])
def test_an_empty_list_does_not_prove_that_what_is_to_be_removed_is_gone(made, kind, times):
    bench, wish = made(CASES[kind])
    bench.tenant.faults.add(Fault("empty_data", LISTS[kind], times=times))

    assert run(bench.client, bench.store, kind, wish).state == "applied"
    assert CASES[kind].times(bench.tenant) == 1


@pytest.mark.parametrize("kind", ["delete_managed_url", "remove_group_member"])
def test_what_is_gone_is_gone_although_nothing_else_is_in_the_list(made, kind):
    bench, wish = made(CASES[kind])
    assert run(bench.client, bench.store, kind, wish).state == "applied"
    bench.tenant.faults.add(Fault("empty_data", LISTS[kind], times=None))

    assert run(bench.client, bench.store, kind, wish, again="x").state == "already_done"
    assert CASES[kind].times(bench.tenant) == 1


# F25, F44
@pytest.mark.parametrize("fault", ["apply_then_fail", "fail_without_applying"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_is_empty_by_mistake_does_not_say_what_became_of_a_lost_change(made, at_once, kind, fault):
    bench, wish = made(CASES[kind])
    bench.tenant.faults.add(Fault(fault, CASES[kind].path["2.0"], how="reset"))
    bench.tenant.faults.add(Fault("empty_data", LISTS[kind], times=2 if kind.startswith("create") else 1, after=1))

    assert run(bench.client, bench.store, kind, wish).is_done
    assert CASES[kind].times(bench.tenant) == 1


# F2, I7: whoever looks is slower than whoever sends again
def test_what_was_seen_before_somebody_sent_again_does_not_settle_the_new_attempt(bench, at_once):
    change = change_of("create_block_sender_policy")
    wanted = change.checked(POLICY)
    action = bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wanted), change.slot(wanted), wanted, "manual")
    )
    bench.store.ledger.claim([action.id], owner="first")
    bench.store.ledger.settle([ActionResult(action.id, "unknown")])
    seen = bench.store.ledger.get(action.id)
    bench.store.ledger.settle([ActionResult(action.id, "not_applied", attempt=1)])
    bench.store.ledger.claim([action.id], owner="second")

    (found,) = look_up_changes(bench.client, bench.store, [seen])

    known = bench.store.ledger.get(action.id)
    assert (known.state, known.attempt, known.owner, found.state) == ("sending", 2, "second", "sending")


# F2
def test_a_claim_that_somebody_took_over_during_the_look_is_not_sent(bench, monkeypatch):
    change = change_of("create_block_sender_policy")
    original, looks = change.already, []

    def already(client, parameters):
        looks.append(len(bench.tenant.effects))
        if len(looks) == 1:
            bench.store.ledger.adopt_orphans(timedelta(0))
        return original(client, parameters)

    monkeypatch.setattr(change, "already", already, raising=False)

    assert run(bench.client, bench.store, change.kind, POLICY).state == "applied"
    assert looks == [0, 0]
    assert len(bench.tenant.policies()) == 1


def test_a_change_whose_claim_is_nearly_too_old_is_left_for_later(bench, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("mailroom.effects.claims.ORPHANED_AFTER", timedelta(seconds=59))
        result = run(bench.client, bench.store, "create_block_sender_policy", POLICY)

    assert (result.state, result.code) == ("not_applied", "out_of_time")
    assert bench.tenant.effects == []


def test_retry_reaches_what_was_put_off_behind_any_number_of_refusals(bench, monkeypatch):
    monkeypatch.setattr("mailroom.effects.changes.undoing._PAGE", 2)
    change = change_of("create_managed_url")
    for number in range(8):
        wanted = change.checked({"url": f"http://x.example/{number}"})
        action = bench.store.ledger.intend(
            NewAction("another" if number < 3 else TENANT, None, change.kind, f"x{number}", change.slot(wanted), wanted)
        )
        if number < 5:
            bench.store.ledger.claim([action.id], owner="somebody")
            bench.store.ledger.settle([ActionResult(action.id, "failed" if number else "not_applied", "no")])

    results = retry_changes(bench.client, bench.store, tenants=[TENANT])

    assert [result.state for result in results] == ["applied"] * 3
    assert bench.store.ledger.counts() == {change.kind: {"applied": 3, "failed": 4, "not_applied": 1}}


# F53: the backup was made between the intent and the call
def test_an_incident_that_the_ledger_has_forgotten_is_not_begun_again(bench):
    case = CASES["create_remediation_incident"]
    change = change_of(case.kind)
    wanted = change.checked(case.wish(bench.tenant, bench.client))
    action = bench.store.ledger.intend(
        NewAction(TENANT, None, change.kind, change.target(wanted), change.slot(wanted), wanted, "manual")
    )
    begun = change.send(bench.client, action)

    result = run(bench.client, bench.store, case.kind, wanted)

    assert (result.state, result.result["id"]) == ("applied", begun["id"])
    assert case.times(bench.tenant) == 1
    assert run(bench.client, bench.store, case.kind, wanted).recorded


def test_what_would_be_over_already_is_refused_before_any_call(bench):
    wish = {"sender": SENDER, "recipient": PERSON}
    with pytest.raises(InvalidInputError, match="the end has passed already"):
        run(bench.client, bench.store, "block_sender", wish, expires_at=bench.client.now())
    assert bench.store.ledger.list() == []
    assert bench.tenant.effects == []


# --- dry run ------------------------------------------------------------------------------------------------------


@every_kind
def test_a_dry_run_says_what_would_be_done_and_changes_nothing(made, case):
    bench, wish = made(case)
    effects = list(bench.tenant.effects)

    shown = preview_change(bench.client, bench.store, change_of(case.kind), wish, tenant=TENANT)

    assert shown.lines
    assert shown.would_send
    assert bench.tenant.effects == effects
    assert bench.store.ledger.list(limit=10) == []
    run(bench.client, bench.store, case.kind, wish)
    after = preview_change(bench.client, bench.store, change_of(case.kind), wish, tenant=TENANT)
    assert not after.would_send
    assert after.as_json()["done_by_action"] is not None


def test_a_dry_run_shows_the_policy_that_is_there_already(bench):
    known = some_policy(bench.client)

    shown = preview_change(bench.client, bench.store, change_of("create_block_sender_policy"), POLICY, tenant=TENANT)

    assert shown.there is not None
    assert shown.there.result["id"] == known
    assert not shown.would_send


def test_a_dry_run_of_an_undo_names_the_change(bench):
    done = run(bench.client, bench.store, "create_block_sender_policy", POLICY)

    shown = preview_undo(bench.client, bench.store, done.action_id)

    assert shown.kind == "delete_block_sender_policy"
    assert shown.would_send
    assert len(bench.tenant.policies()) == 1
