"""Blocks end when their time is over: ours, once, and only as we left them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from mailroom_tests_change_world import block_list
from mailroom_tests_small_tenant import PEOPLE, Workbench, empty_tenant, policy

from mailroom.errors import RefusedError
from mailroom.mimecast.group_members import find_member
from mailroom.mimecast.policies import PolicyWish, create_policy, get_policy, update_policy
from mailroom.playbooks import block_sender as blocking
from mailroom.playbooks import changes
from mailroom.playbooks.block_sender import BlockForm
from mailroom.playbooks.expire_blocks import Ending, end_one, expire_blocks, find_due
from sandbox import Fault, Tenant

BAD = "billing@evil.example"


@pytest.fixture
def tenant() -> Tenant:
    return empty_tenant()


@pytest.fixture(params=["2.0", "1.0"])
def bench(bench_for: Callable[..., Workbench], tenant: Tenant, request: pytest.FixtureRequest) -> Workbench:
    return bench_for(tenant, request.param)


def block(bench: Workbench, **form: object) -> int:
    made = blocking.plan_block(bench.desk, BlockForm(**{"sender": BAD, "days": 2} | form))  # type: ignore[arg-type]
    (result,) = blocking.block(bench.desk, made)
    return int(result.action_id)


def later(bench: Workbench, days: int = 3) -> None:
    bench.tenant.clock.advance(timedelta(days=days))


def outcomes(endings: list[Ending]) -> list[str]:
    return [one.outcome for one in endings]


def test_a_block_ends_when_its_time_is_over_and_not_before(bench: Workbench) -> None:
    action = block(bench)
    assert expire_blocks(bench.desk) == []

    later(bench)
    assert outcomes(expire_blocks(bench.desk)) == ["ended"]
    assert expire_blocks(bench.desk) == []
    assert bench.tenant.policies() == []
    assert bench.store.ledger.get(action).state == "undone"


def test_a_change_that_is_given_more_time_while_the_others_end_stays(bench: Workbench) -> None:
    now = bench.tenant.clock.now()
    wish = {"url": "http://evil.example/"}
    changes.change(bench.desk, "create_managed_url", wish, expires_at=now + timedelta(days=1))
    later(bench)
    (due,) = find_due(bench.desk)
    changes.change(bench.desk, "create_managed_url", wish, expires_at=now + timedelta(days=30))

    assert end_one(bench.desk, due).outcome == "left alone"

    assert expire_blocks(bench.desk) == []
    assert len(bench.tenant.managed_urls()) == 1


def test_a_dry_run_says_what_would_end_and_changes_nothing(bench: Workbench) -> None:
    block(bench)
    later(bench)
    before = len(bench.tenant.effects)

    (ending,) = expire_blocks(bench.desk, dry_run=True)

    assert ending.outcome == "would end"
    assert len(bench.tenant.effects) == before
    assert BAD not in str(ending.row())


def test_a_block_without_end_and_what_others_made_stay(bench: Workbench) -> None:
    block(bench, never_ends=True)
    end = bench.tenant.clock.now() + timedelta(days=1)
    create_policy(bench.client, PolicyWish(
        description="theirs", sender="other.example", recipient_type="Everyone", end=end,
    ))  # fmt: skip
    later(bench, 400)

    assert expire_blocks(bench.desk) == []
    assert len(bench.tenant.policies()) == 2


def test_a_policy_that_somebody_changed_by_hand_is_left_alone_and_reported(bench: Workbench) -> None:
    action = block(bench)
    known = get_policy(bench.client, bench.store.ledger.get(action).result["id"])
    update_policy(
        bench.client,
        known.id,
        replace(PolicyWish.again(known), comment="", description="ask ann@northwind.example", end=None),
    )
    later(bench)

    (ending,) = expire_blocks(bench.desk)

    assert ending.outcome == "left alone"
    assert "…@northwind" in ending.row()["why"]
    assert "somebody changed it" in ending.why
    assert len(bench.tenant.policies()) == 1


def test_a_policy_that_somebody_deleted_is_written_down_as_ended(bench: Workbench) -> None:
    action = block(bench)
    bench.tenant.admin_delete_policy(bench.tenant.policies()[0]["id"])
    later(bench)

    assert outcomes(expire_blocks(bench.desk)) == ["ended before"]
    assert bench.store.ledger.get(action).state == "undone"


def test_a_managed_sender_becomes_a_permit_only_when_told_to(bench: Workbench) -> None:
    block(bench, how="managed sender", recipients=(PEOPLE[0],))
    later(bench)

    (ending,) = expire_blocks(bench.desk)
    assert (ending.outcome, "spam checks" in ending.why) == ("left alone", True)
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Block"]

    assert outcomes(expire_blocks(bench.desk, permit_managed_senders=True)) == ["ended"]
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]
    assert expire_blocks(bench.desk, permit_managed_senders=True) == []


def test_whatever_can_end_ends(bench: Workbench) -> None:
    end = bench.client.now() + timedelta(days=2)
    url = {"url": "http://evil.example/login"}
    member = {"group_id": block_list(bench.client), "member": BAD}
    for kind, wish in (("create_managed_url", url), ("add_group_member", member)):
        changes.change(bench.desk, kind, wish, expires_at=end)
    changes.change(bench.desk, "create_managed_url", {"url": "http://stays.example"})
    later(bench)

    endings = expire_blocks(bench.desk)

    assert outcomes(endings) == ["ended", "ended"]
    assert [one["domain"] for one in bench.tenant.managed_urls()] == ["stays.example"]
    assert find_member(bench.client, member["group_id"], BAD) is None
    shown = [one.row()["what"] for one in endings]
    assert shown[0] == "explicit hxxp://evil.example/login"
    assert BAD not in str(shown)
    assert expire_blocks(bench.desk) == []


def test_a_permit_whose_time_is_over_is_reported_with_what_to_do(bench: Workbench) -> None:
    end = bench.client.now() + timedelta(days=2)
    changes.change(bench.desk, "permit_sender", {"sender": BAD, "recipient": PEOPLE[0]}, expires_at=end)
    later(bench)

    for permit in (False, True):
        (ending,) = expire_blocks(bench.desk, permit_managed_senders=permit)
        assert (ending.outcome, ending.is_well) == ("left alone", True)
        assert "remove the entry in the console" in ending.why
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]


def test_what_is_only_reported_takes_no_place_from_what_is_ended(bench: Workbench) -> None:
    end = bench.client.now() + timedelta(days=1)
    for person in PEOPLE[:2]:
        changes.change(bench.desk, "block_sender", {"sender": BAD, "recipient": person}, expires_at=end)
    block(bench)
    later(bench)

    assert outcomes(expire_blocks(bench.desk, limit=1)) == ["ended", "left alone"]


@pytest.mark.parametrize("new_end", [None, timedelta(days=30)])
def test_a_policy_that_we_gave_more_time_ends_at_its_new_end(bench: Workbench, new_end: timedelta | None) -> None:
    action = bench.store.ledger.get(block(bench))
    end = (bench.client.now() + new_end).isoformat() if new_end else ""
    changed = action.parameters | {"policy_id": action.result["id"], "end_time": end}
    changes.change(bench.desk, "update_block_sender_policy", changed)
    later(bench)

    (ending,) = expire_blocks(bench.desk)
    assert (ending.outcome, "more time by an update of ours" in ending.why) == ("left alone", True)

    later(bench, 40)
    assert outcomes(expire_blocks(bench.desk)) == ["ended" if new_end else "left alone"]


def test_a_policy_that_we_changed_in_another_way_ends(bench: Workbench) -> None:
    action = bench.store.ledger.get(block(bench))
    changed = action.parameters | {"policy_id": action.result["id"], "enforced": True}
    changes.change(bench.desk, "update_block_sender_policy", changed)
    later(bench)

    assert outcomes(expire_blocks(bench.desk)) == ["ended"]
    assert bench.tenant.policies() == []


def test_an_entry_that_was_blocked_twice_ends_once(bench: Workbench) -> None:
    end = bench.client.now() + timedelta(days=1)
    for again in ("", "once more"):
        wish = {"sender": BAD, "recipient": PEOPLE[0]}
        changes.change(bench.desk, "block_sender", wish, expires_at=end, again=again)
    later(bench)

    endings = expire_blocks(bench.desk, permit_managed_senders=True)

    assert all(one.is_well for one in endings), endings
    assert [one["type"] for one in bench.tenant.managed_senders()] == ["Permit"]


def test_nothing_ends_while_the_kill_switch_is_on(bench: Workbench) -> None:
    block(bench)
    later(bench)
    bench.policy = policy(kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        expire_blocks(bench.desk)
    assert len(bench.tenant.policies()) == 1


def test_one_block_that_cannot_be_ended_does_not_keep_the_others(bench_for: Callable[..., Workbench]) -> None:
    bench = bench_for(empty_tenant(), "1.0")
    block(bench)
    block(bench, sender="other@evil.example")
    later(bench)
    path = "/api/policy/blockedsenders/delete-policy"
    bench.tenant.faults.add(Fault("fail_in_200", path, times=1, code="err_policy_locked"))

    assert sorted(outcomes(expire_blocks(bench.desk))) == ["ended", "not ended"]
    assert outcomes(expire_blocks(bench.desk)) == ["ended"]
