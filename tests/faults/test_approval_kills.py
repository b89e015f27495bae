"""SIGKILL at every kind of step of asking, deciding and carrying out; resume, and once more; on both databases.

One run counts the steps. Then each kind of step is taken once: a fresh tenant and a fresh store, a run killed there, a
run to the end, and a third one that must change nothing. In the tenant everything has happened once.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from faults_place import Place, keys_of
from mailroom_tests_small_tenant import PEOPLE, add

from mailroom.store.schema import actions, approvals, case_events, waits
from sandbox import Tenant, serve
from sandbox.mail import AUTHSERV_ID, Habit

pytestmark = [pytest.mark.slow]

BEN = "tomasz.nowak@northwind.example"


class ApprovalPlace(Place):
    """Three proposals of the rules in a fresh store, their tenant on loopback, and a mailbox where one is wanted."""

    tables = (actions, approvals, case_events, waits)

    def __init__(self, forks: Any, store_url: str, folder: Path, mail: Any = None) -> None:
        super().__init__(forks, store_url, folder)
        self.mail = mail
        self.tenant = Tenant.generate(messages=0, history=0, seed=7)
        self._server = serve(self.tenant)
        for number, subject in enumerate(("wanted", "junk 1", "junk 2")):
            add(self.tenant, subject, minutes=60 - number, to=PEOPLE[:1])
        prepared = self.run("prepare")
        assert prepared.code == 0, prepared.report

    def close(self) -> None:
        self._server.close()

    def run(self, step: str, fault: str = "") -> Any:
        account: dict[str, Any] = {}
        if self.mail is not None:
            account = dataclasses.asdict(self.mail.fields(trusted_authserv_ids=(AUTHSERV_ID,)))
        return self.finish(
            fault, step=step, url=self._server.url, keys=keys_of(self.tenant), account=json.dumps(account),
            approver=BEN if self.mail is not None else "",
        )  # fmt: skip

    def happened(self) -> dict[str, int]:
        return dict(Counter(effect.kind for effect in self.tenant.effects))

    def states(self) -> set[str]:
        with self.opened() as store:
            known = {one.state for one in store.approvals.newest()}
            return known | {one.state for one in store.ledger.list() if one.kind in ("release", "reject")}


@pytest.fixture
def places(stores: Any, forks_of: Any) -> Any:
    return stores.places(lambda mail=None: ApprovalPlace(forks_of("approving.py"), stores.url(), stores.folder(), mail))


@pytest.mark.parametrize(("step", "expected"), [("approve", {"release": 1, "reject": 2}), ("bulk", {"reject": 2})])
def test_killed_at_any_step_it_is_finished_by_the_next_run_and_happens_once(
    places: Any, tmp_path: Path, step: str, expected: dict[str, int]
) -> None:
    log = tmp_path / "steps"
    with places() as place:
        done = place.run(step, fault=f"count:{log}")
        assert done.code == 0, done.report
        assert place.happened() == expected, done.report
    names = log.read_text().split()
    last = {name: number for number, name in enumerate(names, 1)}
    assert {"approval.opened", "approval.decided", "approval.before_use", "approval.used"} <= set(last)

    if step == "bulk":  # what follows is the same
        last = {name: number for name, number in last.items() if name.startswith(("bulk.", "approval."))}
    for name, number in last.items():
        with places() as place:
            where = f"killed at {name}, step {number} of {len(names)}"
            assert place.run(step, fault=f"kill:#{number}").code == -signal.SIGKILL, where
            resumed = place.run(step)
            assert resumed.code == 0, f"{where}: {resumed.report}"
            assert place.happened() == expected, f"{where}: {resumed.report}"
            assert place.states() <= {"used", "applied", "already_done", "proposed"}, where
            before = place.content()
            again = place.run(step)
            assert again.code == 0, f"{where}: {again.report}"
            assert place.content() == before, where
            assert place.happened() == expected, where


def test_killed_at_any_step_of_asking_by_mail_the_approver_is_asked_once_and_it_is_done_once(
    places: Any, tmp_path: Path, mail_helper: ModuleType
) -> None:
    log, numbers = tmp_path / "steps", itertools.count(1)
    expected = {"release": 1, "reject": 2}

    def run_to_the_end(place: ApprovalPlace) -> None:
        for _ in range(30):  # the answer comes a moment after the question
            done = place.run("mail")
            assert done.code == 0, done.report
            if place.happened() == expected:
                return

    with ExitStack() as stack:

        def site() -> ApprovalPlace:
            folder = tmp_path / f"mail-{next(numbers)}"
            habit = Habit("answers", text="approve", delay=0)
            place: ApprovalPlace = stack.enter_context(
                places(stack.enter_context(mail_helper.mail_world("soc", folder, {BEN: habit})))
            )
            return place

        place = site()
        assert place.run("mail", fault=f"count:{log}").code == 0
        run_to_the_end(place)
        assert place.happened() == expected
        names = log.read_text().split()
        first = {name: number for number, name in reversed(list(enumerate(names, 1)))}
        ours = {name: number for name, number in first.items() if name.split(".")[0] in ("approval", "ask", "bulk")}
        assert {"approval.asked", "ask.sent"} <= set(ours)
        for name, number in ours.items():
            stack.pop_all().close()
            place = site()
            assert place.run("mail", fault=f"kill:#{number}").code == -signal.SIGKILL, name
            run_to_the_end(place)
            assert place.happened() == expected, name
            assert len(place.mail.sent()) == 2, name  # one question per approval
