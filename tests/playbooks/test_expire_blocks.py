"""Blocks end when their time is over: ours, once, and only as we left them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import PEOPLE, Workbench, empty_tenant, policy

from mailroom.errors import RefusedError
from mailroom.mimecast.policies import PolicyWish, create_policy, get_policy, update_policy
from mailroom.playbooks import block_sender as blocking
from mailroom.playbooks.block_sender import BlockForm
from mailroom.playbooks.expire_blocks import Ending, expire_blocks
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
        bench.client, known.id, replace(PolicyWish.again(known), comment="", description="ours now", end=None)
    )
    later(bench)

    (ending,) = expire_blocks(bench.desk)

    assert ending.outcome == "left alone"
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
