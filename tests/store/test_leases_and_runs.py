import os
import subprocess
import sys
from datetime import timedelta

import pytest

from mailroom.errors import BusyError, LeaseLostError, NotFoundError
from mailroom.store import owner_is_dead, process_owner


def test_only_one_worker_gets_the_lease(store):
    store.leases.acquire("hold queue", "worker one")

    with pytest.raises(BusyError, match=r"worker one until .* UTC"):
        store.leases.acquire("hold queue", "worker two")


def test_a_released_lease_is_free_and_the_token_still_grows(store):
    first = store.leases.acquire("hold queue", "worker one")
    store.leases.release(first)
    second = store.leases.acquire("hold queue", "worker two")

    assert second.token > first.token
    store.leases.release(first)  # too late: harmless
    with pytest.raises(BusyError):
        store.leases.acquire("hold queue", "worker three")


def test_an_expired_lease_is_taken_over_and_fences_the_old_worker(store):
    old = store.leases.acquire("hold queue", "old", ttl=timedelta(0))
    store.leases.renew(old, ttl=timedelta(0))  # nobody took it: still good
    store.leases.acquire("hold queue", "new")

    with pytest.raises(LeaseLostError), store.transaction() as tx:
        store.leases.check(tx, old)
    with pytest.raises(LeaseLostError):
        store.leases.renew(old)


def test_a_dead_process_of_this_machine_does_not_block_its_successor(store):
    code = "from mailroom.store import process_owner; print(process_owner('ingest'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    dead = done.stdout.strip()
    first = store.leases.acquire("hold queue", dead)

    assert owner_is_dead(dead)
    assert store.leases.acquire("hold queue", process_owner("ingest")).token == first.token + 1


def test_nothing_is_concluded_about_strangers_and_the_living(store):
    mine = process_owner("ingest")
    assert not owner_is_dead(mine)
    assert not owner_is_dead("someone")
    assert not owner_is_dead("ingest/other-machine/1/1/abc")
    assert not owner_is_dead(mine.replace(f"/{os.getpid()}/", "/x/"))


def test_a_run_keeps_its_counts(store, world):
    run_id = store.runs.start("ingest", source_id=world.source.id, flow_run_id="f-1", parameters={"hours": 24})
    store.runs.finish(run_id, "completed", {"fetched": 3, "alerted": 2, "gone": 1, "seconds": 1.5}, "done")

    run = store.runs.get(run_id)
    assert (run.state, run.message, run.parameters) == ("completed", "done", {"hours": 24})
    assert run.counts["fetched"] == 3
    assert run.counts["seconds"] == 1.5
    assert run.finished_at >= run.started_at
    assert [found.id for found in store.runs.latest("ingest", 1)] == [run_id]
    assert store.runs.conservation_violations() == []
    with pytest.raises(NotFoundError):
        store.runs.get(run_id + 1)
    with pytest.raises(NotFoundError):
        store.runs.finish(run_id + 1, "completed")


def test_an_item_that_got_lost_between_the_counts_is_found(store, world):
    run_id = store.runs.start("ingest", source_id=world.source.id)
    store.runs.finish(run_id, "completed", {"fetched": 3, "alerted": 1, "duplicate": 1})

    assert [run.id for run in store.runs.conservation_violations()] == [run_id]
    assert any(f"Run {run_id}" in problem for problem in store.check().problems)


def test_a_run_that_never_ended_is_marked_by_its_successor(store, world):
    lost = store.runs.start("ingest", source_id=world.source.id)
    successor = store.runs.start("ingest", source_id=world.source.id)

    assert store.runs.close_lost(world.source.id, but=successor) == 1
    assert store.runs.get(lost).state == "lost"
    assert store.runs.get(successor).state == "running"


def test_parts_of_a_work_are_held_side_by_side_and_the_whole_only_alone(store):
    north = store.leases.acquire("triage", "worker one", part="north")
    south = store.leases.acquire("triage", "worker two", part="south")
    for part in ("north", ""):
        with pytest.raises(BusyError, match="worker"):
            store.leases.acquire("triage", "worker three", part=part)

    store.leases.release(north)
    store.leases.release(south)
    store.leases.acquire("triage", "worker three", part="")
    with pytest.raises(BusyError, match="worker three"):
        store.leases.acquire("triage", "worker one", part="north")


def test_whoever_slept_over_a_part_loses_it_to_the_whole_and_the_other_way_round(store):
    asleep = store.leases.acquire("triage", "sleeper", ttl=timedelta(0), part="north")
    whole = store.leases.acquire("triage", "all", ttl=timedelta(0), part="")
    with pytest.raises(LeaseLostError):
        store.leases.renew(asleep)

    part = store.leases.acquire("triage", "one", part="north")
    with pytest.raises(LeaseLostError):
        store.leases.renew(whole)
    store.leases.renew(part)
