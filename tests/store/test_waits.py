"""Questions and answers as rows: asked once, answered once, settled by arithmetic, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import mailroom.faults
import mailroom.store.waits
from mailroom.errors import InvalidInputError, LeaseLostError, NotFoundError, RefusedError
from mailroom.store import Store
from mailroom.store.actions import NewAction
from mailroom.store.schema import waits
from mailroom.store.wait_outcomes import evaluate
from mailroom.store.wait_rows import VERSION, NewAnswer, NewWait, StoredAnswer, Wait

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FAR = datetime(2099, 1, 1, tzinfo=UTC)
PEOPLE = ("amy@x.example", "ben@x.example", "eve@x.example")


def new(key: str = "run/1", **changes: Any) -> NewWait:
    known: dict[str, Any] = {
        "key": key, "mailbox": "soc", "recipients": PEOPLE[:1], "needed": 1, "deadline": FAR,
        "message_ids": (f"<{key.replace('/', '.')}@x.example>",), "flow_run_id": "",
    }  # fmt: skip
    return NewWait(**(known | changes))


def reply(wait: Wait, recipient: str = PEOPLE[0], uid: int = 1, **changes: Any) -> NewAnswer:
    known: dict[str, Any] = {
        "wait_id": wait.id, "external_key": f"INBOX/1/{uid}", "sender": recipient, "recipient": recipient,
        "classification": "human", "accepted": True, "why": "asked", "score": 100.0, "text": "yes",
        "received_at": NOW + timedelta(seconds=uid), "raw_sha256": f"{uid:064x}",
    }  # fmt: skip
    return NewAnswer(**(known | changes))


def bounce(wait: Wait, recipient: str, uid: int, *, final: bool = True) -> NewAnswer:
    return reply(wait, recipient, uid, classification="bounce", accepted=final)


def test_the_same_key_is_the_same_question(store: Store) -> None:
    first, second = store.waits.ask(new()), store.waits.ask(new())
    assert first.created
    assert not second.created
    assert second.id == first.id
    assert second.message_ids == first.message_ids
    assert len(store.waits.list()) == 1


def test_a_key_that_went_to_other_people_is_refused(store: Store) -> None:
    store.waits.ask(new())
    with pytest.raises(RefusedError, match="went to other people"):
        store.waits.ask(new(recipients=PEOPLE[1:2]))


@pytest.mark.parametrize("needed", [0, 2])
def test_more_answers_than_people_cannot_be_had(store: Store, needed: int) -> None:
    with pytest.raises(InvalidInputError):
        store.waits.ask(new(needed=needed))


def test_an_answer_settles_the_question_in_the_transaction_that_moves_the_mark(store: Store) -> None:
    wait = store.waits.ask(new())
    source = store.sources.ensure("", "replies", "soc/INBOX", "1")
    settled = store.waits.collect([reply(wait)], marks=[(source.id, 7)])
    assert [one.state for one in settled] == ["answered"]
    assert store.waits.get(wait.id).outcome["recipients"][0]["status"] == "replied"
    assert store.cursors.mark(source.id) == 7


def test_nothing_is_written_when_the_lease_was_lost(store: Store) -> None:
    wait = store.waits.ask(new())
    source = store.sources.ensure("", "replies", "soc/INBOX", "1")
    lease = store.leases.acquire("replies:soc", "somebody")
    store.leases.release(lease)
    store.leases.acquire("replies:soc", "somebody else")
    with pytest.raises(LeaseLostError):
        store.waits.collect([reply(wait)], marks=[(source.id, 7)], lease=lease)
    assert store.waits.answers(wait.id) == []
    assert store.cursors.mark(source.id) == 0


def test_the_same_mail_is_one_answer_however_often_it_is_found(store: Store) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE, needed=2))
    store.waits.collect([reply(wait)])
    store.waits.collect([reply(wait)])
    elsewhere = reply(wait, external_key="Archive/1/99")  # moved, or numbered anew: same bytes
    store.waits.collect([elsewhere, elsewhere])
    assert len(store.waits.answers(wait.id)) == 1


@pytest.mark.parametrize(("needed", "answers", "state"), [(1, 1, "answered"), (2, 1, "open"), (2, 2, "answered"),
                                                          (3, 2, "open"), (3, 3, "answered")])  # fmt: skip
def test_as_many_answers_as_needed_settle_it(store: Store, needed: int, answers: int, state: str) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE, needed=needed))
    store.waits.collect([reply(wait, PEOPLE[n], n + 1) for n in range(answers)])
    assert store.waits.get(wait.id).state == state


def test_two_answers_of_one_person_count_once(store: Store) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE, needed=2))
    store.waits.collect([reply(wait, PEOPLE[0], 1), reply(wait, PEOPLE[0], 2)])
    assert store.waits.get(wait.id).is_open


def test_who_has_answered_is_counted_for_many_questions_at_once(store: Store) -> None:
    none, one, two = (store.waits.ask(new(f"run/{n}", recipients=PEOPLE, needed=3)) for n in range(3))
    found = [reply(one, uid=1), reply(one, uid=2), reply(one, PEOPLE[1], 3, accepted=False), bounce(one, PEOPLE[2], 4)]
    store.waits.collect([*found, reply(two, uid=5), reply(two, PEOPLE[1], 6)])
    assert store.waits.replied([none.id, one.id, two.id]) == {one.id: 1, two.id: 2}
    assert [store.waits.progress(wait).replied for wait in (none, one, two)] == [0, 1, 2]


def test_a_bounce_ends_the_question_when_too_few_are_left(store: Store) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE[:2], needed=2))
    assert store.waits.collect([bounce(wait, PEOPLE[1], 1, final=False)]) == []
    (settled,) = store.waits.collect([bounce(wait, PEOPLE[1], 2)])
    assert settled.state == "undeliverable"
    statuses = {row["recipient"]: row["status"] for row in settled.outcome["recipients"]}
    assert statuses == {PEOPLE[0]: "pending", PEOPLE[1]: "undeliverable"}
    assert settled.detail == f"the mail to {PEOPLE[1]} came back"


def test_one_bounce_of_two_does_not_end_a_question_to_any(store: Store) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE[:2]))
    assert store.waits.collect([bounce(wait, PEOPLE[1], 1)]) == []
    assert [one.state for one in store.waits.collect([reply(wait, PEOPLE[0], 2)])] == ["answered"]


def test_whom_the_server_refused_at_once_is_undeliverable(store: Store) -> None:
    wait = store.waits.ask(new())
    after = store.waits.sent(wait.id, action_id=_action(store), sent_at=NOW, refused={PEOPLE[0]: "550 no such user"})
    assert after.state == "undeliverable"
    assert after.detail == f"{PEOPLE[0]} was refused (550 no such user)"


def test_a_question_to_many_names_a_few_of_those_who_cannot_be_reached_and_counts_the_rest(store: Store) -> None:
    people = tuple(f"p{n}@example.org" for n in range(8))
    wait = store.waits.ask(new(recipients=people))
    after = store.waits.sent(
        wait.id, action_id=_action(store), sent_at=NOW, refused=dict.fromkeys(people, "550 5.1.1 unknown\nhere")
    )
    assert after.detail.startswith("p0@example.org was refused (550 5.1.1 unknown here); p1@")
    assert after.detail.endswith("; and 3 more")


def test_an_automatic_reply_is_kept_and_settles_nothing(store: Store) -> None:
    wait = store.waits.ask(new())
    assert store.waits.collect([reply(wait, classification="auto_reply", accepted=False)]) == []
    assert store.waits.progress(wait).recipients[0]["status"] == "auto_reply"


def test_an_answer_that_comes_too_late_is_linked_and_changes_nothing(store: Store) -> None:
    wait = store.waits.ask(new(deadline=NOW))
    store.waits.expire("soc", NOW + timedelta(hours=1))
    assert store.waits.collect([reply(wait)]) == []
    (late,) = store.waits.answers(wait.id)
    assert late.late
    assert store.waits.get(wait.id).state == "no_answer"


def test_an_answer_from_before_the_deadline_counts_although_it_is_found_after_it(store: Store) -> None:
    wait = store.waits.ask(new(deadline=NOW + timedelta(seconds=30)))
    (settled,) = store.waits.collect([reply(wait, uid=29)])
    assert settled.state == "answered"
    assert store.waits.expire("soc", FAR) == []


# F3: the deadline is the row's, whoever waits for it
def test_a_deadline_stays_what_it_was_when_the_question_is_asked_again(store: Store) -> None:
    first = store.waits.ask(new(deadline=NOW + timedelta(days=3)))
    again = store.waits.ask(new(deadline=NOW + timedelta(days=9)))
    assert again.deadline == first.deadline


def test_the_deadline_of_another_mailbox_is_left_alone(store: Store) -> None:
    store.waits.ask(new(deadline=NOW))
    assert store.waits.expire("other", FAR) == []
    assert [one.state for one in store.waits.expire("soc", FAR)] == ["no_answer"]


def test_many_deadlines_that_pass_at_once_are_settled_some_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailroom.store.waits, "_AT_ONCE", 2)
    asked = [store.waits.ask(new(str(number), deadline=NOW, token_hash=str(number))).id for number in range(5)]
    store.waits.collect([reply(store.waits.get(asked[3]), PEOPLE[1])])
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:waits.some_expired:2"))
    with pytest.raises(mailroom.faults.FaultError):
        store.waits.expire("soc", FAR)
    monkeypatch.setattr(mailroom.faults, "_plan", None)
    assert [store.waits.get(one).is_open for one in asked] == [False] * 4 + [True]

    assert [one.id for one in store.waits.expire("soc", FAR)] == asked[4:]
    settled = store.waits.get_many(asked).values()
    assert {(one.state, one.detail, one.outcome["replied"]) for one in settled} == {
        ("no_answer", "the deadline passed", 0)
    }


# F13
def test_a_question_stored_in_another_form_is_refused_loudly_and_left_alone(store: Store) -> None:
    wait = store.waits.ask(new(deadline=NOW))
    store.run(lambda tx: tx.execute(waits.update().values(version=VERSION + 1)))
    with pytest.raises(RefusedError, match=rf"question {wait.id} was stored in form {VERSION + 1}"):
        store.waits.ask(new())
    assert store.waits.expire("soc", FAR) == []
    assert store.waits.get(wait.id).is_open
    assert store.waits.cancel(wait.id, "upgraded").state == "cancelled"


def test_a_settled_question_waits_to_be_resumed_until_its_run_has_been(store: Store) -> None:
    wait = store.waits.ask(new(flow_run_id="run"))
    other = store.waits.ask(new("run/2"))
    store.waits.collect([reply(wait), reply(other, uid=2)])
    assert [one.id for one in store.waits.to_resume("soc")] == [wait.id]
    store.waits.not_resumed({wait.id: "not suspended yet"})
    assert [one.resume_note for one in store.waits.to_resume("soc")] == ["not suspended yet"]
    store.waits.resumed(wait.id)
    assert store.waits.to_resume("soc") == []


def test_cancelling_twice_or_after_an_answer_changes_nothing(store: Store) -> None:
    wait = store.waits.ask(new())
    store.waits.collect([reply(wait)])
    assert store.waits.cancel(wait.id, "no longer needed").state == "answered"
    with pytest.raises(NotFoundError):
        store.waits.cancel(99, "")


def test_reminders_come_in_order_and_end(store: Store) -> None:
    wait = store.waits.ask(new(reminders=(60, 120)))
    sent = store.waits.sent(wait.id, action_id=_action(store), sent_at=NOW, refused={})
    assert sent.next_reminder_at == NOW + timedelta(seconds=60)
    store.waits.reminded(wait.id, 1)
    store.waits.reminded(wait.id, 1)
    assert store.waits.get(wait.id).next_reminder_at == NOW + timedelta(seconds=120)
    store.waits.reminded(wait.id, 2)
    assert store.waits.get(wait.id).next_reminder_at is None


def test_what_changed_is_told_and_nothing_else(store: Store) -> None:
    wait, other = store.waits.ask(new()), store.waits.ask(new("run/2"))
    since = store.waits.get(other.id).changed_at + timedelta(microseconds=1)
    assert store.waits.changed("soc", since) == []
    store.waits.cancel(wait.id, "")
    assert [known for known, _ in store.waits.changed("soc", since)] == [wait.id]


def test_two_watchers_at_once_write_each_answer_once(store: Store) -> None:
    wait = store.waits.ask(new(recipients=PEOPLE, needed=3))
    found = [reply(wait, PEOPLE[n], n + 1) for n in range(3)]
    with ThreadPoolExecutor(4) as pool:
        settled = [one for many in pool.map(lambda _: store.waits.collect(found), range(4)) for one in many]
    assert len(store.waits.answers(wait.id)) == 3
    assert [one.state for one in settled] == ["answered"]


def test_late_answers_do_not_count_in_the_arithmetic() -> None:
    late = StoredAnswer(1, 1, "k", "a", PEOPLE[0], "human", True, True, "", 100, {}, "", {}, "", [], "", NOW, NOW)
    assert evaluate(PEOPLE[:1], {}, 1, [late]).state == ""


def _action(store: Store) -> int:
    return store.ledger.intend(NewAction("", None, "send_mail", "<a@x.example>", "mail:x")).id


def test_a_list_is_newest_first_in_pages_and_leaves_the_words_out(store: Store) -> None:
    made = [store.waits.ask(new(f"run/{number}", subject=f"s{number}")).id for number in range(5)]
    store.waits.cancel(made[3], "enough")
    assert [one.id for one in store.waits.lines(state="open", limit=2)] == [made[4], made[2]]
    assert [one.id for one in store.waits.lines(state="open", limit=2, before_id=made[2])] == [made[1], made[0]]
    assert [one.id for one in store.waits.lines(limit=None)] == made[::-1]
    (line,) = store.waits.lines(state="cancelled")
    assert (line.subject, line.recipients, line.detail, line.is_open) == ("s3", PEOPLE[:1], "enough", False)


def test_a_token_that_somebody_has_stays_good_beside_a_new_one(store: Store) -> None:
    wait = store.waits.ask(new(question={"text": "x"}))
    store.waits.prepare_sending(wait.id, "a")
    store.waits.prepare_sending(wait.id, "b")
    store.waits.prepare_sending(wait.id, "c", beside=True)
    store.waits.prepare_sending(wait.id, "d")
    after = store.waits.get(wait.id)
    assert (after.token_hashes, after.question["text"]) == (("d", "b"), "x")
    assert store.waits.known_by(NOW) == [(wait.id, ("d", "b"), wait.message_ids)]
