import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.store import ActionResult, Store, process_owner
from mailroom.store.actions import NewAction


@pytest.fixture
def alert_id(world):
    return world.alerts(1)[0]


def test_what_waits_can_be_asked_for_by_state_and_tenant_and_page_by_page(store):
    wanted = [
        store.ledger.intend(NewAction(tenant, None, "create_managed_url", f"x{number}", f"url:{number}"))
        for number, tenant in enumerate(("another", "northwind", "northwind", "northwind"))
    ]
    store.ledger.claim([wanted[1].id], owner="me")
    store.ledger.settle([ActionResult(wanted[1].id, "failed")])
    ours = {"states": ("intended", "not_applied"), "tenants": ["northwind"]}

    (first,) = store.ledger.to_do(1, **ours)

    assert first.id == wanted[2].id
    assert [one.id for one in store.ledger.to_do(after_id=first.id, **ours)] == [wanted[3].id]
    assert store.ledger.to_do(tenants=[]) == []
    assert len(store.ledger.to_do()) == 4


def test_what_cannot_be_sent_any_more_because_something_else_was_done_in_its_place_is_not_to_do(store, world, alert_id):
    refused = store.ledger.intend(world.action(alert_id, "release"))
    store.ledger.claim([refused.id], owner="me")
    store.ledger.settle([ActionResult(refused.id, "failed", "the tenant said no")])
    assert [one.id for one in store.ledger.to_do()] == [refused.id]

    done = store.ledger.intend(world.action(alert_id, "reject"))
    assert [one.id for one in store.ledger.to_do()] == [done.id]
    store.ledger.claim([done.id], owner="me")
    store.ledger.settle([ActionResult(done.id, "applied")])

    assert store.ledger.to_do() == []
    assert store.ledger.given_up(1) == 0


def test_an_intent_is_written_once(store, world, alert_id):
    first = store.ledger.intend(world.action(alert_id, parameters={"note": "x"}))
    again = store.ledger.intend(world.action(alert_id, parameters={"note": "x"}))

    assert (first.created, again.created) == (True, False)
    assert first.id == again.id
    assert first.state == "intended"
    assert len(store.events.for_action(first.id)) == 1


def test_who_sends_at_once_writes_intent_and_claim_together(store, world, alert_id):
    wish = world.action(alert_id)
    mine, is_mine = store.ledger.begin(wish, owner="a")
    seen, is_theirs = store.ledger.begin(wish, owner="b")

    assert (is_mine, is_theirs) == (True, False)
    assert (mine.state, mine.attempt, mine.owner, mine.created) == ("sending", 1, "a", True)
    assert mine == replace(store.ledger.get(mine.id), created=True)
    assert seen == store.ledger.get(mine.id)
    assert [event.after for event in store.events.for_action(mine.id)] == ["intended", "sending"]
    assert store.events.verify() == []


@pytest.mark.parametrize(("state", "is_mine"), [("not_applied", True), ("applied", False), ("unknown", False)])
def test_who_sends_at_once_takes_up_what_may_be_sent_again(store, world, alert_id, state, is_mine):
    first, _ = store.ledger.begin(world.action(alert_id), owner="a")
    store.ledger.settle([ActionResult(first.id, state)])

    again, claimed = store.ledger.begin(world.action(alert_id), owner="b")

    assert (again.id, claimed, again.created) == (first.id, is_mine, False)
    assert (again.state, again.attempt) == (("sending", 2) if is_mine else (state, 1))


def test_who_sends_at_once_takes_up_a_proposal_and_is_refused_a_taken_slot(store, world, alert_id):
    [proposal] = store.ledger.propose_many([world.action(alert_id)])

    mine, is_mine = store.ledger.begin(world.action(alert_id, mode="manual"), owner="a")

    assert (mine.id, mine.state, is_mine) == (proposal.id, "sending", True)
    with pytest.raises(RefusedError):
        store.ledger.begin(world.action(alert_id, kind="reject"), owner="b")


def test_a_new_intent_is_told_as_it_would_be_read_back(store):
    ends = datetime(2025, 3, 7, 16, 3, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    action = store.ledger.intend(NewAction(
        "north\x00wind", None, "block_sender", "lone \ud800", "slot:\x00lone \ud800",
        parameters={"many": (1, 2.0), "at": ends, "deep": {"text": "a\x00b"}, "long": 10**30},
        requested_by="amara", undo_expires_at=ends, expires_at=ends,
    ))  # fmt: skip

    assert action == replace(store.ledger.get(action.id), created=True)
    assert action.expires_at.tzinfo == UTC


def test_a_message_cannot_be_released_and_rejected(store, world, alert_id):
    released = store.ledger.intend(world.action(alert_id, "release"))

    with pytest.raises(RefusedError, match=rf"action {released.id} \(release, intended\)"):
        store.ledger.intend(world.action(alert_id, "reject"))
    with pytest.raises(RefusedError):
        store.ledger.intend(world.action(alert_id, "release", parameters={"other": True}))


def test_the_database_itself_refuses_a_second_live_action(store, world, alert_id):
    from sqlalchemy.exc import IntegrityError

    from mailroom.store.intents import action_row
    from mailroom.store.schema import actions

    store.ledger.intend(world.action(alert_id, "release"))
    row = action_row(world.action(alert_id, "reject"), "intended", store.db.clock.now())

    with pytest.raises(IntegrityError), store.db.engine.begin() as connection:
        connection.execute(actions.insert(), row)


def test_many_intents_are_answered_in_order_with_refusals_in_their_place(store, world):
    ids = world.alerts(3)
    store.ledger.intend(world.action(ids[1], "reject"))

    answers = store.ledger.intend_many(
        [
            world.action(ids[0]),
            world.action(ids[1]),
            world.action(ids[2]),
            world.action(ids[0]),
            world.action(ids[0], "reject"),
        ]
    )

    assert [type(answer).__name__ for answer in answers] == [
        "Action",
        "RefusedError",
        "Action",
        "Action",
        "RefusedError",
    ]
    assert answers[0].id == answers[3].id
    assert (answers[0].created, answers[3].created) == (True, False)


def test_an_action_is_claimed_by_exactly_one(store, world):
    ids = [store.ledger.intend(world.action(alert_id)).id for alert_id in world.alerts(20)]
    barrier = threading.Barrier(4)

    def grab(owner):
        barrier.wait()
        return [action.id for action in store.ledger.claim(ids, owner=owner)]

    with ThreadPoolExecutor(4) as pool:
        taken = [action_id for got in pool.map(grab, "abcd") for action_id in got]

    assert sorted(taken) == sorted(ids)
    assert all(action.attempt == 1 for action in store.ledger.open_effects())


def test_a_claimed_action_is_sent_and_settled_with_its_alert(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    [claimed] = store.ledger.claim([action.id], owner="me")
    assert (claimed.state, claimed.attempt, claimed.owner) == ("sending", 1, "me")

    ignored = store.ledger.settle([ActionResult(action.id, "applied", "done", "200", handling="released")])

    assert ignored == []
    settled = store.ledger.get(action.id)
    assert (settled.state, settled.detail, settled.code) == ("applied", "done", "200")
    assert store.alerts.get(alert_id).handling == "released"
    assert [event.after for event in store.events.for_action(action.id)] == ["intended", "sending", "applied"]
    assert store.ledger.claim([action.id], owner="me") == []
    [undo] = store.ledger.undo_list()
    assert not undo.reversible
    assert "mailbox" in undo.undo
    assert store.check().problems == ()


def test_a_result_told_twice_is_recorded_once(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([action.id], owner="me")
    for _ in range(2):
        assert store.ledger.settle([ActionResult(action.id, "applied")]) == []

    assert len(store.events.for_action(action.id)) == 3


def test_an_applied_action_stays_applied_whatever_comes_late(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([action.id], owner="me")
    store.ledger.settle([ActionResult(action.id, "applied")])

    assert store.ledger.settle([ActionResult(action.id, "failed", "too late")]) == [action.id]
    assert store.ledger.get(action.id).state == "applied"
    assert store.events.for_action(action.id)[-1].kind == "action.result_ignored"


def test_a_result_of_an_older_attempt_is_ignored(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([action.id], owner="slow")
    store.ledger.adopt_orphans(alive=lambda owner: False)
    store.ledger.settle([ActionResult(action.id, "not_applied", "looked: still held")])
    store.ledger.claim([action.id], owner="quick")

    assert store.ledger.settle([ActionResult(action.id, "failed", attempt=1)]) == [action.id]
    assert store.ledger.settle([ActionResult(action.id, "applied", attempt=2)]) == []


def test_unknown_is_never_claimed_before_someone_looked(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([action.id], owner="me")
    store.ledger.settle([ActionResult(action.id, "unknown", "timeout")])

    assert store.ledger.claim([action.id], owner="me") == []
    assert store.ledger.to_do() == []
    assert [open_one.id for open_one in store.ledger.open_effects()] == [action.id]
    with pytest.raises(RefusedError):
        store.ledger.intend(world.action(alert_id, "reject"))

    store.ledger.settle([ActionResult(action.id, "not_applied", "still held")])
    assert [todo.id for todo in store.ledger.to_do()] == [action.id]
    assert store.ledger.claim([action.id], owner="me")[0].attempt == 2


def test_a_failed_action_is_tried_again_only_when_that_makes_sense(store, world):
    one, two = (store.ledger.intend(world.action(alert_id)) for alert_id in world.alerts(2))
    store.ledger.claim([one.id, two.id], owner="me")
    store.ledger.settle(
        [ActionResult(one.id, "failed", "busy"), ActionResult(two.id, "failed", "never", retryable=False)]
    )

    assert [todo.id for todo in store.ledger.to_do()] == [one.id]
    assert [action.id for action in store.ledger.claim([one.id, two.id], owner="me")] == [one.id]


def test_what_the_tenant_keeps_refusing_is_left_out_and_what_never_reached_it_is_not(store, world):
    refused, cut_off = (store.ledger.intend(world.action(alert_id)) for alert_id in world.alerts(2))
    for _ in range(3):
        store.ledger.claim([refused.id, cut_off.id], owner="me")
        store.ledger.settle([ActionResult(refused.id, "failed", "locked"), ActionResult(cut_off.id, "not_applied")])

    assert [todo.id for todo in store.ledger.to_do(max_failures=3)] == [cut_off.id]
    assert store.ledger.given_up(3) == 1
    assert [todo.id for todo in store.ledger.to_do()] == [refused.id, cut_off.id]


def test_a_failed_release_cannot_be_repeated_once_a_reject_is_intended(store, world, alert_id):
    release = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([release.id], owner="me")
    store.ledger.settle([ActionResult(release.id, "failed")])
    reject = store.ledger.intend(world.action(alert_id, "reject"))

    assert store.ledger.claim([release.id, reject.id], owner="me")[0].id == reject.id


def test_intending_a_failed_action_again_goes_on_with_its_row(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.claim([action.id], owner="me")
    store.ledger.settle([ActionResult(action.id, "failed")])

    again = store.ledger.intend(world.action(alert_id))
    assert (again.id, again.created) == (action.id, False)


def test_a_refused_action_is_entered_again_only_by_a_person(store, world, alert_id):
    action = store.ledger.intend(world.action(alert_id))
    store.ledger.settle([ActionResult(action.id, "refused", "kill switch")])

    assert store.ledger.intend(world.action(alert_id)).id == action.id
    by_hand = store.ledger.intend(world.action(alert_id, mode="manual"))
    assert by_hand.id != action.id
    assert by_hand.created


def test_a_proposal_becomes_an_intent(store, world):
    one, two = world.alerts(2)
    [proposal, _] = store.ledger.propose_many([world.action(one), world.action(two)])
    [again] = store.ledger.propose_many([world.action(one)])
    assert (proposal.state, again.id, again.created) == ("proposed", proposal.id, False)
    assert store.ledger.claim([proposal.id], owner="me") == []

    intended = store.ledger.intend(world.action(one, mode="manual", approval_id=7, requested_by="amara"))

    assert (intended.id, intended.state, intended.approval_id) == (proposal.id, "intended", 7)
    assert [event.after for event in store.events.for_action(intended.id)] == ["proposed", "intended"]
    assert store.ledger.counts() == {"release": {"intended": 1, "proposed": 1}}


def test_actions_of_dead_processes_become_unknown(store, world):
    ids = [store.ledger.intend(world.action(alert_id)).id for alert_id in world.alerts(3)]
    mine = process_owner("act")
    store.ledger.claim([ids[0]], owner=mine)
    store.ledger.claim([ids[1]], owner=mine.replace("/" + mine.split("/")[3] + "/", "/1/"))  # a reused process number
    store.ledger.claim([ids[2]], owner="another machine")

    assert [action.id for action in store.ledger.adopt_orphans()] == [ids[1]]
    assert [action.id for action in store.ledger.adopt_orphans(timedelta(0))] == [ids[0], ids[2]]
    assert store.ledger.adopt_orphans(timedelta(0)) == []
    assert {action.state for action in store.ledger.open_effects()} == {"unknown"}


def test_the_rails_can_count(store, world):
    ids = world.alerts(3)
    for alert_id in ids:
        store.ledger.intend(world.action(alert_id))
    store.ledger.settle([ActionResult(store.ledger.for_alert(ids[0])[0].id, "refused")])
    hour_ago = store.db.clock.now() - timedelta(hours=1)

    assert store.ledger.counts_since(hour_ago, "release") == 2
    assert store.ledger.counts_since(hour_ago, "release", mode="manual") == 0
    assert store.ledger.counts_since(store.db.clock.now() + timedelta(hours=1)) == 0
    assert store.ledger.recent_for_domain("fabrikam.example", "release", hour_ago) == 2
    assert store.ledger.recent_for_domain("adatum.example", None, hour_ago) == 0


def test_results_for_actions_that_do_not_exist_are_a_mistake(store, world):
    with pytest.raises(InvalidInputError, match="no action 77"):
        store.ledger.settle([ActionResult(77, "applied")])
    with pytest.raises(NotFoundError):
        store.ledger.get(77)


def test_several_writers_agree_on_one_disposition(store, store_url, world, alert_id):
    barrier = threading.Barrier(6)

    def wish(number):
        with Store.open(store_url) as own:
            barrier.wait()
            try:
                return own.ledger.intend(world.action(alert_id, "release" if number % 2 else "reject")).kind
            except RefusedError:
                return "refused"

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(wish, range(6)))

    assert sorted(answers).count("refused") == 3
    assert len(set(answers)) == 2
    assert len(store.ledger.for_alert(alert_id)) == 1
    assert store.events.verify() == []
