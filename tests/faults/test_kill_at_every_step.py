"""SIGKILL at every step of the whole playbook, resume, and once more.

One run counts the steps. Then, for each step: a fresh tenant and a fresh store, a cycle killed at that step, a cycle
to the end, and a third one that must change nothing. The result must be the same as without the kill.

On SQLite that is done for every step of a cycle with effects in batches. A kill costs a second or more, so elsewhere
each kind of step is taken once: on PostgreSQL, and, one action at a time (as the flow does it), the steps of the
actions the first and the last time. MAILROOM_TEST_ALL_KILLS=1 takes all of them everywhere.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults_checker import check_invariants, content, outcome

from mailroom.store import Store


class Databases:
    """Fresh stores of one kind, one after the other."""

    def __init__(self, kind: str, make: Iterator[str]) -> None:
        self.kind, self._make = kind, make

    def fresh(self) -> str:
        return next(self._make)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest, memory_folder: Path) -> Databases:
    def sqlite(template: Path) -> Iterator[str]:
        while True:
            folder = memory_folder / "store"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            shutil.copy(template, folder / "store.db")
            yield f"sqlite:///{folder / 'store.db'}"

    def postgres(server: Any, template: str) -> Iterator[str]:
        while True:
            name = server.new_database(template)
            yield server.url(name)
            server.drop_database(name)

    if request.param == "sqlite":
        return Databases("sqlite", sqlite(request.getfixturevalue("sqlite_template")))
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    return Databases("postgres", postgres(server, template))


def chosen(names: list[str], kind: str, each: str) -> list[int]:
    """Numbers of the steps to be killed at, from 1."""
    begin = names.index("triage.ruled") + 1 if each else 0  # up to there both ways are the same
    every = range(begin + 1, len(names) + 1)
    if os.environ.get("MAILROOM_TEST_ALL_KILLS") or (kind, each) == ("sqlite", ""):
        return list(every)
    last = {names[number - 1]: number for number in every}
    first = {names[number - 1]: number for number in reversed(every)} if kind == "sqlite" else {}
    return sorted({*last.values(), *first.values()})


# F1, F2: killed in the ingest, in the triage, and before, during and after each action
@pytest.mark.slow
@pytest.mark.parametrize("each", ["", "1"], ids=["in_batches", "one_by_one"])
def test_a_cycle_killed_at_any_step_is_finished_by_the_next_and_the_third_changes_nothing(
    sites: Any, databases: Databases, each: str, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    with sites(databases.fresh()) as site:
        assert site.run(f"count:{steps}", each=each).code == 0
        with Store.open(site.store_url, blobs=site.blobs) as store:
            check_invariants(store, site.tenant)
            expected = outcome(store)
    kinds = Counter(effect.kind for effect in site.tenant.effects)
    assert kinds == {"release": 4, "reject": 5}  # both happen, or the test would prove nothing
    names = steps.read_text().split()
    assert {"ingest.before_commit", "triage.batch_recorded", "effect.before_send", "effect.after_send"} <= set(names)

    for number in chosen(names, databases.kind, each):
        with sites(databases.fresh()) as site:
            where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
            assert site.run(f"kill:#{number}", each=each).code == -signal.SIGKILL, where
            resumed = site.run(each=each)
            assert resumed.code == 0, f"{where}: {resumed.report}"
            with Store.open(site.store_url, blobs=site.blobs) as store:
                check_invariants(store, site.tenant)
                assert outcome(store) == expected, where
                before, effects = content(store), list(site.tenant.effects)
                assert site.run(each=each).code == 0
                assert content(store) == before, where
                assert site.tenant.effects == effects


# F2: what resumes can be killed too, also while it looks up what the first one may have sent
@pytest.mark.slow
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("first", ["ledger.claimed", "effect.after_send"])
def test_a_cycle_killed_again_while_it_resumes_is_finished_by_the_third(
    sites: Any, databases: Databases, first: str, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    with sites(databases.fresh()) as site:
        assert site.run(f"kill:{first}").code == -signal.SIGKILL
        assert site.run(f"count:{steps}").code == 0
    names = steps.read_text().split()
    begin = names.index("reconcile.before_settle") + 1

    for number in range(begin, len(names) + 1, 1 if os.environ.get("MAILROOM_TEST_ALL_KILLS") else 4):
        with sites(databases.fresh()) as site:
            where = f"killed at {first}, then at step {number} of {len(names)}, {names[number - 1]}"
            assert site.run(f"kill:{first}").code == -signal.SIGKILL
            assert site.run(f"kill:#{number}").code == -signal.SIGKILL, where
            assert site.run().code == 0, where
            with Store.open(site.store_url, blobs=site.blobs) as store:
                check_invariants(store, site.tenant)
            assert len(site.tenant.effects) == 9, where
