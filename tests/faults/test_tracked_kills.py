"""SIGKILL at every step of the tracking connector, resume, and once more; on both databases.

One cycle counts the steps. Then, for each kind of step, the first and the last time it is taken: a fresh tenant and a
fresh store, a cycle killed at that step, a cycle to the end, and a third one that must change nothing. The result must
be the same as without the kill. MAILROOM_TEST_ALL_KILLS=1 takes every step.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults_checker import FINAL, rows
from mailroom_tests_small_tenant import INFO, PEOPLE, add, empty_tenant
from sqlalchemy import select

from mailroom.store import Store
from mailroom.store.schema import alerts, cursors, items, runs
from sandbox import serve
from sandbox.data.mail import Component

SETTINGS: dict[str, Any] = {
    "domains": ["northwind.example"], "statuses": ["held", "archived"], "max_hours_backwards": 12, "max_messages": 0,
    "time_limit": 0.0, "page_size": 4, "slice_size": 4, "workers": 3, "lowest_risk": "medium", "routes": ["inbound"],
    "overlap_minutes": 180,
}  # fmt: skip
FIRST, SECOND = {"alerted": 11, "filtered": 2}, {"alerted": 13, "filtered": 2, "duplicate": 2}
CALLS = {"first": 13, "second": 13 + 4 + 2}


def fill(tenant: Any) -> list[str]:
    """Messages of twelve hours: wanted ones, some below the risk, one of another route, one for several people."""
    held = []
    for number in range(11):
        parts = [Component("Email Primary Body Plain Text", "body.txt", "text/plain", 9, token=f"text {number}")]
        people = PEOPLE[:3] if number == 4 else PEOPLE[:1]
        held += add(tenant, f"note {number}", minutes=660 - 60 * number, to=people, risk="high", components=parts)[:1]
    for number in range(2):
        add(tenant, f"low {number}", minutes=500 - 200 * number, risk="low")
    add(tenant, "internal", minutes=100, risk="high", route="internal", from_addr=PEOPLE[1], from_env=PEOPLE[1])
    return held


def go_on(tenant: Any, held: list[str]) -> None:
    """Later: two are released and come back under other ids, two are new."""
    for hold_id in held[-2:]:
        assert tenant.admin_release(hold_id)
    for number in range(2):
        add(tenant, f"later {number}", minutes=number, risk="medium")


class Site:
    """A tenant, a store, and cycles in processes of their own."""

    def __init__(self, forks: Any, store_url: str, blobs: Path, url: str, tenant: Any) -> None:
        self._forks, self.store_url, self.blobs, self.url, self.tenant = forks, store_url, blobs, url, tenant
        self.held = fill(tenant)

    def run(self, fault: str = "", **wanted: str) -> Any:
        known = self.tenant.credentials_v2
        process = self._forks.start(
            fault, url=self.url, client_id=known.client_id, client_secret=known.client_secret, store=self.store_url,
            blobs=str(self.blobs), steps="track", tracked=json.dumps(SETTINGS), **wanted,
        )  # fmt: skip
        process.code = process.wait()
        return process

    def opened(self) -> Store:
        return Store.open(self.store_url, blobs=self.blobs)

    @property
    def detail_calls(self) -> int:
        return sum(call.path == INFO for call in self.tenant.calls)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def sites(request: pytest.FixtureRequest, forks: Any, memory_folder: Path, tmp_path: Path) -> Callable[[], Any]:
    """Makes one fresh site after the other."""
    numbers = iter(range(1, 10_000))

    @contextmanager
    def sqlite() -> Iterator[str]:
        folder = memory_folder / f"store-{next(numbers)}"
        folder.mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "store.db")
        yield f"sqlite:///{folder / 'store.db'}"
        shutil.rmtree(folder)

    @contextmanager
    def postgres() -> Iterator[str]:
        server = request.getfixturevalue("postgres")
        name = server.new_database(request.getfixturevalue("postgres_template"))
        yield str(server.url(name))
        server.drop_database(name)

    @contextmanager
    def site() -> Iterator[Site]:
        tenant = empty_tenant()
        with (sqlite if request.param == "sqlite" else postgres)() as store_url, serve(tenant) as server:
            yield Site(forks, store_url, tmp_path / f"blobs-{next(numbers)}", server.url, tenant)

    return site


def check_invariants(store: Store) -> None:
    """I1 to I4: nothing doubled, nothing undecided, every alert has its item, the cursor stands, the counts agree."""
    listed = rows(store, select(items.c.external_key, items.c.state, items.c.alert_id))
    assert max(Counter(row.external_key for row in listed).values()) == 1
    assert {row.state for row in listed} <= FINAL
    stored = rows(store, select(alerts.c.id, alerts.c.external_key, alerts.c.handling))
    assert max(Counter(row.external_key for row in stored).values()) == 1
    assert {row.alert_id for row in listed if row.state == "alerted"} == {row.id for row in stored}
    assert {row.handling for row in stored} == {"open"}
    assert rows(store, select(cursors.c.position))
    assert not [run for run in rows(store, select(runs.c.state)) if run.state == "running"]
    assert store.runs.conservation_violations() == []
    problems = store.check().problems
    assert not problems, problems


def outcome(store: Store) -> list[Any]:
    """Items and alerts without ids and times: equal for equal cycles."""
    query = select(items.c.state, alerts.c.title, alerts.c.priority, alerts.c.recipient)
    joined = items.outerjoin(alerts, alerts.c.id == items.c.alert_id)
    return sorted((row.state, row.title or "", row.priority or 0, row.recipient or "") for row in
                  rows(store, query.select_from(joined)))  # fmt: skip


def content(store: Store) -> dict[str, list[Any]]:
    """What a cycle with nothing to do leaves as it is; the cursor only moves on."""
    return {table.name: rows(store, select(table).order_by(table.c.id)) for table in (items, alerts)}


def chosen(names: list[str]) -> list[int]:
    """Numbers of the steps to be killed at, from 1: of each kind the first and the last."""
    every = range(1, len(names) + 1)
    if os.environ.get("MAILROOM_TEST_ALL_KILLS"):
        return list(every)
    last = {names[number - 1]: number for number in every}
    first = {names[number - 1]: number for number in reversed(every)}
    return sorted({*last.values(), *first.values()})


# F1, F4, F6: I1 to I4 hold after resuming, and what is stored is not fetched again
@pytest.mark.slow
@pytest.mark.parametrize("catch_up", ["", "1"], ids=["cycle", "catch-up"])
def test_a_cycle_killed_at_any_step_is_finished_by_the_next_and_the_third_changes_nothing(
    sites: Any, catch_up: str, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    with sites() as site:
        counted = site.run(f"count:{steps}", catch_up=catch_up)
        assert counted.code == 0, counted.report
        with site.opened() as store:
            check_invariants(store)
            assert store.items.counts() == FIRST
            expected = outcome(store)
        assert site.detail_calls == CALLS["first"]
    names = steps.read_text().split()
    assert {"tracked.page_staged", "stage.before_commit", "items.before_commit", "tracked.after_commit"} <= set(names)

    for number in chosen(names):
        where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
        with sites() as site:
            assert site.run(f"kill:#{number}", catch_up=catch_up).code == -signal.SIGKILL, where
            resumed = site.run(catch_up=catch_up)
            assert resumed.code == 0, f"{where}: {resumed.report}"
            with site.opened() as store:
                check_invariants(store)
                assert outcome(store) == expected, where
                assert site.detail_calls <= CALLS["first"] + SETTINGS["slice_size"], (
                    where
                )  # at most the slice on its way
                before, calls = content(store), site.detail_calls
                assert site.run(catch_up=catch_up).code == 0
                assert content(store) == before, where
                assert site.detail_calls == calls, where


# F1: the second cycle meets what is known, what came back under another id, and what is new
@pytest.mark.slow
def test_a_later_cycle_killed_at_any_step_recognises_what_it_knows(sites: Any, tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    with sites() as site:
        assert site.run().code == 0
        go_on(site.tenant, site.held)
        assert site.run(f"count:{steps}").code == 0
        with site.opened() as store:
            check_invariants(store)
            assert store.items.counts() == SECOND
            expected = outcome(store)
        assert site.detail_calls == CALLS["second"]
    names = steps.read_text().split()

    for number in chosen(names):
        where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
        with sites() as site:
            assert site.run().code == 0
            go_on(site.tenant, site.held)
            assert site.run(f"kill:#{number}").code == -signal.SIGKILL, where
            assert site.run().code == 0, where
            with site.opened() as store:
                check_invariants(store)
                assert outcome(store) == expected, where
                before = content(store)
                assert site.run().code == 0
                assert content(store) == before, where
