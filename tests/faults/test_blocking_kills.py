"""SIGKILL at every kind of step of blocking, pulling back and ending blocks; resume, and once more; on both databases.

One run counts the steps. Then each kind of step is taken once: a fresh tenant and a fresh store, a run killed there, a
run to the end, and a third one that must change nothing. In the tenant everything has happened once.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place, keys_of
from mailroom_tests_small_tenant import PEOPLE

from mailroom.store.schema import actions, case_events
from sandbox import Tenant, serve

pytestmark = [pytest.mark.slow]

BAD = "billing@evil.example"
POLICY = {"sender": BAD, "how": "policy"}
MANAGED = {"sender": BAD, "how": "managed sender", "recipients": PEOPLE[:2]}
FINAL = {"applied", "undone", "already_done"}


class BlockingPlace(Place):
    """A small tenant on loopback, a fresh store, and a playbook between them."""

    tables = (actions, case_events)

    def __init__(self, forks: Any, store_url: str, folder: Path) -> None:
        super().__init__(forks, store_url, folder)
        self.tenant = Tenant.generate(messages=0, history=0, seed=7, remediation_fails=0, remediation_steps=3)
        self._server = serve(self.tenant)
        for number in range(2):
            self.tenant.add_message(
                to=PEOPLE[:2], from_addr=BAD, from_env=BAD, subject=f"Invoice {number}", status="archived"
            )
        self.mails = [one["messageId"] for one in self.tenant.archived()]

    def close(self) -> None:
        self._server.close()

    def run(self, step: str, form: dict[str, Any], fault: str = "") -> Any:
        return self.finish(fault, step=step, form=json.dumps(form), url=self._server.url, keys=keys_of(self.tenant))

    def happened(self) -> Counter[str]:
        return Counter(effect.kind for effect in self.tenant.effects)

    def states(self) -> set[str]:
        with self.opened() as store:
            return {action.state for action in store.ledger.list()}


@pytest.fixture
def places(stores: Any, forks_of: Any) -> Any:
    return stores.places(lambda: BlockingPlace(forks_of("blocking.py"), stores.url(), stores.folder()))


def prepared(place: BlockingPlace, step: str) -> tuple[str, dict[str, Any]]:
    """What stands before the run that is killed, and the run itself."""
    if step == "policy":
        return "block", POLICY
    if step == "managed":
        return "block", MANAGED
    if step == "proposed":
        return "propose", POLICY
    if step == "remade":
        assert place.run("block", POLICY).code == 0
        assert place.tenant.admin_delete_policy(place.tenant.policies()[0]["id"])
        return "block", POLICY
    if step == "expire":
        assert place.run("block", POLICY).code == 0
        return "expire", {}
    return "remediate", {"look_for": "message id", "values": place.mails}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("policy", {"create_policy": 1}),
        ("managed", {"block_sender": 2}),
        ("proposed", {"create_policy": 1}),
        ("remade", {"create_policy": 2, "delete_policy": 1}),
        ("expire", {"create_policy": 1, "delete_policy": 1}),
        ("remediate", {"create_incident": 2, "remediate": 4}),
    ],
)
def test_killed_at_any_step_it_is_finished_by_the_next_run_and_happens_once(
    places: Any, tmp_path: Path, step: str, expected: dict[str, int]
) -> None:
    log = tmp_path / "steps"
    with places() as place:
        run = prepared(place, step)
        done = place.run(*run, fault=f"count:{log}")
        assert done.code == 0, done.report
        assert _counts(place) == expected, done.report
    names = log.read_text().split()
    last = {name: number for number, name in enumerate(names, 1)}
    assert {"ledger.before_settle"} <= set(last)

    for name, number in last.items():
        with places() as place:
            where = f"killed at {name}, step {number} of {len(names)}"
            run = prepared(place, step)
            assert place.run(*run, fault=f"kill:#{number}").code == -signal.SIGKILL, where
            resumed = place.run(*run)
            assert resumed.code == 0, f"{where}: {resumed.report}"
            assert _counts(place) == _repeated(expected, step, _counts(place)), f"{where}: {resumed.report}"
            assert place.states() <= FINAL, f"{where}: {resumed.report}"
            before = place.content()
            again = place.run(*run)
            assert again.code == 0, f"{where}: {again.report}"
            assert place.content() == before, where
            assert _counts(place) == _repeated(expected, step, _counts(place)), where


def _counts(place: BlockingPlace) -> dict[str, int]:
    renamed = {"admin_delete_policy": "delete_policy"}
    counts: Counter[str] = Counter()
    for kind, number in place.happened().items():
        counts[renamed.get(kind, kind)] += number
    return dict(counts)


def _repeated(expected: dict[str, int], step: str, seen: dict[str, int]) -> dict[str, int]:
    """A managed sender that nobody saw being set is set once more: it overwrites itself, and nothing lists it."""
    if step == "managed" and seen.get("block_sender") == 3:
        return {"block_sender": 3}
    return expected
