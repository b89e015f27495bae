"""SIGKILL at every kind of step of working on cases and of starting what they want; resume, and once more.

On both databases. What was half done is finished by the next run, a third one changes nothing, each wanted playbook is
one run, and the wall is whole.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place, keys_of
from sqlalchemy import insert

from mailroom.store.schema import (
    alerts,
    case_alerts,
    case_events,
    case_files,
    case_tasks,
    cases,
    custom_fields,
    playbook_runs,
)
from sandbox import Server, Tenant, serve

pytestmark = [pytest.mark.slow]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAILS = 5


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Tenant, Server]]:
    tenant = Tenant.generate(messages=0, history=0, seed=7)
    with serve(tenant) as running:
        yield tenant, running


class CaseworkPlace(Place):
    """A store with a few alerts, a folder that remembers runs as Prefect does, and work on cases in it."""

    tables = (cases, case_alerts, case_files, case_tasks, custom_fields, playbook_runs, case_events)

    def __init__(self, forks: Any, store_url: str, folder: Path, server: tuple[Tenant, Server]) -> None:
        super().__init__(forks, store_url, folder)
        self._tenant, self._server = server
        self.api = folder / "api"
        with self.opened() as store:
            source = store.sources.ensure("northwind", "held", "hold queue", "2.0")
            rows = [
                {
                    "source_id": source.id, "tenant": "northwind", "connector": "held", "external_key": f"hold-{n}",
                    "title": "Parcel", "sender": "billing@evil.example", "sender_domain": "evil.example",
                    "received_at": NOON, "seed_priority": 40, "priority": 40, "event": {"schema": 1},
                    "handling": "open", "created_at": NOON, "updated_at": NOON,
                }
                for n in range(MAILS)
            ]  # fmt: skip
            store.run(lambda tx: tx.execute(insert(alerts), rows))

    def run(self, step: str, fault: str = "") -> Any:
        return self.finish(fault, step=step, api=str(self.api), url=self._server.url, keys=keys_of(self._tenant))

    def numbers(self) -> dict[str, int]:
        """Rows per table; events by kind."""
        found = self.content()
        counts = {name: len(rows) for name, rows in found.items()}
        for event in found["case_events"]:
            counts[event.kind] = counts.get(event.kind, 0) + 1
        return counts


@pytest.fixture
def places(stores: Any, forks_of: Any, server: tuple[Tenant, Server]) -> Any:
    return stores.places(lambda: CaseworkPlace(forks_of("casework.py"), stores.url(), stores.folder(), server))


BEFORE = {"open": (), "work": (), "unmerge": ("work",), "start": ("open",), "here": ("open",)}


@pytest.mark.parametrize("step", list(BEFORE))
def test_killed_at_any_step_it_is_finished_by_the_next_run_and_happens_once(
    places: Any, tmp_path: Path, step: str
) -> None:
    log = tmp_path / "steps"
    place = places()
    for earlier in BEFORE[step]:
        assert place.run(earlier).code == 0
    done = place.run(step, fault=f"count:{log}")
    assert done.code == 0, done.report
    wanted = _settled(place, step)
    names = log.read_text().split()
    last = {name: number for number, name in enumerate(names, 1)}
    assert {"store.before_commit", "store.after_commit"} <= set(last)

    for name, number in last.items():
        place = places()
        for earlier in BEFORE[step]:
            assert place.run(earlier).code == 0
        where = f"killed at {name}, step {number} of {len(names)}"
        assert place.run(step, fault=f"kill:#{number}").code == -signal.SIGKILL, where
        resumed = place.run(step)
        assert resumed.code == 0, f"{where}: {resumed.report}"
        assert _settled(place, step) == wanted, where
        before = place.content()
        again = place.run(step)
        assert again.code == 0, f"{where}: {again.report}"
        assert place.content() == before, where


def _settled(place: CaseworkPlace, step: str) -> dict[str, int]:
    """What stands there in the end; a playbook that was started is looked at once more."""
    if step == "start":
        place.run(step)
        assert len(list(place.api.iterdir())) == 1, "the playbook was started twice"
    counts = place.numbers()
    if step == "here":  # a playbook that was killed is begun again: the wall says so
        for name in ("playbook.started", "case_events"):
            counts.pop(name, None)
    return counts
