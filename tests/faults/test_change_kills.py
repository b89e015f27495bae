"""SIGKILL at every step of a change of the tenant, resume, and once more.

Two kinds are killed at every step: one that is looked up and one that is taken back. The others are killed at the steps
around the call, where kinds differ. On PostgreSQL each kind of step is taken once. MAILROOM_TEST_ALL_KILLS=1 takes all.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place
from mailroom_tests_change_world import CASES, Case

from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.store.schema import actions, case_events
from sandbox import Fault, Tenant, serve

pytestmark = [pytest.mark.slow]
AROUND_THE_CALL = ("ledger.claimed", "change.before_send", "mimecast.after_send", "change.before_settle")
ALL = bool(os.environ.get("MAILROOM_TEST_ALL_KILLS"))


class ChangePlace(Place):
    """A small tenant on loopback, a fresh store, and one change between them."""

    tables = (actions, case_events)

    def __init__(self, forks: Any, case: Case, store_url: str, folder: Path) -> None:
        super().__init__(forks, store_url, folder)
        self.case = case
        self.tenant = Tenant.generate(messages=3, history=0, seed=7)  # in the present: these are processes
        self._server = serve(self.tenant)
        one, two = self.tenant.credentials_v1, self.tenant.credentials_v2
        self._keys: dict[str, str] = {"client_id": two.client_id, "client_secret": two.client_secret}
        credentials: ApplicationKeys | ClientCredentials = ClientCredentials(**self._keys)
        if case.generations[0] == "1.0":
            names = ("app_id", "app_key", "access_key", "secret_key")
            self._keys = {name: getattr(one, name) for name in names}
            credentials = ApplicationKeys(**self._keys)
        with MimecastClient(self._server.url, credentials) as client:
            self._wish = case.wish(self.tenant, client)

    def close(self) -> None:
        self._server.close()

    def begin(self, fault: str = "", **wanted: str) -> Any:
        change = {"kind": self.case.kind, "parameters": json.dumps(self._wish)}
        return super().begin(fault, url=self._server.url, keys=json.dumps(self._keys), **change | wanted)

    run = Place.finish

    def steps(self, **more: str) -> list[str]:
        log = self.folder / "steps"
        done = self.run(f"count:{log}", **more)
        assert done.code == 0, done.report
        return log.read_text().split()

    def states(self) -> list[str]:
        with self.opened() as store:
            return [action.state for action in reversed(store.ledger.list())]

    @property
    def times(self) -> int:
        return self.case.times(self.tenant)


@pytest.fixture
def places(stores: Any, forks_of: Any) -> Any:
    return stores.places(lambda kind: ChangePlace(forks_of("changes.py"), CASES[kind], stores.url(), stores.folder()))


def chosen(places: Any, names: list[str], only: tuple[str, ...] = ()) -> Iterator[tuple[int, str]]:
    """Steps to be killed at: all of them, or one of each name."""
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        whole = ALL or (places.kind == "sqlite" and not only)
        if whole or (name not in seen and (not only or name in only)):
            yield number, f"killed at step {number} of {len(names)}, {name}"
        seen.add(name)


def check_resumed(place: ChangePlace, where: str) -> None:
    """The next run completes, and the third changes nothing."""
    resumed = place.run()
    assert resumed.code == 0, f"{where}: {resumed.report}"
    case = place.case
    if case.looked_up:
        assert (resumed.report["state"], place.times) == ("applied", 1), where
    elif case.repeated:  # nothing lists these; the same entry is written over itself
        assert resumed.report["state"] == "applied", where
        assert place.times in (1, 2), where
        assert len(place.tenant.managed_senders()) == 1, where
    else:  # sent or not: nobody can say, and nobody sends again
        assert place.times <= 1, where
        assert resumed.report["state"] in ("applied", "unknown"), where
        assert resumed.report["state"] == "unknown" or place.times == 1, where
    before, effects = place.content(), list(place.tenant.effects)
    third = place.run()
    assert third.code == 0, where
    assert third.report["state"] == resumed.report["state"], where
    assert place.content() == before, where
    assert place.tenant.effects == effects, where


# F2, F44: a change that would be doubled by doing it again
def test_a_policy_killed_at_any_step_is_made_exactly_once(places: Any) -> None:
    with places("create_block_sender_policy") as first:
        names = first.steps()
    assert {"ledger.after_intent", "ledger.claimed", "change.looked", "change.before_send", "mimecast.after_send",
            "change.after_send", "change.before_settle", "change.after_settle"} <= set(names)  # fmt: skip
    for number, where in chosen(places, names):
        with places("create_block_sender_policy") as place:
            assert place.run(f"kill:#{number}").code == -signal.SIGKILL, where
            check_resumed(place, where)


# F2
@pytest.mark.parametrize("kind", [kind for kind in CASES if kind != "create_block_sender_policy"])
def test_every_kind_of_change_killed_around_its_call_is_made_once_or_stays_unknown(places: Any, kind: str) -> None:
    if places.kind == "postgres" and not ALL and kind not in {"block_sender", "delete_block_sender_policy"}:
        return  # the steps of the ledger are the same for all kinds
    with places(kind) as first:
        names = first.steps()
    assert set(AROUND_THE_CALL) <= set(names)
    for number, where in chosen(places, names, AROUND_THE_CALL):
        with places(kind) as place:
            assert place.run(f"kill:#{number}").code == -signal.SIGKILL, where
            check_resumed(place, where)


# F2: the undo is a change like any other
def test_an_undo_killed_at_any_step_takes_back_exactly_once(places: Any) -> None:
    with places("create_managed_url") as first:
        names = first.steps(undo="1")
    begin = names.index("change.before_gate", names.index("change.after_settle"))
    for number, where in chosen(places, names):
        if number <= begin:
            continue
        with places("create_managed_url") as place:
            assert place.run(f"kill:#{number}", undo="1").code == -signal.SIGKILL, where
            # Making it again finds it made before, unless it was taken back: then it is another wish.
            with place.opened() as store:
                taken_back = store.ledger.get(1).state == "undone"
            if taken_back:
                assert place.tenant.managed_urls() == [], where
                assert place.states() == ["undone", "applied"], where
                continue
            resumed = place.run(undo="1")
            assert resumed.code == 0, f"{where}: {resumed.report}"
            assert resumed.report["state"] == "applied", where
            assert place.tenant.managed_urls() == [], where
            assert [effect.kind for effect in place.tenant.effects] == ["create_managed_url", "delete_managed_url"]
            assert place.states() == ["undone", "applied"], where


# F2: what resumes can be killed too, while it looks up what the first one may have sent
@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
@pytest.mark.parametrize("first", ["ledger.claimed", "change.after_send"])
def test_a_change_killed_again_while_it_resumes_is_finished_by_the_third(places: Any, first: str) -> None:
    with places("create_block_sender_policy") as place:
        assert place.run(f"kill:{first}").code == -signal.SIGKILL
        names = place.steps()
    for number, where in chosen(places, names):
        with places("create_block_sender_policy") as place:
            assert place.run(f"kill:{first}").code == -signal.SIGKILL
            assert place.run(f"kill:#{number}").code == -signal.SIGKILL, where
            check_resumed(place, f"{first}, then {where}")


# F2: looked up by somebody who does not know the wish
@pytest.mark.parametrize("places", ["sqlite"], indirect=True)
def test_what_was_sent_and_not_confirmed_is_found_without_making_it_again(places: Any) -> None:
    with places("create_block_sender_policy") as place:
        assert place.run("kill:change.after_send").code == -signal.SIGKILL
        assert place.run(look_up="1").report == {"states": ["applied"]}
        assert place.run(look_up="1").report == {"states": []}
        assert (place.times, place.states()) == (1, ["applied"])


# F8
def test_of_two_processes_with_the_same_wish_one_makes_it(places: Any) -> None:
    with places("create_block_sender_policy") as place:
        place.tenant.faults.add(Fault("slow", "/api/policy/blockedsenders/create-policy", seconds=0.3))
        processes = [place.begin() for _ in range(2)]
        codes = [process.wait() for process in processes]

        assert 0 in codes
        for process, code in zip(processes, codes, strict=True):
            assert code == 0 or "being sent by" in process.report["message"]
        assert (place.times, place.states()) == (1, ["applied"])
        again = place.run()
        assert (again.report["state"], again.report["recorded"]) == ("applied", True)


# F8: contrary wishes are two changes; the ledger knows which came last
def test_two_processes_with_contrary_wishes_leave_a_ledger_that_agrees_with_itself(places: Any) -> None:
    with places("block_sender") as place:
        both = [place.begin(), place.begin(kind="permit_sender")]
        ends = [process.wait() for process in both]

        for process, code in zip(both, ends, strict=True):
            assert code == 0 or "being sent right now" in process.report["message"]
        with place.opened() as store:
            in_force = [action.kind.removesuffix("_sender") for action in store.ledger.list(state="applied")]
        assert len(in_force) <= 1
        if in_force:
            assert [one["type"].lower() for one in place.tenant.managed_senders()] == in_force
