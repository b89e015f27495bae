"""The whole playbook over a store in trouble: locked, full, not writable, restarted under its feet."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from faults_checker import check_invariants, content, outcome

from mailroom.store import Store


@pytest.fixture
def sqlite_site(sites: Callable[[str], Any], sqlite_url: str) -> Iterator[Any]:
    with sites(sqlite_url) as site:
        yield site


@pytest.fixture
def postgres_site(sites: Callable[[str], Any], postgres_url: str) -> Iterator[Any]:
    with sites(postgres_url) as site:
        yield site


def opened(site: Any) -> Store:
    return Store.open(site.store_url, blobs=site.blobs)


def file_of(site: Any) -> Path:
    return Path(site.store_url.removeprefix("sqlite:///"))


def finishes(site: Any) -> None:
    """One undisturbed cycle ends everything as it should."""
    last = site.run()
    assert last.code == 0, last.report
    with opened(site) as store:
        check_invariants(store, site.tenant)
        assert len(outcome(store)) == 13
    assert len(site.tenant.effects) == 9


# F46: for longer than anyone wants to wait
@pytest.mark.parametrize("point", ["ingest.before_list", "ingest.after_list", "ingest.before_commit", "triage.ruled"])
def test_a_store_that_stays_locked_ends_the_cycle_by_name_with_nothing_half_written(
    sqlite_site: Any, point: str
) -> None:
    worker = sqlite_site.start(f"stop:{point}", busy_seconds="0.2")
    worker.wait_until_stopped()
    with opened(sqlite_site) as store:
        before = content(store)
    with closing(sqlite3.connect(file_of(sqlite_site), isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        worker.go_on()
        assert worker.wait() == 3
        somebody.execute("ROLLBACK")

    assert worker.report["error"] == "StoreBusyError"
    assert "is locked by another process" in worker.report["message"]
    with opened(sqlite_site) as store:
        assert content(store) == before
    finishes(sqlite_site)


# F46: for a moment
def test_a_lock_that_ends_in_time_is_waited_for(sqlite_site: Any) -> None:
    worker = sqlite_site.start("stop:ingest.after_list")
    worker.wait_until_stopped()
    with closing(sqlite3.connect(file_of(sqlite_site), isolation_level=None, check_same_thread=False)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        worker.go_on()
        timer = threading.Timer(0.3, somebody.execute, ("ROLLBACK",))
        timer.start()
        assert worker.wait() == 0
        timer.join()

    finishes(sqlite_site)


# F47: full at one write after another, until there is room enough
def test_a_disk_that_is_full_at_any_write_loses_and_doubles_nothing(
    sites: Callable[[str], Any], sqlite_template: Path, memory_folder: Path
) -> None:
    ends = set()
    for kilobytes in (0, 1, 40, 80, 120, 160, 200, 240, 300, 360, 420, 480, 560, 640):
        folder = memory_folder / "store"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        shutil.copy(sqlite_template, folder / "store.db")
        with sites(f"sqlite:///{folder / 'store.db'}") as site:
            worker = site.run(file_limit=str(kilobytes * 1_024))
            ends.add(worker.report.get("error", "none"))
            assert worker.code == (3 if "error" in worker.report else 0)
            finishes(site)

    assert ends == {"StoreUnavailableError", "none"}  # full in some of them, and named as such


# F48
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("mode", [0o500, 0o700])
def test_a_store_that_cannot_be_written_fails_before_the_tenant_is_asked_anything(
    sqlite_site: Any, mode: int, memory_folder: Path
) -> None:
    stranger = pwd.getpwnam("nobody")
    memory_folder.chmod(0o755)
    folder = memory_folder / "store"
    shutil.copytree(file_of(sqlite_site).parent, folder)
    if mode == 0o500:  # its own folder, read-only; otherwise somebody else's folder
        for path in (folder, folder / "store.db"):
            os.chown(path, stranger.pw_uid, stranger.pw_gid)
        (folder / "store.db").chmod(0o400)
    folder.chmod(mode)

    worker = sqlite_site.run(store=f"sqlite:///{folder / 'store.db'}", user=str(stranger.pw_uid), report="")

    assert worker.code == 3
    assert [call for call in sqlite_site.tenant.calls if "sandbox" not in call.path] == []


# F50: the server crashes and comes back while a cycle waits at a step
@pytest.mark.postgres
@pytest.mark.parametrize(
    "point",
    [
        "stage.before_commit", "ingest.before_commit", "items.before_commit", "items.after_commit",
        "verdicts.before_commit", "triage.ruled", "ledger.claimed", "effect.after_send", "ledger.before_settle",
    ],
)  # fmt: skip
def test_a_database_that_crashes_and_restarts_costs_nothing_but_time(
    postgres_site: Any, postgres: Any, point: str
) -> None:
    worker = postgres_site.start(f"stop:{point}")
    worker.wait_until_stopped()
    postgres.stop_immediately()
    postgres.start_again()
    worker.go_on()

    assert worker.wait() == 0, worker.report

    finishes(postgres_site)


# F50: its connections are killed inside one transaction after the other
@pytest.mark.postgres
@pytest.mark.slow
def test_connections_killed_inside_any_transaction_cost_nothing_but_a_repeat(
    sites: Callable[[str], Any], postgres: Any, postgres_template: str, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    name = postgres.new_database(postgres_template)
    with sites(postgres.url(name)) as site:
        assert site.run(f"count:{steps}").code == 0
    postgres.drop_database(name)
    commits = steps.read_text().split().count("store.before_commit")
    assert commits > 10

    for number in range(1, commits + 1, 3):
        name = postgres.new_database(postgres_template)
        with sites(postgres.url(name)) as site:
            worker = site.start(f"stop:store.before_commit:{number}")
            worker.wait_until_stopped()
            postgres.kill_backends(name)
            worker.go_on()
            assert worker.wait() == 0, f"commit {number}: {worker.report}"
            finishes(site)
        postgres.drop_database(name)


# F2, F50: killed together with its database
@pytest.mark.postgres
def test_a_cycle_that_dies_together_with_its_database_is_finished_later(postgres_site: Any, postgres: Any) -> None:
    worker = postgres_site.start("stop:effect.after_send")
    worker.wait_until_stopped()
    os.kill(worker.pid, signal.SIGKILL)
    postgres.stop_immediately()
    assert worker.wait() == -signal.SIGKILL
    postgres.start_again()

    finishes(postgres_site)
