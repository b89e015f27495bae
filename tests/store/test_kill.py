"""Kill a process at every fault point, run again to the end, run a third time: nothing lost, doubled or done twice.

Each run is a child process (forked, so that it starts in milliseconds) with its own connections. The effect on the
outside world is a line appended to a file, written between claim and result as a real product would do it.
"""

from __future__ import annotations

import importlib
import os
import signal
import traceback
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import mailroom.errors
import mailroom.faults
from mailroom.store import ActionResult, NewAction, NewAlert, NewVerdict, Settled, StagedItem, Store
from mailroom.store.migrations import REVISIONS

START = datetime(2026, 3, 1, tzinfo=UTC)
QUEUE = [f"hold-{number}" for number in range(5)]


def in_child(work, fault: str = "") -> int:
    """Run `work` in a forked process with `MAILROOM_FAULT`; returns the exit code, negative for a signal."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.environ["MAILROOM_FAULT"] = fault
            importlib.reload(mailroom.faults)  # same namespace: `faultpoint`, wherever imported, sees the new plan
            work()
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def playbook(url: str, folder: Path) -> None:
    """A whole cycle against a world that consists of a list and a file: list, settle, judge, act, resolve."""
    effects = folder / "effects"
    with Store.open(url, blobs=folder / "blobs") as store:
        source = store.sources.ensure("northwind", "held", "queue", "1.0")
        lease = store.leases.acquire("queue")
        run_id = store.runs.start("ingest", source_id=source.id)
        store.runs.close_lost(source.id, but=run_id)
        for page in (QUEUE[:3], QUEUE[3:]):
            rows = [StagedItem(key, "", START + timedelta(seconds=int(key[5:])), {"id": key}) for key in page]
            store.items.stage(source.id, run_id, rows, lease)
        ends: Counter[str] = Counter()
        while items := store.items.pending(source.id, limit=2):
            settled = [settle_one(item.id, item.external_key, item.received_at) for item in items]
            ends.update(
                store.items.settle(source.id, run_id, settled, cursor=items[-1].received_at, lease=lease).values()
            )
        store.runs.finish(run_id, "completed", {"fetched": sum(ends.values()), **ends})
        while alerts := store.alerts.untriaged(2):
            store.verdicts.record(
                [NewVerdict(alert.id, run_id, "spam", 50, 0.5, 60, "rules", "T1", [{"r": 1}]) for alert in alerts]
            )
        wanted = [
            NewAction("northwind", alert.id, "reject", alert.hold_id, f"disposition:{alert.hold_id}")
            for alert in store.alerts.list(after_id=0)
        ]
        store.ledger.intend_many(wanted)
        resolve(store, effects)
        for action in store.ledger.to_do():
            for claimed in store.ledger.claim([action.id], owner=lease.owner):
                with effects.open("a") as log:
                    log.write(claimed.target + "\n")
                mailroom.faults.faultpoint("test.effect_done")
                store.ledger.settle([ActionResult(claimed.id, "applied", handling="rejected")])
        store.leases.release(lease)


def settle_one(item_id: int, key: str, at: datetime) -> Settled:
    if key == QUEUE[1]:
        return Settled(item_id, "quarantined", "unreadable", quarantine=b"raw")
    alert = NewAlert(key, "northwind", "t", "a@b.example", "b.example", "c@d.example", at, 40, 40, hold_id=key)
    return Settled(item_id, "alerted", alert=alert)


def resolve(store: Store, effects: Path) -> None:
    """What was sent and not confirmed is looked up, never repeated."""
    store.ledger.adopt_orphans()
    done = effects.read_text().split() if effects.exists() else []
    results = []
    for action in store.ledger.open_effects():
        applied = action.target in done
        results.append(
            ActionResult(action.id, "applied" if applied else "not_applied", handling="rejected" if applied else "")
        )
    store.ledger.settle(results)


def picture(url: str, folder: Path) -> dict[str, object]:
    """All that must be equal however often the run was interrupted (ids, times and numbers of runs excepted)."""
    with Store.open(url, blobs=folder / "blobs") as store:
        alerts = store.alerts.list(limit=100)
        return {
            "problems": store.check().problems,
            "items": store.items.counts(),
            "alerts": sorted((alert.external_key, alert.handling, alert.priority) for alert in alerts),
            "verdicts": [len(store.verdicts.history(alert.id)) for alert in alerts],
            "actions": sorted((a.target, a.state) for alert in alerts for a in store.ledger.for_alert(alert.id)),
            "cursor": store.cursors.get(store.sources.ensure("northwind", "held", "queue", "1.0").id),
            "effects": sorted((folder / "effects").read_text().split()),
            "applied events": store.db.read(
                lambda tx: tx.execute(text("SELECT count(*) FROM case_events WHERE kind = 'action.applied'")).scalar()
            ),
            "fetched": store.db.read(
                lambda tx: tx.execute(text("SELECT max(fetched) >= 0 FROM runs WHERE state = 'completed'")).scalar()
            ),
        }


@pytest.fixture
def fresh(request, tmp_path, store_url, sqlite_template):
    """Gives (url, folder) of a fresh store as often as it is asked."""
    server = None if store_url.startswith("sqlite") else request.getfixturevalue("postgres")
    names = []

    def make() -> tuple[str, Path]:
        folder = tmp_path / f"world{len(names)}"
        folder.mkdir()
        if server is None:
            (folder / "store.db").write_bytes(sqlite_template.read_bytes())
            names.append("")
            return f"sqlite:///{folder / 'store.db'}", folder
        if names:
            server.drop_database(names[-1])
        names.append(server.new_database(request.getfixturevalue("postgres_template")))
        return server.url(names[-1]), folder

    yield make
    if server is not None and names:
        server.drop_database(names[-1])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_anywhere_the_next_run_completes_and_the_third_changes_nothing(fresh):
    url, folder = fresh()
    assert in_child(partial(playbook, url, folder), f"count:{folder / 'points'}") == 0
    points = (folder / "points").read_text().split()
    expected = picture(url, folder)
    assert expected["problems"] == ()
    assert len(expected["effects"]) == 4
    assert {"stage.before_commit", "items.before_commit", "ledger.claimed", "ledger.before_settle"} <= set(points)

    for number, point in enumerate(points, 1):
        if number not in worth_killing_at(points, url):
            continue
        url, folder = fresh()
        assert in_child(partial(playbook, url, folder), f"kill:#{number}") == -signal.SIGKILL, point
        assert in_child(partial(playbook, url, folder)) == 0, f"the run after a kill at {number} {point}"
        assert picture(url, folder) == expected, f"killed at {number} {point}"
        assert in_child(partial(playbook, url, folder)) == 0
        assert picture(url, folder) == expected, f"third run after a kill at {number} {point}"


def worth_killing_at(points: list[str], url: str) -> set[int]:
    """All of them on SQLite; on PostgreSQL, where each costs seconds, every kind of point the first and last time."""
    if url.startswith("sqlite") or os.environ.get("MAILROOM_TEST_ALL_KILLS"):
        return set(range(1, len(points) + 1))
    last = {point: number for number, point in enumerate(points, 1)}
    first = {point: number for number, point in reversed(list(enumerate(points, 1)))}
    return {*first.values(), *last.values()}


@pytest.fixture
def bare(request, tmp_path):
    """Gives addresses of databases without any tables."""

    def make(kind: str, number: int) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'bare{number}' / 'store.db'}"
        server = request.getfixturevalue("postgres")
        return server.url(server.new_database())

    return make


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_migration_killed_half_way_leaves_the_old_schema_and_is_made_good(bare, kind):
    steps = len(REVISIONS) + 1  # each step, and the last moment before the commit
    points = ["migration.step"] * len(REVISIONS) + ["migration.before_commit"]
    for number in range(1, steps + 1):
        url = bare(kind, number)
        point = points[number - 1]
        nth = number if point == "migration.step" else 1
        assert in_child(lambda: Store.open(url).close(), f"kill:{point}:{nth}") == -signal.SIGKILL  # noqa: B023
        engine = create_engine(url)
        with engine.connect() as connection:
            names = engine.dialect.get_table_names(connection)
        engine.dispose()
        assert names == []
        with Store.open(url) as store:
            assert store.check().ok


def test_a_stopped_worker_that_lost_its_lease_cannot_write_when_it_wakes(store, store_url, world, tmp_path):
    world.stage([1])

    def slow_worker() -> None:
        with Store.open(store_url, blobs=tmp_path / "blobs") as own:
            lease = own.leases.acquire("queue", "slow", ttl=timedelta(0))
            [item] = own.items.pending(world.source.id, limit=1)
            mailroom.faults.faultpoint("test.nap")
            own.items.settle(world.source.id, None, [Settled(item.id, "gone")], lease=lease)

    child = os.fork()
    if child == 0:
        os.environ["MAILROOM_FAULT"] = "stop:test.nap"
        importlib.reload(mailroom.faults)
        try:
            slow_worker()
            os._exit(0)
        except mailroom.errors.LeaseLostError:
            os._exit(3)
        finally:
            os._exit(70)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    store.leases.acquire("queue", "quick")
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 3
    assert store.items.counts() == {"listed": 1}
