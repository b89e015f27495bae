from datetime import timedelta

import pytest
from sqlalchemy import event

from mailroom.errors import InvalidInputError, LeaseLostError, NotFoundError
from mailroom.store import Settled, StagedItem, Store


def test_what_was_listed_twice_is_stored_once(store, world):
    first = store.items.stage(world.source.id, None, [world.staged(1), world.staged(2)])
    second = store.items.stage(world.source.id, None, [world.staged(2), world.staged(3), world.staged(3)])

    assert (first.new, first.known) == (2, 0)
    assert (second.new, second.known) == (1, 2)
    assert store.items.count_pending(world.source.id) == 3
    assert store.items.known(world.source.id, ["hold-1", "hold-9"]) == {"hold-1"}


def test_pending_items_come_oldest_first_and_in_pages(store, world):
    world.stage([5, 3, 4, 1, 2])

    first = store.items.pending(world.source.id, limit=3)
    rest = store.items.pending(world.source.id, limit=3, after=(first[-1].received_at, first[-1].id))

    assert [item.external_key for item in first + rest] == ["hold-1", "hold-2", "hold-3", "hold-4", "hold-5"]


def test_pages_do_not_lose_items_that_share_a_second(store, world):
    same = [StagedItem(f"hold-{n}", "", world.start, {}) for n in range(7)]
    store.items.stage(world.source.id, None, same)

    seen, after = [], None
    while page := store.items.pending(world.source.id, limit=2, after=after):
        seen += [item.external_key for item in page]
        after = (page[-1].received_at, page[-1].id)

    assert sorted(seen) == sorted(item.external_key for item in same)


def test_states_alerts_and_cursor_are_written_together(store, world):
    world.stage(range(5))
    items = store.items.pending(world.source.id, limit=10)
    run_id = store.runs.start("ingest", source_id=world.source.id)

    done = store.items.settle(
        world.source.id,
        run_id,
        [
            Settled(items[0].id, "alerted", alert=world.new_alert("hold-0")),
            Settled(items[1].id, "filtered", "internal mail"),
            Settled(items[2].id, "gone", "expired before it was read"),
            Settled(items[3].id, "quarantined", "unreadable", quarantine=b"\x00raw\xff"),
            Settled(items[4].id, "duplicate", "seen elsewhere"),
        ],
        cursor=world.start + timedelta(seconds=4),
    )

    assert list(done.values()) == ["alerted", "filtered", "gone", "quarantined", "duplicate"]
    assert store.items.count_pending(world.source.id) == 0
    assert store.cursors.get(world.source.id) == world.start + timedelta(seconds=4)
    alert = store.alerts.find("hold-0")
    assert (alert.connector, alert.handling, alert.event) == ("held", "open", {"schema": 1})
    [quarantined] = store.items.quarantined()
    assert store.blobs.get(quarantined.quarantine_sha256) == b"\x00raw\xff"
    assert store.check().problems == ()


def test_settling_a_slice_does_not_walk_over_all_that_waits(sqlite_url):
    asked = []
    with Store.open(sqlite_url) as store:
        source = store.sources.ensure("northwind", "held", "held", "1")
        event.listen(store.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        store.items.settle(source.id, None, [Settled(1, "filtered", "internal mail")])
        queries = [(sql, values) for sql, values in asked if "FROM items" in sql]
        assert queries
        for sql, values in queries:
            plan = store.db.read(lambda tx, s=sql, v=values: tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v).all())
            assert [row[-1] for row in plan] == ["SEARCH items USING INTEGER PRIMARY KEY (rowid=?)"]


def test_what_every_cycle_asks_does_not_walk_over_all_that_was_ever_taken(sqlite_url):
    asked = []
    with Store.open(sqlite_url) as store:
        source = store.sources.ensure("northwind", "mailbox", "soc/INBOX", "1")
        event.listen(store.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        store.intake.unreadable(source.id, limit=1_000)
        store.intake.in_trouble("ingest mailbox", source.id)
        store.intake.waiting(source.id, limit=100, tried=False)
        store.items.count_pending(source.id)
        store.items.known(source.id, ["7", "8"])
        queries = [(sql, values) for sql, values in asked if "FROM items" in sql]
        assert len(queries) >= 6
        narrow = ("ix_items_pending", "ix_items_quarantined", "external_key=?")
        for sql, values in queries:
            plan = store.db.read(lambda tx, s=sql, v=values: tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v).all())
            said = " ".join(row[-1] for row in plan)
            assert any(index in said for index in narrow), (said, sql)


def test_settling_a_second_time_changes_nothing(store, world):
    world.stage([1])
    [item] = store.items.pending(world.source.id, limit=1)
    settled = [Settled(item.id, "alerted", alert=world.new_alert("hold-1"))]
    store.items.settle(world.source.id, None, settled)

    assert store.items.settle(world.source.id, None, settled) == {}
    assert store.items.settle(world.source.id, None, [Settled(item.id, "gone")]) == {}
    assert store.items.counts() == {"alerted": 1}
    assert store.alerts.counts() == {"open": 1}


def test_an_alert_that_exists_makes_its_item_a_duplicate(store, world):
    world.stage([1, 2, 3])
    one, two, three = store.items.pending(world.source.id, limit=3)
    store.items.settle(world.source.id, None, [Settled(one.id, "alerted", alert=world.new_alert("same"))])

    done = store.items.settle(
        world.source.id,
        None,
        [
            Settled(two.id, "alerted", alert=world.new_alert("same")),
            Settled(three.id, "alerted", alert=world.new_alert("other")),
        ],
    )

    assert done == {two.id: "duplicate", three.id: "alerted"}
    assert store.alerts.counts() == {"open": 2}


def test_two_items_of_one_batch_with_the_same_alert_make_one_alert(store, world):
    world.stage([1, 2])
    one, two = store.items.pending(world.source.id, limit=2)
    alert = world.new_alert("same")

    done = store.items.settle(
        world.source.id, None, [Settled(one.id, "alerted", alert=alert), Settled(two.id, "alerted", alert=alert)]
    )

    assert done == {one.id: "alerted", two.id: "duplicate"}


def test_a_new_generation_recognises_old_mail_by_its_content(store, world):
    world.alerts(1)
    newer = store.sources.ensure("northwind", "held", "hold queue", "2.0")
    store.items.stage(newer.id, None, [StagedItem("other-id", "content-0", world.start, {})])
    [item] = store.items.pending(newer.id, limit=1)

    done = store.items.settle(newer.id, None, [Settled(item.id, "alerted", alert=world.new_alert("other-id"))])

    assert newer.id != world.source.id
    assert store.cursors.get(newer.id) is None
    assert done == {item.id: "duplicate"}


def test_equal_content_in_one_generation_is_two_messages(store, world):
    """A sender can copy another message's headers; that must not hide his mail."""
    store.items.stage(world.source.id, None, [StagedItem(f"hold-{n}", "copied-id", world.start, {}) for n in range(2)])
    items = store.items.pending(world.source.id, limit=2)
    settled = [Settled(item.id, "alerted", alert=world.new_alert(item.external_key)) for item in items]

    assert set(store.items.settle(world.source.id, None, settled).values()) == {"alerted"}


def test_the_cursor_only_grows(store, world):
    later, earlier = world.start + timedelta(hours=1), world.start
    store.cursors.advance(world.source.id, later)
    store.cursors.advance(world.source.id, earlier)
    store.items.settle(world.source.id, None, [], cursor=earlier)

    assert store.cursors.get(world.source.id) == later


def test_failed_attempts_are_counted_and_forgotten_when_reopened(store, world):
    world.stage([1])
    [item] = store.items.pending(world.source.id, limit=1)
    assert [store.items.failed_attempt(item.id, "timeout") for _ in range(3)] == [1, 2, 3]
    store.items.settle(world.source.id, None, [Settled(item.id, "quarantined", "3 attempts", quarantine=b"x")])

    assert store.items.reopen(item.id)
    assert not store.items.reopen(item.id)
    [again] = store.items.pending(world.source.id, limit=1)
    assert (again.id, again.attempts) == (item.id, 0)
    with pytest.raises(NotFoundError):
        store.items.failed_attempt(987654, "")


def test_a_state_that_is_no_ending_is_refused(store, world):
    world.stage([1])
    [item] = store.items.pending(world.source.id, limit=1)

    with pytest.raises(InvalidInputError, match="no final state"):
        store.items.settle(world.source.id, None, [Settled(item.id, "listed")])
    with pytest.raises(InvalidInputError, match="alert is missing"):
        store.items.settle(world.source.id, None, [Settled(item.id, "alerted")])


def test_a_worker_that_lost_its_lease_writes_nothing(store, world):
    world.stage([1])
    [item] = store.items.pending(world.source.id, limit=1)
    old = store.leases.acquire("hold queue", "old worker", ttl=timedelta(0))
    store.leases.acquire("hold queue", "new worker")
    settled = [Settled(item.id, "alerted", alert=world.new_alert("hold-1"))]

    with pytest.raises(LeaseLostError, match="new worker"):
        store.items.settle(world.source.id, None, settled, cursor=world.start, lease=old)
    with pytest.raises(LeaseLostError):
        store.items.stage(world.source.id, None, [world.staged(2)], lease=old)

    assert store.items.counts() == {"listed": 1}
    assert store.alerts.counts() == {}
    assert store.cursors.get(world.source.id) is None


HOSTILE = {
    "nul\x00key": "nul\x00",
    "surrogate": "\udcff\ud800x",
    "nan": float("nan"),
    "infinity": [float("inf"), -float("inf")],
    "huge": 10**400,
    "emoji": "💌",
    "sql": "'); DROP TABLE items; --",
    "format": "%s %(x)s {0} :name",
}


def test_what_a_mail_can_carry_is_stored_alike_on_both_databases(store, world):
    deep = current = {}
    for _ in range(5_000):
        current["d"] = {}
        current = current["d"]
    key = "hold\x00-\udcff 💌 '%s :x"
    store.items.stage(world.source.id, None, [StagedItem(key, "c\x00", world.start, HOSTILE | {"deep": deep})])

    [item] = store.items.pending(world.source.id, limit=1)
    again = store.items.stage(world.source.id, None, [StagedItem(key, "c\x00", world.start, {})])

    assert item.external_key == "hold-\ufffd 💌 '%s :x"
    assert item.raw["nulkey"] == "nul"
    assert item.raw["surrogate"] == "\ufffd\ufffdx"
    assert item.raw["nan"] is None
    assert item.raw["sql"] == HOSTILE["sql"]
    assert (again.new, again.known) == (0, 1)
    alert = world.new_alert(key)
    store.items.settle(world.source.id, None, [Settled(item.id, "alerted", alert=alert)])
    assert store.alerts.find(item.external_key).external_key == item.external_key
