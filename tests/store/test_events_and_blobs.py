import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailroom.errors import InvalidInputError, NotFoundError, StoreError, StoreUnavailableError
from mailroom.store import NewEvent, Store
from mailroom.store.blobs import Blobs
from mailroom.store.schema import case_events, chain_heads


@pytest.fixture
def wall(store):
    store.events.add_many(
        None,
        [
            NewEvent("note", "amara", f"note {n}", before={"x": [1.0, 1e20, -0.0, 1e-7, None]}, after="\x00\udcff")
            for n in range(5)
        ],
    )
    return store


def test_the_wall_is_whole_after_writing_and_reading(wall):
    assert wall.events.verify(page=2) == []
    assert wall.events.head()[0] == 5


def test_a_changed_event_shows(wall):
    wall.run(lambda tx: tx.execute(case_events.update().where(case_events.c.id == 3).values(who="tomasz")))
    assert wall.events.verify() == ["Event 3 of the wall was changed after it was written."]


def test_a_missing_event_shows(wall):
    wall.run(lambda tx: tx.execute(case_events.delete().where(case_events.c.id == 3)))
    assert wall.events.verify() == ["Events 3 to 3 of the wall are missing."]


def test_events_cut_off_the_end_show(wall):
    wall.run(lambda tx: tx.execute(case_events.delete().where(case_events.c.id >= 4)))
    assert wall.events.verify() == ["The wall ends at event 3, but 5 were written."]


def test_a_forged_end_shows(wall):
    wall.run(lambda tx: tx.execute(chain_heads.update().values(hash="0" * 64)))
    assert wall.events.verify() == ["The last event of the wall does not fit the recorded head of the chain."]


def test_an_event_that_is_rolled_back_leaves_no_gap(store):
    class StopError(Exception):
        pass

    with pytest.raises(StopError), store.transaction() as tx:
        store.events.add(tx, kind="note", who="a", what="never happened")
        raise StopError
    store.events.add(kind="note", who="a", what="happened")

    assert store.events.verify() == []
    assert store.events.head()[0] == 1


def test_times_are_aware_and_in_utc(store):
    store.events.add(kind="note", who="a", what="b")
    [row] = store.db.read(lambda tx: tx.execute(case_events.select()).all())
    assert row.at.tzinfo is UTC
    with pytest.raises(Exception, match="time zone"):
        store.cursors.advance(1, datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.fixture(params=["local", "memory"])
def blobs(request, tmp_path):
    return Blobs(str(tmp_path / "blobs") if request.param == "local" else f"memory://{tmp_path.name}")


def test_bytes_come_back_by_their_digest(blobs):
    name = blobs.put(b"raw \x00 mail")
    assert blobs.put(b"raw \x00 mail") == name
    assert blobs.get(name) == b"raw \x00 mail"
    assert blobs.exists(name)
    assert not blobs.exists("0" * 64)
    with pytest.raises(NotFoundError, match="Restore it"):
        blobs.get("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "/" * 64])
def test_only_a_digest_is_a_name(blobs, name):
    with pytest.raises(InvalidInputError):
        blobs.get(name)


def test_blobs_are_private_and_complete(tmp_path):
    blobs = Blobs(str(tmp_path / "blobs"))
    name = blobs.put(b"x" * 100_000)
    [path] = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())

    assert path.name == name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700
    path.write_bytes(b"y")
    with pytest.raises(StoreError, match="damaged"):
        blobs.get(name)


def test_a_blob_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "blobs").write_text("a file in the way")
    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        Blobs(str(tmp_path / "blobs")).put(b"x")


def test_a_store_without_a_place_for_blobs_says_so():
    with pytest.raises(InvalidInputError, match="blobs="):
        Blobs(None).put(b"x")


def test_a_missing_blob_is_found_by_the_check(sqlite_url, tmp_path):
    from mailroom.store.schema import blobs as table

    with Store.open(sqlite_url, blobs=tmp_path / "b") as store:
        row = {"sha256": "0" * 64, "size": 1, "created_at": store.db.clock.now()}
        store.run(lambda tx: tx.execute(table.insert(), row))
        assert store.check().problems == (f"Blob {'0' * 64} is missing from the blob folder.",)
    assert not list(Path(tmp_path / "b").glob("*.tmp"))
