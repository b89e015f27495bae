"""What the ledger keeps of changes of the tenant: what was made, when it ends, and what takes it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

import mailroom.store.migrations as migrations
from mailroom.store import ActionResult, NewAction, Store


def wish(kind="block_sender", target="a@b.example -> ann@northwind.example", **changes):
    values = {"tenant": "northwind", "alert_id": None, "kind": kind, "target": target, "slot": f"{kind}:{target}"}
    return NewAction(**values | changes)


def done(store, result=None, **changes):
    action = store.ledger.intend(wish(**changes))
    store.ledger.claim([action.id], owner="me")
    store.ledger.settle([ActionResult(action.id, "applied", "done", result=result)])
    return store.ledger.get(action.id)


def test_what_an_action_made_is_kept_with_it(store):
    made = done(store, {"id": "eN1", "flags": [True, None]})

    assert made.result == {"id": "eN1", "flags": [True, None]}
    assert done(store, slot="other").result == {}


def test_a_later_result_without_content_keeps_what_was_noted(store):
    action = store.ledger.intend(wish())
    [claimed] = store.ledger.claim([action.id], owner="me")
    store.ledger.keep(action.id, claimed.attempt, {"before": "x"})
    store.ledger.settle([ActionResult(action.id, "unknown", "lost")])
    store.ledger.keep(action.id, claimed.attempt, {"before": "too late"})

    assert store.ledger.get(action.id).result == {"before": "x"}
    store.ledger.settle([ActionResult(action.id, "applied", result={"id": "eN2"})])
    assert store.ledger.get(action.id).result == {"id": "eN2"}


def test_what_ends_is_found_when_it_ends_and_not_before(store, world):
    soon = done(store, slot="1", expires_at=world.start + timedelta(days=1))
    late = done(store, slot="2", expires_at=world.start + timedelta(days=3))
    done(store, slot="3")
    store.ledger.intend(wish(slot="4", expires_at=world.start))  # wanted, and not done

    assert store.ledger.expiring(world.start) == []
    assert [one.id for one in store.ledger.expiring(world.start + timedelta(days=1))] == [soon.id]
    both = store.ledger.expiring(world.start + timedelta(days=9), tenant="northwind", kinds=("block_sender",))
    assert [one.id for one in both] == [soon.id, late.id]
    assert store.ledger.expiring(world.start + timedelta(days=9), tenant="contoso") == []
    assert both[0].expires_at == world.start + timedelta(days=1)


def test_an_end_that_is_moved_stands_on_the_wall(store, world):
    made = done(store)
    wanted = store.ledger.intend(wish(slot="2"))
    end = world.start + timedelta(days=1)

    for _ in range(2):
        assert store.ledger.end_at(made.id, end, who="ann").expires_at == end
    assert store.ledger.end_at(wanted.id, end, who="ann").expires_at is None

    assert [one.id for one in store.ledger.expiring(end)] == [made.id]
    *_, event = store.events.for_action(made.id)
    assert (event.kind, event.who, event.before, event.after) == ("action.end_moved", "ann", None, end.isoformat())
    assert len(store.events.for_action(made.id)) == 4


def test_an_action_that_was_taken_back_frees_its_place_and_leaves_the_undo_list(store):
    block = done(store)
    back = done(store, kind="permit_sender", undoes_id=block.id)

    assert store.ledger.settle([ActionResult(block.id, "undone", f"by action {back.id}")]) == []

    assert store.ledger.get(block.id).state == "undone"
    assert [one.id for one in store.ledger.undo_list()] == [back.id]
    assert [one.id for one in store.ledger.undoing(block.id)] == [back.id]
    again = store.ledger.intend(wish())
    assert again.created
    assert again.id != block.id
    assert store.check().problems == ()


def test_only_what_was_applied_can_be_undone(store):
    action = store.ledger.intend(wish())

    assert store.ledger.settle([ActionResult(action.id, "undone")]) == [action.id]
    assert store.ledger.get(action.id).state == "intended"


def test_actions_are_found_by_what_they_are_about_and_by_what_they_made(store):
    first = done(store, {"id": "eN1"}, kind="create_block_sender_policy", target="x", slot="1")
    second = done(store, {"id": "eN2"}, kind="create_block_sender_policy", target="x", slot="2")
    done(store, {"id": "eN1"}, kind="other", target="x", slot="3")
    find = {"kinds": ("create_block_sender_policy",), "states": ("applied",)}

    assert [one.id for one in store.ledger.find("northwind", **find, target="x")] == [first.id, second.id]
    assert [one.id for one in store.ledger.find("northwind", **find, result_id="eN2")] == [second.id]
    assert store.ledger.find("northwind", **find, result_id="eN3") == []
    assert store.ledger.find("contoso", **find, target="x") == []


REVERSIBLE = (
    "block_sender", "create_block_sender_policy", "update_block_sender_policy", "delete_block_sender_policy",
    "create_managed_url", "delete_managed_url", "add_group_member", "remove_group_member",
)  # fmt: skip


@pytest.mark.parametrize("kind", REVERSIBLE)
def test_the_undo_list_says_what_can_be_taken_back(store, kind):
    done(store, kind=kind)

    [entry] = store.ledger.undo_list()
    assert entry.reversible
    assert "mailroom undo" in entry.undo


@pytest.mark.parametrize("kind", ["report_message", "create_remediation_incident", "block_file_hash"])
def test_the_undo_list_says_what_cannot(store, kind):
    done(store, kind=kind)

    [entry] = store.ledger.undo_list()
    assert not entry.reversible
    assert entry.undo


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_store_of_the_version_before_keeps_its_actions(request, tmp_path, kind):
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if kind == "postgres":
        server = request.getfixturevalue("postgres")
        url = server.url(server.new_database())
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    with engine.begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "0005")
        tx.execute(
            text(
                "INSERT INTO actions (tenant, kind, target, slot, parameters, digest, state, retryable, reversible, "
                "created_at, updated_at) VALUES ('t', 'release', 'h', 'disposition:h', '{}', 'd', 'applied', true, "
                "false, '2026-03-01 00:00:00.000000', '2026-03-01 00:00:00.000000')"
            )
        )
    engine.dispose()

    with Store.open(url) as store:
        [kept] = store.ledger.undo_list()
        assert (kept.kind, kept.result, kept.expires_at, kept.undoes_id) == ("release", {}, None, None)
        assert store.ledger.expiring(kept.created_at) == []
        assert store.check().ok
