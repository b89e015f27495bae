"""Runs of deployments, each in a process of its own that a worker starts: failing, retried, killed, overlapping."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.ingest_held_messages_then_triage import ingest_held_messages_then_triage

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


def _effect_runs(worker: Any, run: Any, since: datetime | None = None, at_least: int = 1) -> Counter[str]:
    """State name -> number of effect task runs; with `since`, only of those that began after it."""
    states: Counter[str] = Counter()
    for task in worker.task_runs(run, at_least=at_least):
        if task.name.startswith(("Release Message: ", "Reject Message: ")) and (
            since is None or (task.start_time is not None and task.start_time > since)
        ):
            states[task.state.name] += 1
    return states


def test_retry_in_the_ui_redoes_only_what_was_not_applied(worker: Any, make_world: Any, helper: Any) -> None:
    world = make_world(40)
    world.save_blocks()
    world.break_calls(
        "fail_in_200", helper.REJECT, times=3, code="err_held_message_locked", message="Message is locked"
    )

    first = worker.run(helper.INGEST, **world.names)

    assert first.state.name == "Failed"
    done = world.applied()
    assert len(done) > 5
    said = f"3 of {len(done) + 3} actions were not applied; first: reject for alert"
    assert said in first.state.message
    assert f"Retry redoes only these 3; the {len(done)} applied ones are left alone." in first.state.message
    effects = _effect_runs(worker, first.id, at_least=len(done) + 3 + 4)
    assert effects == {"Completed": len(done), "Failed": 3}

    second = worker.retry(first.id)

    assert second.state.name == "Completed", second.state.message
    assert second.run_count == 2
    assert len(world.applied()) == len(done) + 3
    world.check()
    again = _effect_runs(worker, first.id, since=first.end_time, at_least=len(done) + 3 + 4 + 3 + 4)
    assert again == {"Completed": 3}, "the second attempt ran other actions than the three that had failed"


def test_a_run_killed_in_the_middle_of_its_actions_is_finished_by_retry(
    worker: Any, make_world: Any, helper: Any
) -> None:
    world = make_world(40)
    world.save_blocks()
    for path in (helper.RELEASE, helper.REJECT):
        world.break_calls("slow", path, times=None, seconds=3.0)
    run = worker.begin(helper.INGEST, **world.names)
    worker.wait_until(lambda: len(world.tenant.effects) >= 3)

    os.kill(worker.pid_of(run), signal.SIGKILL)

    crashed = worker.wait(run)
    assert crashed.state.name == "Crashed"
    world.tenant.faults.clear()
    before = world.applied()
    ledger = world.ledger()
    assert ledger["sending"] > 0, "the kill hit nothing that was on its way; this test shows less than it says"
    wanted = ledger.total()

    second = worker.retry(run)

    assert second.state.name == "Completed", second.state.message
    after = world.applied()
    assert before <= after
    assert len(after) == wanted
    assert set(world.ledger()) == {"applied"}
    world.check()

    assert world.run(ingest_held_messages_then_triage).is_completed()
    assert world.applied() == after


def test_a_run_that_would_overlap_is_skipped(worker: Any, make_world: Any, helper: Any) -> None:
    world = make_world(10)
    world.save_blocks()
    slow = world.break_calls("slow", helper.LIST, times=None, seconds=8.0)
    first = worker.begin(helper.INGEST, **world.names)
    worker.wait_until(lambda: slow.hits > 0)

    skipped = worker.wait(worker.begin(helper.INGEST, **world.names))

    assert skipped.state.name == "Cancelled"
    assert "concurrency limit" in skipped.state.message
    world.tenant.faults.clear()
    assert worker.wait(first).state.name == "Completed"
    with get_client(sync_client=True) as client:
        limits = client.read_global_concurrency_limits(limit=200)
    taken = {limit.name for limit in limits if limit.active_slots}
    assert not {name for name in taken if name.startswith("deployment:") or world.name in name}
    world.check()
