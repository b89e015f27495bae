"""Approvals in the store: bound to a digest, decided once, used once, never after their time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

import mailroom.store.approvals
from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.store import Store
from mailroom.store.approval_rows import Member, NewApproval


def proposed(world: Any, count: int = 1) -> list[int]:
    wanted = [world.action(alert) for alert in world.alerts(count)]
    return [one.id for one in world.store.ledger.propose_many(wanted)]


def asked(world: Any, ids: list[int], digest: str = "d", hours: float = 4, **fields: Any) -> Any:
    ends = world.store.approvals.now() + timedelta(hours=hours)
    known = {"tenant": "northwind", "kind": "release", "summary": "release it", "wide": False, "proposer": "triage"}
    members = tuple(Member(one, f"{digest}-{one}") for one in ids)
    return world.store.approvals.open(
        NewApproval(**known | fields, digest=digest, expires_at=ends, members=members)  # type: ignore[arg-type]
    )


def granted(world: Any, ids: list[int], **fields: Any) -> Any:
    known = asked(world, ids, **fields)
    return world.store.approvals.grant(known.id, digest=known.digest, by="ben", channel="form")


def states(world: Any, ids: list[int]) -> list[str]:
    known = world.store.ledger.get_many(ids)
    return [known[one].state for one in ids]


def test_the_same_digest_is_the_same_approval_until_it_is_decided(world):
    ids = proposed(world)
    first, second = asked(world, ids), asked(world, ids)
    assert (first.created, second.created, first.id == second.id) == (True, False, True)
    world.store.approvals.decline(first.id, digest="d", by="ben", channel="form")
    assert asked(world, ids).id != first.id


@pytest.mark.postgres
def test_one_that_ends_while_it_is_asked_for_again_gives_way(
    make_world: Any, postgres_url: str, tmp_path: Path
) -> None:
    with Store.open(postgres_url, blobs=tmp_path / "blobs") as store, Store.open(postgres_url) as other:
        world = make_world(store)
        ids = proposed(world)
        first = asked(world, ids)

        def decide(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith("INSERT INTO approvals ") and other.approvals.get(first.id).is_open:
                other.approvals.void(first.id, "the message changed")

        event.listen(store.db.engine, "after_cursor_execute", decide)
        again = asked(world, ids)

        assert (again.created, again.id != first.id, again.state) == (True, True, "open")
        assert store.approvals.get(first.id).state == "void"


def test_every_open_approval_is_found_however_many_others_there_are(world, monkeypatch):
    monkeypatch.setattr(mailroom.store.approvals, "CHUNK", 2)
    ids = proposed(world, 6)
    ours = [asked(world, [one], digest=str(one), tenant="south" if number < 4 else "north").id
            for number, one in enumerate(ids)][4:]  # fmt: skip

    found = []
    for one in world.store.approvals.every("open", tenants={"north"}):
        found.append(one.id)
        world.store.approvals.void(one.id, "while they are looked at")
    assert found == ours


def test_an_approval_of_nothing_is_refused(world):
    with pytest.raises(InvalidInputError, match="at least one action"):
        asked(world, [])


def test_using_it_wants_exactly_its_actions_and_only_once(world):
    ids = proposed(world, 3)
    known = granted(world, ids[:2])

    used = world.store.approvals.use(known.id, ids, {})

    assert used.state == "used"
    assert states(world, ids) == ["intended", "intended", "proposed"]
    action = world.store.ledger.get(ids[0])
    assert (action.mode, action.approval_id, action.requested_by) == (
        "manual", known.id, "triage, approved by ben",
    )  # fmt: skip
    assert world.store.approvals.use(known.id, ids, {}) == used
    assert states(world, ids) == ["intended", "intended", "proposed"]
    assert world.store.events.verify() == []


@pytest.mark.parametrize("step", ["open", "declined", "void"])
def test_what_is_not_granted_is_not_used(world, step):
    ids = proposed(world)
    known = asked(world, ids)
    if step == "declined":
        world.store.approvals.decline(known.id, digest="d", by="ben", channel="form")
    elif step == "void":
        world.store.approvals.void(known.id, "it changed")
    with pytest.raises(RefusedError, match=f"is {step}"):
        world.store.approvals.use(known.id, ids, {})


def test_a_decision_about_another_digest_does_not_count(world):
    known = asked(world, proposed(world))
    for decide in (world.store.approvals.grant, world.store.approvals.decline):
        with pytest.raises(RefusedError, match="something else"):
            decide(known.id, digest="e", by="ben", channel="mail")
    assert world.store.approvals.get(known.id).is_open


def test_the_first_yes_stands_and_a_no_ends_it_until_it_is_used(world):
    known = granted(world, proposed(world))
    again = world.store.approvals.grant(known.id, digest="d", by="ben", channel="mail")
    assert (again.approver, again.channel) == ("ben", "form")
    with pytest.raises(RefusedError, match="is granted by ben"):
        world.store.approvals.grant(known.id, digest="d", by="eve", channel="mail")
    declined = world.store.approvals.decline(known.id, digest="d", by="eve", channel="mail")
    assert (declined.state, declined.approver) == ("declined", "eve")
    with pytest.raises(RefusedError, match="is declined by eve"):
        world.store.approvals.use(known.id, [1], {})


def test_what_is_used_cannot_be_declined(world):
    ids = proposed(world)
    known = granted(world, ids)
    world.store.approvals.use(known.id, ids, {})
    with pytest.raises(RefusedError, match="is used by ben"):
        world.store.approvals.decline(known.id, digest="d", by="eve", channel="mail")


def test_nobody_decides_without_a_name(world):
    known = asked(world, proposed(world))
    with pytest.raises(InvalidInputError, match="name"):
        world.store.approvals.grant(known.id, digest="d", by=" ", channel="form")


def test_declined_proposals_are_closed(world):
    ids = proposed(world, 2)
    known = asked(world, ids)
    world.store.approvals.decline(known.id, digest="d", by="ben", channel="cli", note="a supplier")
    assert states(world, ids) == ["refused", "refused"]
    assert world.store.ledger.get(ids[0]).detail == "declined by ben: a supplier"


def test_after_its_time_it_is_neither_granted_nor_used(world):
    ids = proposed(world, 2)
    late = asked(world, ids[:1], digest="late", hours=-1)
    with pytest.raises(RefusedError, match="is expired"):
        world.store.approvals.grant(late.id, digest="late", by="ben", channel="cli")
    known = asked(world, ids[1:], digest="soon", hours=-1)
    assert [one.id for one in world.store.approvals.expire()] == [known.id]
    assert world.store.approvals.expire() == []
    assert states(world, ids) == ["proposed", "proposed"]
    assert asked(world, ids[1:], digest="soon").created


def test_an_expired_one_with_the_same_digest_gives_way(world):
    ids = proposed(world)
    old = asked(world, ids, hours=-1)
    new = asked(world, ids)
    assert new.created
    assert world.store.approvals.get(old.id).state == "expired"


def test_what_changed_meanwhile_stays_a_proposal_and_the_rest_is_wanted(world):
    ids = proposed(world, 3)
    known = granted(world, ids)
    world.store.ledger.intend(world.action(world.store.ledger.get(ids[1]).alert_id, requested_by="amy"))

    used = world.store.approvals.use(known.id, ids[1:], {ids[0]: "its evidence changed"})

    assert used.state == "used"
    assert used.plan["dropped"] == {
        str(ids[0]): "its evidence changed", str(ids[1]): "it is intended, and no proposal any more",
    }  # fmt: skip
    assert states(world, ids) == ["proposed", "intended", "intended"]
    assert world.store.ledger.get(ids[1]).approval_id is None


def test_an_approval_of_which_nothing_is_left_is_void(world):
    ids = proposed(world)
    known = granted(world, ids)
    assert world.store.approvals.use(known.id, [], {ids[0]: "its evidence changed"}).state == "void"
    assert world.store.approvals.get(known.id).reason == "its evidence changed"


def test_an_action_that_it_does_not_cover_is_never_wanted_by_it(world):
    ids = proposed(world, 2)
    known = granted(world, ids[:1])
    world.store.approvals.use(known.id, ids, {})
    assert states(world, ids) == ["intended", "proposed"]


def test_the_wall_tells_who_decided_what(world):
    ids = proposed(world)
    known = granted(world, ids)
    world.store.approvals.use(known.id, ids, {})
    told = [(one.kind, one.who) for one in world.store.events.for_action(ids[0])]
    assert told == [
        ("action.proposed", "triage"), ("approval.open", "triage"), ("approval.granted", "ben"),
        ("action.intended", "triage, approved by ben"), ("approval.used", "ben"),
    ]  # fmt: skip


def test_the_run_that_waits_is_told_once(world):
    known = asked(world, proposed(world))
    world.store.approvals.attach(known.id, flow_run_id="run-1")
    assert world.store.approvals.to_tell() == []
    world.store.approvals.grant(known.id, digest="d", by="ben", channel="cli")
    assert [one.flow_run_id for one in world.store.approvals.to_tell()] == ["run-1"]
    world.store.approvals.told(known.id)
    assert world.store.approvals.to_tell() == []


def test_an_unknown_approval_is_not_found(world):
    with pytest.raises(NotFoundError):
        world.store.approvals.get(99)
    with pytest.raises(NotFoundError):
        world.store.approvals.use(99, [], {})


def test_what_nobody_is_asked_about_is_found_behind_any_number_of_others(world):
    def unasked(**origin: Any) -> list[int]:
        found = world.store.approvals.unasked("northwind", kinds=("release",), limit=2, **origin)
        return [one.id for one in found]

    alerts = world.alerts(8)
    by_amy = [world.action(one, mode="manual", requested_by="amy") for one in alerts[:4]]
    by_rules = [world.action(one) for one in alerts[4:]]
    ids = [one.id for one in world.store.ledger.propose_many([*by_amy, *by_rules])]
    assert unasked() == ids[:2]
    assert unasked(mode="auto") == unasked(requested_by="triage") == ids[4:6]
    known = asked(world, ids[4:6])
    assert unasked(mode="auto") == ids[6:]
    world.store.approvals.void(known.id, "changed")
    assert unasked(mode="auto") == ids[4:6]
    asked(world, ids[4:])
    assert unasked(mode="auto") == []
