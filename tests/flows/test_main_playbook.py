"""Ingest held messages then triage, in this process, against a real Prefect server."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency

from flows.check_connections import check_connections
from flows.ingest_held_messages_then_triage import ingest_held_messages_then_triage
from flows.retry_failed_triage import retry_failed_triage
from tasks import _open

pytestmark = pytest.mark.prefect

STEPS = ["Ingest Held Messages", "Look Up Unknown Outcomes", "Publish Triage Report", "Triage Alerts"]


def test_the_hold_queue_becomes_alerts_verdicts_and_actions(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(60)
    world.save_blocks()
    held = len(world.tenant.hold_queue())

    state = world.run(ingest_held_messages_then_triage)

    assert state.is_completed()
    counts = state.result()
    assert counts["fetched"] == counts["alerted"] == held
    assert sum(counts["verdicts"].values()) == held
    assert sum(counts["actions"].values()) == len(world.tenant.effects) > 10
    assert counts["unknown"] == 0
    assert set(world.ledger()) == {"applied"}
    world.check()
    shown = helper.artifacts(helper.run_id(state))
    assert {"triage-table", "triage-summary"} <= shown.keys()

    again = world.run(ingest_held_messages_then_triage)

    assert again.is_completed()
    repeated = again.result()
    assert repeated["alerted"] == 0
    assert repeated["actions"] == {}
    assert sum(world.applied().values()) == sum(counts["actions"].values())
    world.check()


def test_a_dry_run_changes_nothing_and_shows_what_it_would_do(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(40)
    world.save_blocks()

    state = world.run(ingest_held_messages_then_triage, dry_run=True)

    assert state.is_completed()
    assert not world.tenant.effects
    assert not world.ledger()
    with world.opened() as store:
        assert not store.verdicts.current_many([alert.id for alert in world.alerts()])
    assert "would" in helper.artifacts(helper.run_id(state))["triage-table"]


def test_a_policy_that_observes_acts_on_nothing(api: Any, make_world: Any) -> None:
    world = make_world(40)
    world.save_blocks(release="observe", reject="observe")

    state = world.run(ingest_held_messages_then_triage)

    assert state.is_completed()
    assert state.result()["verdicts"]
    assert not world.tenant.effects
    assert not world.ledger()


def test_an_action_that_fails_fails_the_run_and_says_what_retry_does(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(40)
    world.save_blocks()
    world.break_calls(
        "fail_in_200", helper.REJECT, times=3, code="err_held_message_locked", message="Message is locked"
    )

    state = world.run(ingest_held_messages_then_triage)

    assert state.is_failed()
    done = sum(world.applied().values())
    assert done > 5
    assert f"3 of {done + 3} actions were not applied; first: reject for alert" in state.message
    assert "Message is locked" in state.message
    assert f"Retry redoes only these 3; the {done} applied ones are left alone." in state.message
    assert world.ledger() == {"applied": done, "failed": 3}
    assert (
        "3 actions were not applied. Retry redoes only these."
        in helper.artifacts(helper.run_id(state))["triage-summary"]
    )

    assert world.run(retry_failed_triage).is_completed()
    assert world.ledger() == {"applied": done + 3}
    world.check()


def test_the_steps_of_a_cycle_stay_the_same_however_many_messages_there_are(
    api: Any, make_world: Any, helper: Any
) -> None:
    seen: dict[int, tuple[list[str], int]] = {}
    for messages in (30, 120):
        world = make_world(messages)
        world.save_blocks()
        state = world.run(ingest_held_messages_then_triage)
        actions = sum(world.applied().values())
        names = [task.name for task in api.task_runs(helper.run_id(state), at_least=actions + len(STEPS))]
        steps = sorted(name for name in names if not name.startswith(("Release", "Reject")))
        assert len(names) - len(steps) == actions
        seen[messages] = steps, actions
    assert seen[30][0] == seen[120][0] == STEPS
    assert seen[120][1] > 2 * seen[30][1]


def test_the_kill_switch_stops_a_run_that_is_under_way(
    api: Any, make_world: Any, helper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_open, "_POLICY_SECONDS", 0.5)
    world = make_world(180)
    world.save_blocks()
    for path in (helper.RELEASE, helper.REJECT):
        world.break_calls("slow", path, times=None, seconds=3.0)  # saving the policy takes a moment, too
    ended: list[Any] = []
    flow = threading.Thread(
        target=copy_context().run, args=(lambda: ended.append(world.run(ingest_held_messages_then_triage)),)
    )
    flow.start()
    helper.wait_for(lambda: len(world.tenant.effects) >= 4)
    world.save_policy(kill_switch=True)
    thrown = time.monotonic()
    before = len(world.tenant.effects)
    flow.join(600)
    took = time.monotonic() - thrown

    assert ended[0].is_failed()
    assert "The kill switch of the triage policy is on: nothing is changed until it is off." in ended[0].message
    after = len(world.tenant.effects) - before
    assert after <= 8 * 3, "eight threads, at most half a second until they see it, and what was on the wire"
    assert took < 30
    ledger = world.ledger()
    assert ledger["intended"] > 10
    assert ledger["applied"] == before + after

    world.tenant.faults.clear()
    world.save_policy()
    assert world.run(retry_failed_triage).is_completed()
    assert set(world.ledger()) == {"applied"}
    world.check()


# the tenant's slots -------------------------------------------------------------------------------------------------


def _limit(name: str) -> Any:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(f"mimecast-{name}")


def test_a_run_holds_one_slot_of_its_tenant_and_gives_it_back(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(5)
    world.save_blocks()
    world.break_calls("slow", helper.LIST, times=1, seconds=1.5)
    ended: list[Any] = []
    flow = threading.Thread(
        target=copy_context().run, args=(lambda: ended.append(world.run(ingest_held_messages_then_triage)),)
    )
    flow.start()
    helper.wait_for(lambda: any(call.path == helper.LIST for call in world.tenant.calls) or bool(ended))
    during = _limit(world.name)
    flow.join(600)
    assert ended[0].is_completed()
    assert (during.limit, during.active_slots) == (2, 1)
    assert _limit(world.name).active_slots == 0


def test_a_failed_run_gives_its_slot_back(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(5)
    world.save_blocks()
    world.break_calls("status", "/api/account/get-account", status=403, times=None)
    assert world.run(ingest_held_messages_then_triage).is_failed()
    assert _limit(world.name).active_slots == 0


def test_a_run_waits_while_all_slots_of_its_tenant_are_taken(
    api: Any, make_world: Any, helper: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world = make_world(5)
    world.save_blocks()
    ended: list[Any] = []
    flow = threading.Thread(
        target=copy_context().run, args=(lambda: ended.append(world.run(ingest_held_messages_then_triage)),)
    )
    assert world.run(check_connections).type.value in {"COMPLETED", "FAILED"}  # makes the limit
    calls = len(world.tenant.calls)
    with concurrency(f"mimecast-{world.name}", occupy=2, strict=True):
        flow.start()
        helper.wait_for(lambda: "are taken; waiting for one" in caplog.text)
        assert len(world.tenant.calls) == calls
    flow.join(600)
    assert ended[0].is_completed()
    assert _limit(world.name).active_slots == 0
