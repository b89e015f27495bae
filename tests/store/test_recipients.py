"""Questions to recipients in the store: one per person and time, made use of once, and again when somebody changes
their mind."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from mailroom.errors import RefusedError
from mailroom.store import NewVerdict
from mailroom.store.wait_rows import NewAnswer, NewWait

DAY = timedelta(days=1)
AMY = "clara.lindqvist@northwind.example"


def question(store, key, alert_id=None, **more):
    now = store.waits.now()
    given = {
        "key": key, "kind": "recipient", "mailbox": "soc", "recipients": (AMY,), "needed": 1, "deadline": now + DAY,
        "message_ids": (f"<{key}@soc.example>",), "alert_id": alert_id,
    }  # fmt: skip
    return NewWait(**given | more)


def answer(store, wait, text, uid):
    return NewAnswer(
        wait_id=wait.id, external_key=f"INBOX/1/{uid}", sender=AMY, recipient=AMY, classification="human",
        accepted=True, why="", score=100.0, text=text, received_at=store.waits.now(),
    )  # fmt: skip


def test_one_question_per_person_and_time_and_the_same_one_as_often_as_wanted(store):
    first = store.waits.ask(question(store, "recipient:amy:1"), once=("recipient:amy:", DAY))

    again = store.waits.ask(question(store, "recipient:amy:1"), once=("recipient:amy:", DAY))
    with pytest.raises(RefusedError, match="same person"):
        store.waits.ask(question(store, "recipient:amy:2"), once=("recipient:amy:", DAY))
    other = store.waits.ask(question(store, "recipient:amz:1"), once=("recipient:amz:", DAY))
    later = store.waits.ask(question(store, "recipient:amy:3"), once=("recipient:amy:", timedelta(0)))

    assert (again.id, again.created) == (first.id, False)
    assert [one.id for one in store.waits.asked_since("recipient:amy:", first.created_at)] == [later.id, first.id]
    assert store.waits.count_since("recipient", first.created_at) == 3
    assert other.created


def test_of_many_who_ask_the_same_person_at_once_one_does(store):
    said, start = [], threading.Barrier(4)

    def ask(number):
        start.wait()
        try:
            said.append(store.waits.ask(question(store, f"recipient:amy:{number}"), once=("recipient:amy:", DAY)).id)
        except RefusedError:
            said.append(0)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one > 0 for one in said) == [False, False, False, True]


def test_an_outcome_is_made_use_of_once_and_again_after_another_answer(store):
    wait = store.waits.ask(question(store, "recipient:amy:1"))
    assert store.waits.to_handle("recipient") == []
    store.waits.handled([wait.id])  # too early: nothing happens
    store.waits.collect([answer(store, wait, "1", 1)])
    assert [one.id for one in store.waits.to_handle("recipient", mailbox="soc")] == [wait.id]

    store.waits.handled([wait.id])
    assert store.waits.to_handle("recipient") == []

    store.waits.collect([answer(store, wait, "2, sorry", 2)])
    assert [one.id for one in store.waits.to_handle("recipient")] == [wait.id]
    assert [one.text for one in store.waits.answers_of([wait.id])[wait.id]] == ["1", "2, sorry"]


def test_messages_wait_for_a_question_until_one_went_out(store, world):
    ids = world.alerts(3)
    store.verdicts.record([
        NewVerdict(one, None, "suspicious", 45, 0.9, 40, "rules-1", "T2", proposed_action=action)
        for one, action in zip(ids, ("ask_recipient", "ask_recipient", "leave"), strict=True)
    ])  # fmt: skip
    stored = store.waits.ask(question(store, "recipient:amy:1", alert_id=ids[0]))

    assert store.recipients.to_ask("ask_recipient", "recipient") == ids[:2]  # stored is not sent
    assert store.recipients.to_ask("ask_recipient", "recipient", after_id=ids[0]) == [ids[1]]

    store.waits.cancel(stored.id, "asked otherwise")
    assert store.recipients.to_ask("ask_recipient", "recipient") == [ids[1]]


def test_one_run_waits_for_a_question(store):
    wait = store.waits.ask(question(store, "recipient:amy:1"))

    assert store.recipients.attach(wait.id, "run-1")
    assert store.recipients.attach(wait.id, "run-1")
    assert not store.recipients.attach(wait.id, "run-2")

    assert store.waits.get(wait.id).flow_run_id == "run-1"
