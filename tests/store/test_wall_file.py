"""The wall as a file: it proves itself, and it shows when the store was rewritten as a whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.store import NewEvent, Store
from mailroom.store.events import event_hash
from mailroom.store.schema import case_events, chain_heads
from mailroom.store.wall_file import check_file, write_wall


@pytest.fixture
def wall(store: Store) -> Store:
    odd = {"x": [1.0, 1e20, -0.0, 1e-7, None, 2**70], "t": "\u2028\ud800é"}
    store.events.add_many(None, [NewEvent("note", "amara", f"note {n}", before=odd, after="é\n") for n in range(6)])
    return store


def exported(store: Store, **only: object) -> list[str]:
    out = io.StringIO()
    write_wall(store.events, out, **only)  # type: ignore[arg-type]
    return out.getvalue().splitlines(keepends=True)


def problems(lines: list[str], store: Store | None = None) -> tuple[str, ...]:
    return check_file(io.StringIO("".join(lines)), store.events if store else None).problems


def changed(line: str, **values: object) -> str:
    return json.dumps(json.loads(line) | values) + "\n"


def test_an_exported_wall_is_whole_and_agrees_with_the_store(wall: Store) -> None:
    lines = exported(wall)
    assert (len(lines), problems(lines), problems(lines, wall)) == (8, (), ())
    assert problems(exported(wall, after_id=3), wall) == ()
    assert problems(exported(wall, after_id=6), wall) == ()


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda lines: [*lines[:2], changed(lines[2], who="mallory"), *lines[3:]], "Event 2 was changed"),
        (lambda lines: [*lines[:2], changed(lines[2], at="2020-01-01T00:00:00+00:00"), *lines[3:]], "Event 2 was"),
        (lambda lines: [*lines[:2], *lines[3:]], "Events 2 to 2 are missing"),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "missing"),
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines[:-2], lines[-1]], "ends at event 5, but 6"),
        (lambda lines: [*lines, lines[1]], "after the head"),
        (lambda lines: [*lines[:3], "{not json\n", *lines[3:]], "is no event"),
        (lambda lines: [*lines[:-1], changed(lines[-1], head={"events": 6, "hash": "0"})], "does not fit the head"),
    ],
)
def test_a_forged_file_shows(wall: Store, forge: Callable[[list[str]], list[str]], said: str) -> None:
    found = problems(forge(exported(wall)))
    assert any(said in problem for problem in found), found


def test_a_store_that_was_rewritten_with_all_its_hashes_is_found_by_an_older_file(wall: Store) -> None:
    lines = exported(wall)
    previous = ""
    for event in list(wall.events.walk()):
        values = {name: getattr(event, name) for name in ("alert_id", "case_id", "action_id", "kind", "what")}
        values |= {"who": "mallory", "before": event.before, "after": event.after, "why": event.why}
        digest = event_hash(previous, event.id, event.at, values)
        new = {"who": "mallory", "prev_hash": previous, "hash": digest}
        wall.run(lambda tx, id=event.id, new=new: tx.execute(case_events.update().where(case_events.c.id == id), new))
        previous = digest
    wall.run(lambda tx: tx.execute(chain_heads.update().values(hash=previous)))

    assert wall.events.verify() == [], "the forgery is complete"
    assert "is not the one in this file" in problems(lines, wall)[0]


def test_a_store_that_lost_its_end_is_shorter_than_the_file(wall: Store) -> None:
    lines = exported(wall)
    wall.run(lambda tx: tx.execute(case_events.delete().where(case_events.c.id > 4)))
    assert "shorter than this file" in problems(lines, wall)[0]


def test_something_else_is_no_wall() -> None:
    for text in ("", "hello\n", '{"file": "other"}\n'):
        with pytest.raises(InvalidInputError, match="no exported wall"):
            check_file(io.StringIO(text))
    with pytest.raises(InvalidInputError, match="format 9"):
        check_file(io.StringIO('{"file": "mailroom wall", "version": 9}\n'))


def rehashed(line: str, **values: object) -> str:
    """A forged event whose own hash fits."""
    row = json.loads(line) | values
    at = datetime.fromisoformat(row["at"])
    return json.dumps(row | {"hash": event_hash(row["prev_hash"], row["id"], at, row)}) + "\n"


def test_a_forged_part_shows_against_the_store_and_says_what_it_proves_alone(world: object, store: Store) -> None:
    one, two = world.alerts(2)  # type: ignore[attr-defined]
    for alert in (one, two, one, two):
        store.events.add(kind="note", who="amara", what="x", alert_id=alert)
    lines = exported(store, alert_id=one)
    forged = [*lines[:-2], rehashed(lines[-2], who="mallory", after={"state": "released"}), lines[-1]]

    [said] = problems(forged, store)
    assert "is not the one in this file" in said
    [missing] = problems([lines[0], rehashed(lines[-2], id=4_711, prev_hash=""), changed(lines[-1], written=1)], store)
    assert "has no event 4711" in missing
    alone = check_file(io.StringIO("".join(forged)))
    assert (alone.problems, alone.compared) == ((), False)
    assert "no line was damaged, and no more" in alone.proves


def test_what_a_file_proves_depends_on_what_is_in_it_and_on_the_store(wall: Store, world: object) -> None:
    whole, part = exported(wall), exported(wall, alert_id=world.alerts(1)[0])  # type: ignore[attr-defined]

    def proves(lines: list[str], store: Store | None) -> str:
        return check_file(io.StringIO("".join(lines)), store.events if store else None).proves

    assert proves(whole, wall) == "the file is whole, and the store has every event as the file has it"
    assert "whole in itself" in proves(whole, None)
    assert "what is missing in the file does not show" in proves(part, wall)


@pytest.mark.parametrize("after", ["x", -1, 2.5, True, None, [], 2**64])
def test_a_first_line_that_was_changed_is_said(wall: Store, after: object) -> None:
    lines = exported(wall)
    for changes in ({"after": after}, {"events": after}):
        with pytest.raises(InvalidInputError, match="first line of this wall was changed"):
            problems([changed(lines[0], **changes), *lines[1:]], wall)


@pytest.mark.parametrize(
    "values",
    [{"id": 2**64}, {"id": "x"}, {"at": "0001-01-01T00:00:00+14:00"}, {"at": 5}, {"hash": {}}, {"before": 1e999}],
)
def test_strange_values_in_a_line_are_problems_and_no_errors(wall: Store, values: dict[str, object]) -> None:
    lines = exported(wall)

    assert problems([*lines[:2], changed(lines[2], **values), *lines[3:]], wall)
    for head in ({"events": "x", "hash": ""}, {"events": 2**70, "hash": []}, 5):
        assert problems([*lines[:-1], changed(lines[-1], head=head)], wall)


def test_the_events_of_one_alert_are_a_part(world: object, store: Store) -> None:
    one, two = world.alerts(2)  # type: ignore[attr-defined]
    for alert in (one, two, one):
        store.events.add(kind="note", who="a", what="x", alert_id=alert)
    lines = exported(store, alert_id=one)
    assert len(lines) == 2 + len(store.events.for_alert(one))
    found = check_file(io.StringIO("".join(lines)), store.events)
    assert (found.problems, found.whole) == ((), False)
