"""Approvals: bound to what was shown, used once, void when anything changes, two people for wide ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from mailroom_tests_small_tenant import PEOPLE, SUBJECTS, Workbench, add, policy
from sqlalchemy import update

from mailroom.effects.changes import change_of
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.playbooks import act, changes
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.bulk import plan_bulk, propose_bulk
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.approvals.people import People
from mailroom.playbooks.approvals.requesting import request, request_for_proposals
from mailroom.playbooks.tenants import names_of, tenant_of
from mailroom.store.actions import NewAction
from mailroom.store.evidence import NewEvidence
from mailroom.store.schema import alerts, approvals, sources
from sandbox import Tenant

EVERYONE = {
    "description": "x", "sender_type": "Email Address", "recipient_type": "Everyone", "extracted_data": "Both",
    "end_time": "",
}  # fmt: skip
PLAIN = {"note": "unwanted", "reason": "Select One", "notify_sender": False}
ADVISE: dict[str, Any] = {"modes": {"release": "advise", "reject": "advise"}}


@pytest.fixture
def tenant() -> Tenant:
    """As the small tenant, but its time goes on: holds are not over yet."""
    tenant = Tenant.generate(messages=0, history=0, seed=7)
    for number, subject in enumerate(SUBJECTS):
        add(tenant, f"{subject} {number}", minutes=60 - number, to=PEOPLE[:2] if number in {0, 1, 5} else PEOPLE[:1])
    return tenant


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    """Four proposals to release, five to reject."""
    bench = bench_for(tenant)
    bench.policy = policy(**ADVISE)
    bench.ingest()
    bench.triage()
    return bench


def proposals(bench: Workbench, kind: str = "release") -> list[int]:
    return [one.id for one in bench.store.ledger.list(state="proposed", kind=kind, limit=1000)]


def ask(bench: Workbench, *ids: int, **more: Any) -> Any:
    found = request(bench.store, bench.policy, ids or proposals(bench)[:1], **more)
    assert found.approval is not None, found.left_out
    return found.approval


def approve(bench: Workbench, approval: Any, by: str = "ben", **more: Any) -> Any:
    known = {"digest": approval.digest, "by": by, "channel": "form"}
    return deciding.approve(bench.store, bench.policy, approval.id, **known | more)


def carry_out(bench: Workbench, approval: Any) -> dict[str, int]:
    return carry_out_approved(bench.desk, approval.id).counts()


def effects(bench: Workbench) -> int:
    return len(bench.tenant.effects)


def alert_of(bench: Workbench, approval: Any) -> int:
    (member,) = bench.store.approvals.members(approval.id)
    assert member.alert_id is not None
    return member.alert_id


def test_what_was_approved_is_done_once(bench: Workbench) -> None:
    approval = approve(bench, ask(bench))

    assert carry_out(bench, approval) == carry_out(bench, approval) == {"applied": 1}

    assert effects(bench) == 1
    action = bench.store.ledger.list(state="applied")[0]
    assert (action.approval_id, action.requested_by) == (approval.id, "triage, approved by ben")
    assert bench.store.check().problems == ()


def test_more_than_ten_proposals_of_rules_are_not_put_together_unless_somebody_chose_them(
    bench_for: Callable[..., Workbench], tenant: Tenant
) -> None:
    for number in range(10):
        add(tenant, f"junk extra {number}", minutes=20 - number, to=PEOPLE[:1])
    bench = bench_for(tenant)
    bench.policy = policy(**ADVISE)
    bench.ingest()
    bench.triage()
    many = proposals(bench, "reject")
    assert len(many) > 10

    for known in ({}, {"proposer": "a playbook", "by_rule": True}):
        with pytest.raises(InvalidInputError, match="more than 10"):
            request(bench.store, bench.policy, many, **known)  # type: ignore[arg-type]

    chosen = ask(bench, *many, proposer="ali", proposed_by="account")
    with pytest.raises(RefusedError, match="other than the proposer"):
        approve(bench, chosen, "ali", channel="command line")
    with pytest.raises(RefusedError, match="only typed"):
        approve(bench, chosen, "bode")
    approve(bench, chosen, "bode", channel="command line")
    assert carry_out(bench, chosen) == {"applied": len(many)}


def test_nothing_is_done_before_somebody_approves_or_after_somebody_declines(bench: Workbench) -> None:
    approval = ask(bench)
    with pytest.raises(RefusedError, match="is open"):
        carry_out(bench, approval)
    deciding.decline(bench.store, approval.id, digest=approval.digest, by="ben", channel="form", note="a supplier")
    with pytest.raises(RefusedError, match=r"is declined \(a supplier\)"):
        carry_out(bench, approval)
    with pytest.raises(RefusedError, match="is declined by ben"):
        approve(bench, approval)
    assert effects(bench) == 0
    bench.triage()
    assert request(
        bench.store, bench.policy, [m.action_id for m in bench.store.approvals.members(approval.id)]
    ).left_out


def test_a_yes_to_something_else_does_not_count(bench: Workbench) -> None:
    first, second = (ask(bench, one) for one in proposals(bench)[:2])
    with pytest.raises(RefusedError, match="something else"):
        approve(bench, first, digest=second.digest)
    assert bench.store.approvals.get(first.id).is_open


def say_something(bench: Workbench, alert: int) -> None:
    bench.store.evidence.put(NewEvidence(alert, "recipient", "recipient_answer", 20, "not expected", "ann"))


def handled(bench: Workbench, alert: int) -> None:
    bench.store.alerts.set_handling(alert, "released", "in the console", "somebody")


def read_again(bench: Workbench, alert: int) -> None:
    known = bench.store.alerts.get(alert)
    bench.store.alerts.update_detail(alert, known.event | {"subject": "another"}, known.level)


def hold_ends(bench: Workbench, alert: int) -> None:
    known = bench.store.alerts.get(alert)
    over = (bench.store.approvals.now() - timedelta(seconds=1)).isoformat()
    bench.store.alerts.update_detail(alert, known.event | {"expires_at": over}, known.level)


def new_rules(bench: Workbench, _alert: int) -> None:
    bench.policy = replace(bench.policy, lists=bench.policy.lists[:1])


CHANGES = [say_something, handled, read_again, hold_ends, new_rules]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_before_the_decision_voids_it(bench: Workbench, change: Any) -> None:
    approval = ask(bench)
    change(bench, alert_of(bench, approval))
    with pytest.raises(RefusedError, match="is void"):
        approve(bench, approval)
    assert bench.store.approvals.get(approval.id).state == "void"
    assert effects(bench) == 0


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_after_the_decision_is_not_done(bench: Workbench, change: Any) -> None:
    approval = approve(bench, ask(bench))
    change(bench, alert_of(bench, approval))
    with pytest.raises(RefusedError, match="is void"):
        carry_out(bench, approval)
    assert effects(bench) == 0


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("way", ["approval", "triage"])
def test_what_changes_between_use_and_effect_is_refused_by_the_last_look(
    bench: Workbench, change: Any, way: str
) -> None:
    approval = approve(bench, ask(bench))
    (member,) = bench.store.approvals.members(approval.id)
    bench.store.approvals.use(approval.id, [member.action_id], {})  # the process ended here
    change(bench, alert_of(bench, approval))
    if way == "approval":
        assert carry_out(bench, approval) == {"refused": 1}
    else:  # any other run that finds it in the ledger
        (done,) = act.carry_out_wanted(bench.desk, [member.action_id])
        assert done.state == "refused"
    assert effects(bench) == 0


def late(bench: Workbench, approval: Any) -> None:
    past = bench.store.approvals.now() - timedelta(seconds=1)
    bench.store.run(lambda tx: tx.execute(update(approvals).where(approvals.c.id == approval.id)
                                          .values(expires_at=past, decided_at=past - timedelta(hours=1))))  # fmt: skip


def test_an_approval_ends_with_its_time_before_the_decision_after_it_and_before_the_effect(bench: Workbench) -> None:
    one, two, three = (ask(bench, known) for known in proposals(bench)[:3])
    late(bench, one)
    with pytest.raises(RefusedError, match="is expired"):
        approve(bench, one)
    approve(bench, two)
    late(bench, two)
    with pytest.raises(RefusedError, match="is expired"):
        carry_out(bench, two)
    approve(bench, three)
    (member,) = bench.store.approvals.members(three.id)
    bench.store.approvals.use(three.id, [member.action_id], {})
    late(bench, three)
    assert carry_out(bench, three) == {"refused": 1}
    assert "expired at" in bench.store.ledger.get(member.action_id).detail
    assert effects(bench) == 0


def test_a_message_that_is_gone_from_the_queue_is_left_alone(bench: Workbench) -> None:
    approval = approve(bench, ask(bench))
    bench.tenant.admin_release(bench.store.alerts.get(alert_of(bench, approval)).hold_id)
    assert carry_out(bench, approval) == {"already_done": 1}
    assert [one.kind for one in bench.tenant.effects] == ["admin_release"]


def test_the_kill_switch_spends_no_approval(bench: Workbench) -> None:
    approval = approve(bench, ask(bench))
    bench.policy = policy(**ADVISE, kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        carry_out(bench, approval)
    bench.policy = policy(**ADVISE)
    assert carry_out(bench, approval) == {"applied": 1}


def test_of_many_the_changed_ones_drop_out_and_the_rest_is_done(bench: Workbench) -> None:
    ids = proposals(bench, "reject")
    approval = approve(bench, ask(bench, *ids))
    say_something(bench, bench.store.ledger.get(ids[0]).alert_id or 0)
    assert carry_out(bench, approval) == {"applied": 4, "proposed": 1}
    assert effects(bench) == 4


def test_an_approved_release_meets_the_absolute_denials_still(bench: Workbench) -> None:
    (hold_id,) = add(bench.tenant, "wanted but harmful", risk="high")
    bench.ingest()
    bench.triage()
    alert = bench.alert_of(hold_id)
    (made,) = bench.store.ledger.propose_many([
        NewAction(alert.tenant, alert.id, "release", alert.hold_id, f"disposition:{alert.hold_id}", mode="manual",
                  requested_by="amy")
    ])  # fmt: skip
    found = request(bench.store, bench.policy, [made.id])  # type: ignore[union-attr]
    assert found.approval is None
    assert "risk as high" in "".join(found.left_out.values())


# -- two people ----------------------------------------------------------------------------------------------------


def by_person(bench: Workbench, who: str, count: int) -> list[int]:
    wanted = [
        NewAction(one.tenant, one.id, "reject", one.hold_id, f"disposition:{one.hold_id}", mode="manual",
                  requested_by=who)
        for one in bench.store.alerts.list(limit=count)
    ]  # fmt: skip
    found = bench.store.ledger.propose_many(wanted)
    return [one.id for one in found]  # type: ignore[union-attr]


BY_COMMAND: dict[str, Any] = {"channel": "command line"}


def wide(bench: Workbench, who: str, **more: Any) -> Any:
    approval = ask(bench, *by_person(bench, who, 11), proposer=who, **more)
    assert approval.wide
    return approval


@pytest.mark.parametrize("by", ["amy", "AMY ", "amy@northwind.example", "Amy+x@northwind.example"])
def test_nobody_approves_a_wide_action_of_their_own(bench: Workbench, by: str) -> None:
    approval = wide(bench, "amy", proposed_by="account")
    with pytest.raises(RefusedError, match="other than the proposer"):
        approve(bench, approval, by=by, **BY_COMMAND)
    assert approve(bench, approval, by="ben", **BY_COMMAND).state == "granted"


@pytest.mark.parametrize("name", ["Alice Smith", "Ben", "\u0430smith"])
def test_a_name_typed_in_a_form_is_no_second_person(bench: Workbench, name: str) -> None:
    approval = wide(bench, "asmith", proposed_by="account")
    with pytest.raises(RefusedError, match=f"only typed.*mailroom approve {approval.id}"):
        approve(bench, approval, by=name)
    assert bench.store.approvals.get(approval.id).is_open


@pytest.mark.parametrize("by", ["Alice Smith", "\u0430smith", "ben@northwind.example"])
def test_names_that_the_list_does_not_hold_are_not_two_people(bench: Workbench, by: str) -> None:
    bench.policy = replace(bench.policy, approvers=("ben@northwind.example",))
    approval = wide(bench, "asmith")  # a name that somebody typed
    for channel in ("command line", "mail"):
        with pytest.raises(RefusedError, match=r"write asmith.* into the policy's approvers"):
            approve(bench, approval, by=by, channel=channel)


def test_ten_of_their_own_a_person_may_approve(bench: Workbench) -> None:
    approval = ask(bench, *by_person(bench, "amy", 10), proposer="amy")
    assert not approval.wide
    assert approve(bench, approval, by="amy").state == "granted"


def test_an_account_and_an_address_are_compared_through_the_list_of_approvers(bench: Workbench) -> None:
    approval = wide(bench, "aode", proposed_by="account")
    with pytest.raises(RefusedError, match="cannot be seen"):
        approve(bench, approval, by="amy@northwind.example", channel="mail")
    bench.policy = replace(bench.policy, approvers=("Amy Ode / aode <amy@northwind.example>", "ben@northwind.example"))
    for by, channel in (("amy@northwind.example", "mail"), ("Amy Ode", "command line"), ("aode", "command line")):
        with pytest.raises(RefusedError, match="other than the proposer"):
            approve(bench, approval, by=by, channel=channel)
    assert approve(bench, approval, by="ben@northwind.example", channel="mail").state == "granted"


def test_a_block_for_everybody_is_wide(bench: Workbench) -> None:
    wish = {"sender": "bad@evil.example", **EVERYONE}
    approval = ask(bench, block(bench, **wish), proposer="amy", proposed_by="account")
    assert approval.wide
    with pytest.raises(RefusedError, match="other than the proposer"):
        approve(bench, approval, by="amy", **BY_COMMAND)
    assert carry_out(bench, approve(bench, approval, **BY_COMMAND)) == {"applied": 1}
    assert [one.kind for one in bench.tenant.effects] == ["create_policy"]


def block(bench: Workbench, **wish: Any) -> int:
    kind = "create_block_sender_policy"
    change = change_of(kind)
    wanted = change.checked(wish)
    (made,) = bench.store.ledger.propose_many([
        NewAction(tenant_of(bench.client), None, kind, change.target(wanted), change.slot(wanted), wanted,
                  "manual", requested_by="amy")
    ])  # fmt: skip
    return int(made.id)  # type: ignore[union-attr]


def test_no_approval_blocks_a_partner(bench: Workbench) -> None:
    wish = {"sender": "ann@fabrikam.example", **EVERYONE}
    approval = approve(bench, ask(bench, block(bench, **wish), proposer="amy", proposed_by="account"), **BY_COMMAND)
    assert carry_out(bench, approval) == {"refused": 1}
    assert effects(bench) == 0


def test_a_retry_of_changes_looks_at_the_approval_as_well(bench: Workbench) -> None:
    wish = {"sender": "bad@evil.example", **EVERYONE}
    approval = approve(bench, ask(bench, block(bench, **wish), proposer="amy", proposed_by="account"), **BY_COMMAND)
    (member,) = bench.store.approvals.members(approval.id)
    bench.store.approvals.use(approval.id, [member.action_id], {})
    late(bench, approval)
    changes.retry(bench.desk)
    assert bench.store.ledger.get(member.action_id).state == "refused"
    assert effects(bench) == 0


def test_an_approvers_entry_needs_one_address_and_names_of_its_own() -> None:
    assert People.of(["Ben Ode / bode <Ben@corp.example>"]).find("BODE").address == "ben@corp.example"  # type: ignore[union-attr]
    for wrong in (["Ben Ode"], ["<>"], ["ben <a@x.example>", "ben <b@x.example>"]):
        with pytest.raises(InvalidInputError):
            People.of(wrong)


# -- asking for all proposals --------------------------------------------------------------------------------------


def test_every_proposal_of_the_rules_is_asked_for_once_in_groups(bench: Workbench) -> None:
    def ask_all() -> Any:
        return request_for_proposals(bench.store, bench.policy, tenants=names_of(bench.client, bench.store))

    first, second = ask_all(), ask_all()
    assert (len(first.opened), second.opened) == (2, [])  # one sender domain, two kinds
    assert sorted(bench.store.approvals.get(one).targets for one in first.opened) == [4, 5]
    assert all(bench.store.approvals.get(one).plan["by_rule"] for one in first.opened)

    ids = proposals(bench)
    handled(bench, bench.store.ledger.get(ids[0]).alert_id or 0)
    third = ask_all()
    assert (len(third.void), len(third.opened), third.withdrawn) == (1, 1, [ids[0]])
    assert bench.store.approvals.get(third.opened[0]).targets == 3
    assert ask_all().opened == []


def test_many_proposals_are_asked_for_round_by_round(bench: Workbench) -> None:
    names = names_of(bench.client, bench.store)
    rounds = [request_for_proposals(bench.store, bench.policy, tenants=names, limit=4).opened for _ in range(4)]
    asked = [bench.store.approvals.members(one) for opened in rounds for one in opened]
    assert sorted(one.action_id for many in asked for one in many) == sorted([
        *proposals(bench), *proposals(bench, "reject")
    ])  # fmt: skip
    assert rounds[3] == []


def test_what_people_propose_is_asked_by_whoever_proposed_it(bench: Workbench) -> None:
    for one in proposals(bench) + proposals(bench, "reject"):
        bench.store.run(lambda tx, one=one: tx.execute(update(alerts).values(handling="expired")))
    block(bench, sender="bad@evil.example", **EVERYONE)
    found = request_for_proposals(bench.store, bench.policy, tenants=names_of(bench.client, bench.store))
    assert found.opened == []


def test_what_a_playbook_proposes_by_itself_is_asked_for_even_where_two_people_would_be_needed(
    bench: Workbench,
) -> None:
    approval = ask(bench, block(bench, sender="bad@evil.example", **EVERYONE), proposer="a playbook", by_rule=True)
    assert approval.wide
    assert carry_out(bench, approve(bench, approval, by="ben@northwind.example")) == {"applied": 1}


def test_an_approval_is_carried_out_in_its_own_tenant_only(bench: Workbench) -> None:
    approval = approve(bench, ask(bench))
    bench.store.run(lambda tx: tx.execute(update(sources).values(generation="OTHER/api-2.0")))
    with pytest.raises(RefusedError, match="about the tenant"):
        carry_out(bench, approval)
    assert effects(bench) == 0


def test_a_proposal_that_the_rails_forbid_by_now_is_withdrawn(bench: Workbench) -> None:
    senders = frozenset({"ann@contoso-logistics.example"})
    bench.policy = policy(**ADVISE, own_senders=senders)
    found = request_for_proposals(bench.store, bench.policy, tenants=names_of(bench.client, bench.store))
    assert (found.opened, len(found.withdrawn)) == ([], 9)
    again = request_for_proposals(bench.store, bench.policy, tenants=names_of(bench.client, bench.store))
    assert again.withdrawn == []


def test_a_killed_bulk_action_goes_on_when_it_is_asked_for_again(bench: Workbench) -> None:
    def plan() -> Any:
        return plan_bulk(bench.store, bench.policy, "reject", ["subject~junk"], proposer="amy", parameters=PLAIN)

    asked = propose_bulk(bench.store, bench.policy, plan()).approval
    assert asked is not None
    assert asked.targets == 5
    approve(bench, asked, by="amy")
    members = [one.action_id for one in bench.store.approvals.members(asked.id)]
    bench.store.approvals.use(asked.id, members, {})
    act.carry_out_wanted(bench.desk, members[:2])  # and then it was killed
    again = propose_bulk(bench.store, bench.policy, plan()).approval
    assert again is not None
    assert again.id == asked.id
    assert carry_out(bench, again) == {"applied": 5}
    assert effects(bench) == 5


def test_a_bulk_action_says_what_it_leaves_to_the_rules(bench: Workbench) -> None:
    for number in (20, 21):
        add(bench.tenant, f"junk {number}", to=PEOPLE[:1])
    bench.ingest()
    bench.policy = policy()  # these two by themselves; the five before are proposals
    bench.triage()
    by_themselves = {one.alert_id for one in bench.store.ledger.list(state="intended", kind="reject")}

    plan = plan_bulk(bench.store, bench.policy, "reject", ["subject~junk"], proposer="amy", parameters=PLAIN)
    shown = {line.choice.alert.id: line.row()["would"] for line in plan.lines}
    assert len(by_themselves) == 2
    assert {alert for alert, would in shown.items() if "The rules want to reject it" in would} == by_themselves

    asked = propose_bulk(bench.store, bench.policy, plan)
    assert asked.approval.targets == 5
    assert asked.left_out.keys() == by_themselves


def test_a_bulk_action_says_what_began_between_the_table_and_the_yes(bench: Workbench) -> None:
    plan = plan_bulk(bench.store, bench.policy, "reject", ["subject~junk"], proposer="amy", parameters=PLAIN)
    alert = plan.lines[0].choice.alert.id
    act.dispose(bench.desk, "release", str(alert), {})

    asked = propose_bulk(bench.store, bench.policy, plan)
    assert asked.approval.targets == 4
    assert asked.left_out.keys() == {alert}
    assert "gets one disposition only" in asked.left_out[alert]


def test_the_table_of_what_was_done_shows_nobodys_address(bench: Workbench) -> None:
    approval = ask(bench)
    bench.tenant.admin_release(bench.store.alerts.get(alert_of(bench, approval)).hold_id)

    [outcome] = carry_out_approved(bench.desk, approve(bench, approval).id).outcomes

    assert "@" in outcome.detail
    assert outcome.row()["detail"].startswith("already released by …@")
