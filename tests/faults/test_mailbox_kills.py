"""SIGKILL at every step of the mailbox connector, resume, and once more; on a real IMAP server and both databases.

One cycle counts the steps. Then, for each step: a fresh mailbox and a fresh store, a cycle killed at that step, a
cycle to the end, and a third one that must change nothing. The result must be the same as without the kill.
MAILROOM_TEST_ALL_KILLS=1 takes every step on PostgreSQL too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mailroom_tests_dovecot_fixtures import sibling
from sqlalchemy import select

from mailroom.store import Store
from mailroom.store.schema import alerts, cursors, items, runs, sources

HERE = Path(__file__).parent
FINAL = {"alerted", "duplicate", "filtered", "quarantined", "gone"}


world = sibling("mailbox_world")


class Cycles:
    """The warm parent of the processes to be killed."""

    def __init__(self, folder: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MAILROOM_")}
        self._parent = subprocess.Popen(
            [sys.executable, str(HERE / "mailbox_cycle.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=clean | {"PYTHONPATH": str(HERE.parent.parent)}, cwd=folder,
        )  # fmt: skip

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.write(json.dumps(asked) + "\n")
        self._parent.stdin.flush()
        return dict(json.loads(self._parent.stdout.readline()))

    def close(self) -> None:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.close()
        self._parent.wait(30)
        self._parent.stdout.close()


@pytest.fixture(scope="module")
def cycles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cycles]:
    parent = Cycles(tmp_path_factory.mktemp("mailbox-cycles"))
    yield parent
    parent.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes one empty store after the other."""
    number = iter(range(1, 10_000))
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")

        def sqlite() -> str:
            folder = tmp_path / f"store-{next(number)}"
            folder.mkdir(mode=0o700)
            shutil.copy(template, folder / "store.db")
            return f"sqlite:///{folder / 'store.db'}"

        return sqlite
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    last: list[str] = []

    def postgres() -> str:
        if last:
            server.drop_database(last.pop())
        last.append(server.new_database(template))
        return str(server.url(last[0]))

    return postgres


class Site:
    """One mailbox with a known content, one store."""

    SETTINGS: ClassVar[dict[str, Any]] = {
        "folders": ["INBOX", "Reports"], "max_per_cycle": 0, "batch_size": 4, "indicators": False,
        "attach_original_eml": True,
    }  # fmt: skip

    def __init__(self, cycles: Cycles, server: Any, store_url: str, folder: Path) -> None:
        self._cycles, self.server, self.store_url = cycles, server, store_url
        self.blobs = Path(tempfile.mkdtemp(prefix="blobs-", dir=folder))
        self.user = server.new_user()
        server.append(self.user, "INBOX", *(world.mail(n) for n in range(1, 10)))
        server.append(self.user, "Reports", world.mail(3), world.with_attached(20, world.mail(21)), world.mail(22))

    def run(self, fault: str = "", *, poison: str = "", **settings: Any) -> dict[str, Any]:
        return self._cycles.run({
            "fault": fault, "poison": poison, "port": self.server.imap_port, "user": self.user.name,
            "password": self.user.password, "address": self.user.address, "store": self.store_url,
            "blobs": str(self.blobs),
            "settings": self.SETTINGS | settings,
        })  # fmt: skip

    def read(self) -> dict[str, set[int]]:
        """Folder -> UIDs the server has as read."""
        found: dict[str, set[int]] = {}
        with self.server.client(self.user) as client:
            for folder in ("INBOX", "Reports"):
                client.select_folder(folder, readonly=True)
                found[folder] = set(client.search(["SEEN"]))
        return found


def rows(store: Store, query: Any) -> list[Any]:
    return store.db.read(lambda tx: list(tx.execute(query).all()))


def check_invariants(site: Site, store: Store, mails: dict[str, set[int]], *, at_rest: bool = True) -> None:
    """I1 to I4, and I8: nothing is marked that is not stored."""
    known = {row.id: row for row in rows(store, select(sources))}
    by_folder: dict[str, dict[int, str]] = {folder: {} for folder in mails}
    for row in rows(store, select(items)):
        folder = known[row.source_id].name.partition("/")[2]
        assert int(row.external_key) not in by_folder[folder], "an item twice"
        by_folder[folder][int(row.external_key)] = row.state
    stored = rows(store, select(alerts.c.id, alerts.c.external_key))
    assert max(Counter(row.external_key for row in stored).values(), default=1) == 1
    made = rows(store, select(items.c.alert_id).where(items.c.state == "alerted"))
    assert {row.alert_id for row in made} == {row.id for row in stored}
    for row in rows(store, select(cursors)):
        folder = known[row.source_id].name.partition("/")[2]
        assert {uid for uid in mails[folder] if uid <= row.mark} <= set(by_folder[folder]), "the mark is ahead"
    for folder, uids in site.read().items():
        assert uids <= {uid for uid, state in by_folder[folder].items() if state in {"alerted", "duplicate"}}
    assert store.runs.conservation_violations() == []
    if at_rest:
        assert {folder: set(found) for folder, found in by_folder.items()} == mails
        assert {state for found in by_folder.values() for state in found.values()} <= FINAL
        assert site.read() == mails
        assert not [run for run in rows(store, select(runs)) if run.state == "running"]
        problems = store.check().problems
        assert not problems, problems


def outcome(store: Store) -> list[Any]:
    """Items and alerts without ids, times and UIDVALIDITY: equal for equal cycles."""
    joined = items.join(sources).outerjoin(alerts, alerts.c.id == items.c.alert_id)
    query = select(sources.c.name, items.c.external_key, items.c.state, alerts.c.title, alerts.c.group_key)
    return sorted(tuple(row) for row in rows(store, query.select_from(joined)))


def content(store: Store) -> dict[str, list[Any]]:
    return {table.name: rows(store, select(table).order_by(*table.primary_key.columns)) for table in world.TABLES}


MAILS = {"INBOX": set(range(1, 10)), "Reports": {1, 2, 3}}


# F1, F4, F6: I1 to I4 and I8 hold at any moment and after resuming
@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 7], ids=["all at once", "and the rest written down"])
def test_a_cycle_killed_at_any_step_is_finished_by_the_next_and_the_third_changes_nothing(
    cycles: Cycles, dovecot: Any, fresh_store: Callable[[], str], tmp_path: Path, request: pytest.FixtureRequest,
    most: int,
) -> None:  # fmt: skip
    steps = tmp_path / "steps"
    site = Site(cycles, dovecot, fresh_store(), tmp_path)
    taken = most or 12
    assert site.run(f"count:{steps}", max_per_cycle=most) == {
        "code": 0,
        "report": {"fetched": taken, "alerted": taken, "duplicate": 0, "filtered": 0, "quarantined": 0, "gone": 0,
                   "waiting": 12 - taken, "unmarked": 0},
    }  # fmt: skip
    assert site.run()["report"]["fetched"] == 12 - taken
    with Store.open(site.store_url, blobs=site.blobs) as store:
        check_invariants(site, store, MAILS)
        expected = outcome(store)
    names = steps.read_text().split()
    assert {"mailbox.fetched", "mailbox.after_commit", "mailbox.after_marks"} <= set(names)
    assert ("mailbox.staged" in names) == bool(most)

    every = 1 if "sqlite" in request.node.name or os.environ.get("MAILROOM_TEST_ALL_KILLS") else 4
    for number in range(1, len(names) + 1, every):
        where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
        site = Site(cycles, dovecot, fresh_store(), tmp_path)
        assert site.run(f"kill:#{number}", max_per_cycle=most)["code"] == -signal.SIGKILL, where
        with Store.open(site.store_url, blobs=site.blobs) as store:
            check_invariants(site, store, MAILS, at_rest=False)
            resumed = site.run()
            assert resumed["code"] == 0, f"{where}: {resumed}"
            check_invariants(site, store, MAILS)
            assert outcome(store) == expected, where
            before = content(store)
            assert site.run()["report"]["fetched"] == 0, where
            assert content(store) == before, where


# F16 under F1: the folder is rebuilt, and the cycle that compares it is killed
@pytest.mark.slow
@pytest.mark.parametrize("fresh_store", ["sqlite"], indirect=True)
def test_a_cycle_killed_while_it_takes_a_rebuilt_folder_doubles_nothing(
    cycles: Cycles, dovecot: Any, fresh_store: Callable[[], str], tmp_path: Path
) -> None:
    def rebuilt() -> Site:
        site = Site(cycles, dovecot, fresh_store(), tmp_path)
        assert site.run(fetch="everything")["code"] == 0
        dovecot.set_uidvalidity(site.user, "INBOX", 4711)
        dovecot.append(site.user, "INBOX", world.mail(30))
        return site

    steps = tmp_path / "steps"
    assert rebuilt().run(f"count:{steps}", fetch="everything")["report"]["duplicate"] == 9
    names = steps.read_text().split()
    for number in range(1, len(names) + 1, 1 if os.environ.get("MAILROOM_TEST_ALL_KILLS") else 3):
        where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
        site = rebuilt()
        assert site.run(f"kill:#{number}", fetch="everything")["code"] == -signal.SIGKILL, where
        assert site.run(fetch="everything")["code"] == 0, where
        with Store.open(site.store_url, blobs=site.blobs) as store:
            assert len(rows(store, select(alerts.c.id))) == 13, where
            states = Counter(row.state for row in rows(store, select(items.c.state)))
            assert states == {"alerted": 13, "duplicate": 9}, where
            before = content(store)
            assert site.run(fetch="everything")["report"]["fetched"] == 0
            assert content(store) == before, where


# F56: a mail that kills the process that reads it is set aside, and holds nobody up
@pytest.mark.parametrize("fresh_store", ["sqlite"], indirect=True)
def test_a_mail_that_kills_its_reader_is_quarantined_with_its_bytes(
    cycles: Cycles, dovecot: Any, fresh_store: Callable[[], str], tmp_path: Path
) -> None:
    site = Site(cycles, dovecot, fresh_store(), tmp_path)
    poison = world.mail(99, subject="deadly")
    (uid,) = dovecot.append(site.user, "INBOX", poison)
    dovecot.append(site.user, "INBOX", world.mail(100))
    # Three attempts are counted. Before them one is not (nobody knew that there was something to count), or two: the
    # next batch is read while one is written, so the reader's death may cut off the batch before its own.
    ends = [site.run(poison="deadly")]
    while ends[-1]["code"] != 0 and len(ends) < 6:
        ends.append(site.run(poison="deadly"))
    assert [end["code"] for end in ends[:-1]] in ([-signal.SIGKILL] * 4, [-signal.SIGKILL] * 5)
    assert ends[-1]["report"]["quarantined"] == 1
    with Store.open(site.store_url, blobs=site.blobs) as store:
        (row,) = rows(store, select(items).where(items.c.state == "quarantined"))
        assert row.external_key == str(uid)
        assert b"Subject: deadly" in store.blobs.get(row.quarantine_sha256)
        assert len(rows(store, select(alerts.c.id))) == 13
        before = content(store)
        assert site.run(poison="deadly")["report"]["fetched"] == 0
        assert content(store) == before
    assert uid not in site.read()["INBOX"]  # people shall see it
