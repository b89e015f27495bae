"""Several workers on one source, workers that sleep, workers that die: one writer, and nothing twice."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import Any

import pytest
from faults_checker import check_invariants, content, outcome
from sqlalchemy import select

from mailroom.store import Store
from mailroom.store.schema import actions, leases


def opened(site: Any) -> Store:
    return Store.open(site.store_url, blobs=site.blobs)


def let_leases_expire(site: Any) -> None:
    """Ten minutes pass for whoever holds a lease."""
    with opened(site) as store:
        earlier = store.run(store.db.now) - timedelta(minutes=10)
        store.run(lambda tx: tx.execute(leases.update().values(expires_at=earlier)))


def lease_token(site: Any) -> int:
    with opened(site) as store:
        query = select(leases.c.token).where(leases.c.name.like("source:%"))
        return int(store.db.read(lambda tx: tx.execute(query).scalar_one()))


# F5: a worker that was stopped for ten minutes wakes up when another has its lease
@pytest.mark.parametrize("point", ["ingest.before_list", "ingest.page_staged", "ingest.before_commit"])
def test_a_worker_that_slept_through_its_lease_writes_nothing_when_it_wakes(site: Any, point: str) -> None:
    sleeper = site.start(f"stop:{point}", steps="ingest")
    sleeper.wait_until_stopped()
    let_leases_expire(site)
    other = site.run()
    assert other.code == 0, other.report
    with opened(site) as store:
        before, token = content(store), lease_token(site)

    sleeper.go_on()

    assert sleeper.wait() == 3
    assert sleeper.report["error"] == "LeaseLostError"
    assert "Nothing of this batch was written" in sleeper.report["message"]
    with opened(site) as store:
        assert content(store) == before
        assert lease_token(site) == token
        check_invariants(store, site.tenant)


# F5: the same while it carries out actions; the other worker must not repeat what the sleeper may have sent
@pytest.mark.parametrize("point", ["ledger.claimed", "effect.before_send", "effect.after_send", "ledger.before_settle"])
def test_an_action_of_a_sleeping_worker_is_not_repeated_and_its_late_result_harms_nothing(
    site: Any, point: str
) -> None:
    sleeper = site.start(f"stop:{point}")
    sleeper.wait_until_stopped()

    other = site.run()
    assert other.code == 0, other.report
    applied = {(effect.kind, effect.hold_id) for effect in site.tenant.effects}
    assert len(applied) == len(site.tenant.effects)

    sleeper.go_on()
    assert sleeper.wait() == 0
    assert site.run().code == 0
    with opened(site) as store:
        check_invariants(store, site.tenant)


# F5: it slept so long that its actions were taken over as orphans
@pytest.mark.parametrize("point", ["effect.before_send", "effect.after_send"])
def test_actions_taken_over_from_a_sleeper_happen_once_even_if_it_wakes_and_sends_them(site: Any, point: str) -> None:
    sleeper = site.start(f"stop:{point}")
    sleeper.wait_until_stopped()
    with opened(site) as store:
        earlier = store.run(store.db.now) - timedelta(minutes=20)
        claimed = actions.c.state == "sending"
        store.run(lambda tx: tx.execute(actions.update().where(claimed).values(claimed_at=earlier)))

    other = site.run()
    assert other.code == 0, other.report
    looked_up = set(other.report["looked_up"])
    assert looked_up == ({"not_applied"} if "before" in point else {"applied", "not_applied"})  # one call of two is out
    sleeper.go_on()
    assert sleeper.wait() == 0

    assert site.run().code == 0
    with opened(site) as store:
        check_invariants(store, site.tenant)
    assert len(site.tenant.effects) == 9


# F8, F9: whoever comes while a cycle is under way is told so at once and does nothing
def test_workers_that_come_second_are_told_busy_within_two_seconds(site: Any) -> None:
    first = site.start("stop:ingest.after_list", steps="ingest")
    first.wait_until_stopped()
    with opened(site) as store:
        before = content(store)

    seconds = []
    for others in (1, 1, 1, 4):
        started = time.monotonic()
        for other in [site.start(steps="ingest") for _ in range(others)]:
            assert other.wait() == 3
            assert other.report["error"] == "BusyError"
            assert "is being worked on by" in other.report["message"]
        seconds.append(time.monotonic() - started)

    assert min(seconds) < 2.0  # nobody waits for the lease; the quickest of a few, because machines are busy too
    with opened(site) as store:
        assert content(store) == before
    first.go_on()
    assert first.wait() == 0
    assert site.run().code == 0
    with opened(site) as store:
        check_invariants(store, site.tenant)


# F8: all at once, whoever is first
@pytest.mark.parametrize("workers", [2, 8])
def test_workers_that_start_together_do_the_work_of_one(site: Any, workers: int) -> None:
    together = [site.start() for _ in range(workers)]
    codes = {worker.wait() for worker in together}

    assert codes <= {0, 3}
    assert {worker.report.get("error", "BusyError") for worker in together} == {"BusyError"}
    assert site.run().code == 0
    with opened(site) as store:
        check_invariants(store, site.tenant)
        assert len(outcome(store)) == 13
    assert len(site.tenant.effects) == 9


# F8: a worker that was killed does not keep its successor waiting for the end of its lease
def test_the_lease_of_a_killed_worker_is_taken_over_at_once(site: Any) -> None:
    assert site.run("kill:ingest.after_list").code == -signal.SIGKILL
    token = lease_token(site)

    assert site.run().code == 0

    assert lease_token(site) == token + 1
    with opened(site) as store:
        check_invariants(store, site.tenant)
        states = [run.state for run in reversed(store.runs.latest("ingest held"))]
        assert states == ["lost", "completed"]


# F4: SIGTERM ends the process; nothing is half-done, and the next one goes on
def test_a_worker_told_to_end_leaves_a_state_from_which_the_next_goes_on(site: Any) -> None:
    worker = site.start("stop:ingest.after_commit")
    worker.wait_until_stopped()
    os.kill(worker.pid, signal.SIGTERM)
    worker.go_on()
    assert worker.wait() == -signal.SIGTERM

    assert site.run().code == 0

    with opened(site) as store:
        check_invariants(store, site.tenant)
