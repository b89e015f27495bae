"""What a machine and a database can do to us, done for real."""

from __future__ import annotations

import os
import pwd
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from mailroom.clock import SystemClock
from mailroom.errors import InvalidInputError, StoreBusyError, StoreError, StoreUnavailableError
from mailroom.store import StagedItem, Store


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


# --- SQLite -------------------------------------------------------------------------------------------------------


def test_a_locked_store_is_waited_for_and_then_named(sqlite_url, make_world):
    with Store.open(sqlite_url, busy_seconds=0.2) as store:
        world = make_world(store)
        other = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreBusyError, match=r"locked by another process.*rolled back.*run again"):
            world.stage([1])
        assert store.items.counts() == {}  # reading goes on

        other.execute("COMMIT")
        other.close()
        world.stage([1])
        assert store.items.counts() == {"listed": 1}


def test_a_lock_that_ends_in_time_is_not_noticed(sqlite_url, make_world):
    with Store.open(sqlite_url, busy_seconds=30) as store:
        world = make_world(store)
        other = sqlite3.connect(path_of(sqlite_url), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Thread(target=world.stage, args=([1],))
        waiting.start()
        other.execute("COMMIT")
        waiting.join(30)
        other.close()

        assert store.items.counts() == {"listed": 1}


def test_a_full_disk_leaves_nothing_half_written_and_is_survived(sqlite_url, make_world, tmp_path):
    """The limit on file size fails writes where a full disk would: in the middle of a transaction."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            with Store.open(sqlite_url, blobs=tmp_path / "blobs") as store:
                world = make_world(store)
                world.stage(range(10))
                size = sum(path.stat().st_size for path in path_of(sqlite_url).parent.iterdir())
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, resource.RLIM_INFINITY))
                big = [StagedItem(f"big-{n}", "", world.start, {"text": "x" * 5_000}) for n in range(500)]
                code = 1
                try:
                    store.items.stage(world.source.id, None, big)
                except StoreUnavailableError as error:
                    code = 2 if "full" in str(error) and "run again" in str(error) else 3
                if code == 2 and store.items.counts() != {"listed": 10}:
                    code = 4
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                store.items.stage(world.source.id, None, big)
                if store.items.counts() != {"listed": 510} or not store.check().ok:
                    code = 5
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 2


def as_nobody(work) -> str:
    """Run `work` as an ordinary user in a forked process; returns the text of what it raised."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read_end)
            if os.geteuid() == 0:
                nobody = pwd.getpwnam("nobody")
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
            try:
                work()
            except Exception as error:  # noqa: BLE001
                os.write(write_end, f"{type(error).__name__}: {error}".encode()[:4_000])
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as stream:
        told = stream.read().decode()
    os.waitpid(child, 0)
    return told


@pytest.fixture
def public(tmp_path_factory):
    """A folder other users can reach (pytest's own are private)."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="mailroom-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700)
    shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_fails_at_the_start_with_advice(public):
    place = public / "kept"
    place.mkdir()
    place.chmod(0o555)

    told = as_nobody(lambda: Store.open(f"sqlite:///{place}/store.db"))
    assert told.startswith("StoreUnavailableError")
    assert "cannot be written by this user" in told
    assert "Give the folder" in told
    told = as_nobody(lambda: Store.open(f"sqlite:///{place}/deeper/store.db"))
    assert told.startswith("StoreUnavailableError")


def test_a_file_of_another_owner_fails_at_the_start_with_advice(public):
    Store.open(f"sqlite:///{public}/store.db").close()
    public.chmod(0o777)
    (public / "store.db").chmod(0o444)

    told = as_nobody(lambda: Store.open(f"sqlite:///{public}/store.db"))
    assert told.startswith("StoreUnavailableError")
    assert "mode 444" in told


def test_the_files_are_private(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/new/store.db") as store:
        store.events.add(kind="note", who="a", what="b")
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}

    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    (tmp_path / "store.db").write_text("Dear analyst, this is my diary." * 100)
    with pytest.raises(StoreError, match=r"damaged.*restore the last good backup"):
        Store.open(f"sqlite:///{tmp_path}/store.db")
    assert (tmp_path / "store.db").read_text().startswith("Dear analyst")


def test_a_damaged_page_stops_the_start(sqlite_url, make_world):
    with Store.open(sqlite_url) as store:
        make_world(store).stage(range(2_000))
    path = path_of(sqlite_url)
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    for page in range(pages // 2, pages // 2 + 20):
        content[page * 4096 : page * 4096 + 200] = b"\xa5" * 200
    path.write_bytes(content)

    with pytest.raises(StoreError, match="damaged"):
        Store.open(sqlite_url)


def test_damage_met_while_working_is_typed(sqlite_url, make_world, monkeypatch):
    """A store too large for the check at the start meets its damage later."""
    monkeypatch.setattr("mailroom.store.health._QUICK_BYTES", 0)
    with Store.open(sqlite_url) as store:
        world = make_world(store)
        world.stage(range(3_000))
    content = bytearray(path_of(sqlite_url).read_bytes())
    for page in range(len(content) // 4096 // 2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xa5" * 100
    path_of(sqlite_url).write_bytes(content)

    with Store.open(sqlite_url) as store:
        with pytest.raises(StoreError, match="damaged"):
            store.items.pending(world.source.id, limit=5_000)
        assert any("Damaged page" in problem for problem in store.check().problems)


def test_a_copy_taken_at_any_moment_opens_and_is_whole(sqlite_url, tmp_path, make_world):
    """What is on disk after a commit is enough: the file and its log, copied while the store is open."""
    with Store.open(sqlite_url) as store:
        world = make_world(store)
        for number in range(5):
            world.stage([number])
            copy = tmp_path / f"copy{number}"
            copy.mkdir()
            for name in ("store.db", "store.db-wal"):
                (copy / name).write_bytes((path_of(sqlite_url).parent / name).read_bytes())
            with Store.open(f"sqlite:///{copy}/store.db") as restored:
                assert restored.items.counts() == {"listed": number + 1}
                assert restored.check().ok


@pytest.mark.parametrize(
    "url",
    ["", "sqlite://", "sqlite:///:memory:", "mysql://a/b", "not a url", "sqlite:///", "postgresql://a:b@c:port/d"],
)
def test_addresses_that_cannot_hold_a_store_are_refused(url):
    with pytest.raises(InvalidInputError, match="sqlite:///path/to/file"):
        Store.open(url)


def test_a_second_transaction_inside_the_first_is_a_mistake_that_does_not_hang(store):
    with pytest.raises(InvalidInputError, match="tx="), store.transaction():
        store.runs.start("ingest")


# --- PostgreSQL ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pg_store(postgres_url, tmp_path):
    with Store.open(postgres_url, blobs=tmp_path / "blobs", reconnect_seconds=20) as store:
        yield store


def database_of(url: str) -> str:
    return url.rpartition("/")[2]


@pytest.mark.postgres
def test_a_killed_connection_is_not_noticed(pg_store, postgres, postgres_url, make_world):
    world = make_world(pg_store)
    for number in range(5):
        assert postgres.kill_backends(database_of(postgres_url)) >= 0
        world.stage([number])
        postgres.kill_backends(database_of(postgres_url))
        assert pg_store.items.counts() == {"listed": number + 1}


@pytest.mark.postgres
def test_a_connection_killed_inside_a_transaction_repeats_the_whole_of_it(pg_store, postgres, postgres_url, make_world):
    make_world(pg_store)
    passes = []

    def work(tx):
        passes.append(1)
        pg_store.events.add(tx, kind="note", who="a", what=f"pass {len(passes)}")
        if len(passes) == 1:
            postgres.kill_backends(database_of(postgres_url))
            tx.execute(text("SELECT 1"))
        return len(passes)

    assert pg_store.run(work) == 2
    assert pg_store.events.head()[0] == 1
    assert pg_store.events.verify() == []


@pytest.mark.postgres
@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_whose_answer_was_lost_is_resolved_by_its_key(pg_store, monkeypatch, make_world, committed):
    """The connection dies during COMMIT; the server had done it, or had not. Either way it is done exactly once."""
    make_world(pg_store)
    dialect = pg_store.db.engine.dialect
    real = dialect.do_commit
    lost = []

    def commit(connection):
        if not lost:
            lost.append(1)
            if committed:
                real(connection)
            connection._usock.close()
            connection._sock.close()
            raise ConnectionResetError("the network went away during COMMIT")
        real(connection)

    monkeypatch.setattr(dialect, "do_commit", commit)
    passes = []

    def work(tx):
        passes.append(1)
        pg_store.events.add(tx, kind="note", who="a", what="once")
        return len(passes)

    assert pg_store.run(work) == (1 if committed else 2)
    assert pg_store.events.head()[0] == 1


@pytest.mark.postgres
def test_deadlocks_and_serialization_failures_repeat_the_transaction(pg_store, make_world):
    world = make_world(pg_store)
    ids = world.alerts(2)
    barrier = threading.Barrier(2)
    first_pass = threading.local()

    def work(order):
        def cross(tx):
            for place, alert_id in enumerate(order):
                tx.execute(text("UPDATE alerts SET priority = priority + 1 WHERE id = :id"), {"id": alert_id})
                if place == 0 and not getattr(first_pass, "met", False):
                    first_pass.met = True
                    barrier.wait(20)

        pg_store.run(cross)

    threads = [threading.Thread(target=work, args=(order,)) for order in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [pg_store.alerts.get(alert_id).priority for alert_id in ids] == [42, 42]

    passes = []

    def unlucky(tx):
        passes.append(1)
        if len(passes) < 4:
            tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$"))
        return "done"

    assert pg_store.run(unlucky) == "done"


@pytest.mark.postgres
def test_a_transaction_that_never_succeeds_ends_with_advice(pg_store):
    def hopeless(tx):
        tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StoreUnavailableError, match=r"several times.*Run again"):
        pg_store.run(hopeless)


@pytest.fixture
def own_server(request):
    """A server that may be crashed without disturbing other tests."""
    kind = type(request.getfixturevalue("postgres"))
    server = kind(request.getfixturevalue("postgres")._programs, max_connections=40)
    yield server
    server.close()


@pytest.mark.postgres
def test_a_crashed_and_restarted_server_loses_and_doubles_nothing(own_server, tmp_path, make_world):
    """Writers keep writing while the server is crashed twice; each of them ends well."""
    own_server.new_database()
    with Store.open(own_server.url("t1"), blobs=tmp_path / "blobs", reconnect_seconds=60) as store:
        world = make_world(store)
        errors = []
        enough = threading.Semaphore(0)

        def writer(first):
            try:
                for number in range(first, first + 60):
                    world.stage([number])
                    store.events.add(kind="note", who="writer", what=str(number))
                    enough.release()
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=writer, args=(first,)) for first in (0, 1_000)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            for _ in range(20):
                assert enough.acquire(timeout=60)
            own_server.stop_immediately()
            own_server.start_again()
        for thread in threads:
            thread.join(120)

        assert errors == []
        assert store.items.counts() == {"listed": 120}
        assert store.events.head()[0] == 120
        assert store.check().problems == ()


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_named_without_its_password(postgres):
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1.*cannot be reached") as caught:
        Store.open("postgresql://mailroom:s3cret-word@127.0.0.1:1/mailroom", reconnect_seconds=0)
    assert "s3cret-word" not in str(caught.value)
    with pytest.raises(StoreUnavailableError, match="database name"):
        Store.open(postgres.url("no_such_database"))


class CountingClock(SystemClock):
    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.mark.postgres
def test_waiting_for_the_server_is_bounded_and_backs_off(postgres):
    clock = CountingClock()
    with pytest.raises(StoreUnavailableError):
        Store.open("postgresql://x@127.0.0.1:1/x", reconnect_seconds=0.3, clock=clock)
    assert clock.slept == sorted(clock.slept)
    assert max(clock.slept) <= 1.0


def test_programs_are_never_started_by_importing_the_store():
    code = "import mailroom.store, sys; print(any(name in sys.modules for name in ('alembic', 'fsspec', 'pg8000')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_value_that_fits_no_column_is_the_callers_mistake_and_says_so(store):
    with pytest.raises(InvalidInputError, match="larger than any number in the store"):
        store.cases.get(10**22)
    with pytest.raises(InvalidInputError, match="larger than any number in the store"):
        store.cases.note(10**22, "words", who="ann")
    with pytest.raises(InvalidInputError, match="half a character"):
        store.alerts.list(sender="\udcff")
