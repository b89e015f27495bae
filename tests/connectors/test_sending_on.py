"""Mails that are not through: those refused for now are tried again, those of unknown fate looked for, people asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from mailroom.connectors.careful_login import sending_failed
from mailroom.effects import send_mail
from mailroom.effects.follow_ups import Post, send_new
from mailroom.effects.mail_outcome import SEND_MAIL, result_of_report
from mailroom.errors import BusyError, InvalidInputError, NotFoundError
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail
from mailroom.mail.smtp import SendGuards, SendReport
from mailroom.playbooks import sending_on
from mailroom.playbooks.ask import ask, outcome, wait_for
from mailroom.playbooks.question import Waiting
from mailroom.playbooks.sending import PAUSES, chain_of, sending_of, settle_by_hand, take_up
from mailroom.playbooks.sending_on import is_due
from mailroom.playbooks.watch_replies import cancel, watch_once
from mailroom.store.schema import actions, leases, waits
from mailroom.store.wait_rows import Wait
from sandbox.mail import Habit, MailFault

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
EVE = "grace.whitfield@northwind.example"
LATER = "451 4.2.0 greylisted"


@pytest.fixture
def desk(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Any]:
    """A desk at a mail server whose people never answer by themselves."""
    people = {one: Habit("never") for one in (AMY, BEN, EVE)}
    with ExitStack() as stack:
        made = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "w", people, frozen=True))
        desk = stack.enter_context(made.desk())
        desk.mail = made.mail
        yield desk


@pytest.fixture
def question(mail_helper: ModuleType) -> Callable[..., Any]:
    return mail_helper.question  # type: ignore[no-any-return]


def put_off(desk: Any, *people: str, times: int | None = 1) -> None:
    for one in people:
        desk.mail.faults.add(MailFault("refuse", "RCPT", address=one, answer=LATER, times=times))


def look(desk: Any) -> Any:
    return watch_once(desk.store, desk.account)


def later(desk: Any, by: timedelta) -> None:
    """Time passes for everything that was sent, and for the pauses of servers; deadlines stay."""
    rows = desk.store.ledger.list(kind=SEND_MAIL)
    pauses = leases.c.name.startswith("login:")

    def back(tx: Any) -> None:
        for one in rows:
            changes = {name: moment - by for name in ("created_at", "claimed_at", "settled_at")
                       if (moment := getattr(one, name)) is not None}  # fmt: skip
            looked = {
                who: (datetime.fromisoformat(at) - by).isoformat()
                for who, at in (one.result.get("looked") or {}).items()
            }
            changes["result"] = one.result | ({"looked": looked} if looked else {})
            tx.execute(actions.update().where(actions.c.id == one.id).values(**changes))
        for name, until in tx.execute(select(leases.c.name, leases.c.expires_at).where(pauses)).all():
            tx.execute(leases.update().where(leases.c.name == name).values(expires_at=until - by))

    desk.store.run(back)


def change(desk: Any, wait: Wait, **values: Any) -> None:
    now = desk.store.waits.now()
    desk.store.run(lambda tx: tx.execute(waits.update().where(waits.c.id == wait.id).values(changed_at=now, **values)))


def handed(desk: Any) -> list[tuple[str, ...]]:
    return [one.recipients for one in desk.mail.sent]


def reply(wait: Wait, sender: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: Re: x\r\nMessage-ID: <{sender}/1>\r\n"
        f"In-Reply-To: {wait.message_ids[0]}\r\n\r\nyes\r\n"
    ).encode()


# -- refused for now ---------------------------------------------------------------------------------------------------


# F25a
def test_people_refused_for_now_get_the_question_from_the_watcher_when_their_pause_is_over(
    desk: Any, question: Any
) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    assert f"refused for now: {BEN} ({LATER}); tried again at" in wait.detail
    assert look(desk).tried_again == 0
    later(desk, PAUSES[0])
    assert look(desk).tried_again == 1
    assert handed(desk) == [(AMY,), (BEN,)]
    assert all(wait.message_ids[0].encode() in one.raw for one in desk.mail.sent)
    after = desk.store.waits.get(wait.id)
    assert (after.detail, after.sent_at) == ("", wait.sent_at)
    later(desk, timedelta(days=1))
    assert look(desk).tried_again == 0
    assert len(desk.mail.sent) == 2


def test_the_pauses_grow_and_survive_every_restart(desk: Any, question: Any) -> None:
    put_off(desk, BEN, times=None)
    wait = ask(desk, question(AMY, BEN, seconds=90 * 86_400), key="k")
    for pause in (*PAUSES, PAUSES[-1], PAUSES[-1]):
        (row,) = [one for one in chain_of(desk.store, wait) if one.state in {"intended", "not_applied"}]
        tries = row.attempt
        later(desk, pause - timedelta(seconds=30))
        look(desk)
        assert desk.store.ledger.get(row.id).attempt == tries
        later(desk, timedelta(seconds=31))
        look(desk)
        assert desk.store.ledger.get(row.id).attempt == tries + 1
    assert handed(desk) == [(AMY,)]


def test_a_question_that_nobody_took_for_now_stays_open_and_goes_out_later(desk: Any, question: Any) -> None:
    put_off(desk, AMY)
    wait = ask(desk, question(AMY), key="k", flow_run_id="run")
    assert wait.is_open
    assert wait.sent_at is None
    assert outcome(desk, wait.id).detail.startswith("refused for now")
    later(desk, PAUSES[0])
    assert look(desk).tried_again == 1
    assert desk.store.waits.get(wait.id).sent_at is not None
    desk.mail.deliver(reply(wait, AMY))
    assert look(desk).answered == 1


def test_those_who_are_put_off_in_turns_are_all_reached_once(desk: Any, question: Any) -> None:
    put_off(desk, BEN, EVE)
    put_off(desk, EVE)
    wait = ask(desk, question(AMY, BEN, EVE, mode="all"), key="k")
    for pause in PAUSES[:2]:
        later(desk, pause)
        look(desk)
    assert handed(desk) == [(AMY,), (BEN,), (EVE,)]
    assert sending_of(desk.store, wait).state == "sent"


def test_copies_that_were_put_off_are_sent_too_and_with_the_same_words(desk: Any, question: Any) -> None:
    put_off(desk, BEN, EVE)
    ask(desk, question(f"Clara <{AMY}>", cc=(BEN,), bcc=(EVE,)), key="k")
    later(desk, PAUSES[0])
    look(desk)
    first, second = desk.mail.sent
    assert sorted(second.recipients) == sorted((BEN, EVE))
    assert b"Clara <" + AMY.encode() in second.raw
    assert EVE.encode() not in second.raw
    words = [raw.partition(b"Reference:")[0].partition(b"Please")[2] for raw in (first.raw, second.raw)]
    assert words[0] == words[1] != b""


def test_the_reference_of_the_first_mail_stays_good(desk: Any, question: Any) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    later(desk, PAUSES[0])
    look(desk)
    for number, sender in enumerate((AMY, BEN)):
        line = next(one for one in desk.mail.sent[number].raw.split(b"\r\n") if one.startswith(b"Reference: "))
        desk.mail.deliver(
            f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: Re: {wait.subject}\r\n"
            f"Message-ID: <{sender}>\r\n\r\nyes\r\n\r\n> {line.decode()}\r\n".encode()
        )
    assert look(desk).answered == 1


@pytest.mark.parametrize("end", ["answered", "cancelled", "the deadline passed"])
def test_nobody_is_tried_again_when_the_question_is_over(desk: Any, question: Any, end: str) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN), key="k")
    later(desk, PAUSES[0])
    if end == "answered":
        desk.mail.deliver(reply(wait, AMY))
    elif end == "cancelled":
        cancel(desk.store, wait.id, "enough")
    else:
        change(desk, wait, deadline=desk.store.waits.now())
    look(desk)
    look(desk)
    assert handed(desk) == [(AMY,)]
    assert chain_of(desk.store, wait)[-1].state == "refused"
    assert not desk.store.waits.get(wait.id).is_open


def test_a_question_with_attachments_says_that_it_is_not_tried_again_by_itself(desk: Any, question: Any) -> None:
    put_off(desk, BEN)
    asked = replace(question(AMY, BEN), attachments=(OutgoingAttachment("a.txt", b"x"),))
    wait = ask(desk, asked, key="k")
    assert "attachments are not kept" in wait.detail
    later(desk, PAUSES[-1])
    assert look(desk).tried_again == 0
    assert not ask(desk, asked, key="k").detail
    assert handed(desk) == [(AMY,), (BEN,)]


def test_a_rail_that_came_up_since_ends_the_trying_and_is_named(desk: Any, question: Any) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    later(desk, PAUSES[0])
    desk.account = replace(desk.account, guards=SendGuards(allowed_domains=("elsewhere.example",)))
    assert look(desk).problems == []
    after = desk.store.waits.get(wait.id)
    assert (after.state, list(after.refused)) == ("undeliverable", [BEN])
    assert len(desk.mail.sent) == 1


def test_somebody_refused_for_good_at_a_later_try_is_undeliverable(desk: Any, question: Any) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    desk.mail.faults.add(MailFault("refuse", "RCPT", address=BEN, answer="550 5.1.1 no such user"))
    later(desk, PAUSES[0])
    look(desk)
    assert desk.store.waits.get(wait.id).state == "undeliverable"


def test_a_server_that_is_away_is_tried_again_too(desk: Any, question: Any) -> None:
    put_off(desk, AMY)
    wait = ask(desk, question(AMY), key="k")
    desk.mail.faults.add(MailFault("drop", "EHLO"))
    later(desk, PAUSES[0])
    assert look(desk).tried_again == 0
    later(desk, PAUSES[1])
    assert look(desk).tried_again == 1
    assert desk.store.waits.get(wait.id).sent_at is not None


# F22
@pytest.mark.parametrize(("kind", "verb"), [("refuse", "AUTH"), ("drop", "EHLO")])
def test_many_reminders_try_a_sending_server_in_trouble_once_in_fifteen_minutes(
    desk: Any, question: Any, kind: str, verb: str
) -> None:
    for key in "123":
        wait = ask(desk, question(AMY, reminders=(timedelta(hours=1),)), key=key)
        then = desk.store.waits.now() - timedelta(hours=2)
        change(desk, wait, sent_at=then, next_reminder_at=then + timedelta(hours=1))
    trouble = desk.mail.faults.add(MailFault(kind, verb, answer="535 5.7.8 wrong", times=None))
    first = look(desk)
    tried = trouble.hits
    assert first.reminders == 0
    assert any("is not tried again before" in one for one in first.problems)
    assert [look(desk).reminders for _ in range(3)] == [0, 0, 0]
    assert trouble.hits == tried
    desk.mail.faults.clear()
    later(desk, timedelta(minutes=16))
    assert look(desk).reminders == 3


# F25a: the copy in Sent and an answer of somebody else are about the first mail
def test_a_further_sending_of_unknown_fate_is_proven_only_by_those_it_went_to(desk: Any, question: Any) -> None:
    put_off(desk, BEN)
    wait = ask(desk, question(AMY, BEN, EVE, mode="all"), key="k")
    desk.mail.faults.add(MailFault("drop_after_dot"))
    later(desk, PAUSES[0])
    look(desk)
    desk.mail.deliver(reply(wait, AMY))
    later(desk, timedelta(hours=12))
    look(desk)
    assert chain_of(desk.store, wait)[-1].state == "unknown"
    assert f"whether it was sent to {BEN}" in desk.store.waits.get(wait.id).detail
    desk.mail.deliver(reply(wait, BEN))
    look(desk)
    later(desk, timedelta(hours=12))
    look(desk)
    assert chain_of(desk.store, wait)[-1].state == "applied"
    assert len(desk.mail.sent) == 2


def test_a_reminder_that_is_refused_for_now_is_not_tried_at_every_look(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY, reminders=(timedelta(hours=1),)), key="k")
    then = desk.store.waits.now() - timedelta(hours=2)
    change(desk, wait, sent_at=then, next_reminder_at=then + timedelta(hours=1))
    put_off(desk, AMY)
    assert [look(desk).reminders for _ in range(3)] == [0, 0, 0]
    later(desk, PAUSES[0])
    assert look(desk).reminders == 1


def test_a_daily_limit_of_the_provider_is_waited_for(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("refuse", "MAIL", answer="550 5.4.5 Daily user sending limit exceeded"))
    wait = ask(desk, question(AMY), key="k")
    assert wait.is_open
    assert "refused for now" in wait.detail
    later(desk, PAUSES[0])
    assert look(desk).tried_again == 1
    assert handed(desk) == [(AMY,)]


def test_the_tenth_reminder_of_as_many_days_is_no_loop(desk: Any, question: Any) -> None:
    daily = tuple(timedelta(days=one) for one in range(1, 13))
    wait = ask(desk, question(AMY, seconds=30 * 86_400, reminders=daily), key="k")
    then = desk.store.waits.now() - timedelta(days=11)
    change(desk, wait, sent_at=then, reminded=10, next_reminder_at=then + daily[10])
    report = look(desk)
    assert (report.reminders, report.problems) == (1, [])


def test_whoever_refused_a_reminder_for_now_is_not_on_the_list_for_ever(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY, BEN, mode="all", reminders=(timedelta(hours=1),)), key="k")
    then = desk.store.waits.now() - timedelta(hours=2)
    change(desk, wait, sent_at=then, next_reminder_at=then + timedelta(hours=1))
    put_off(desk, BEN)
    look(desk)
    assert [one.target == wait.message_ids[0] for one in desk.store.ledger.to_do(kinds=(SEND_MAIL,))] == [False]
    cancel(desk.store, wait.id, "enough")
    look(desk)
    assert desk.store.ledger.to_do(kinds=(SEND_MAIL,)) == []


# F22
def test_a_further_sending_that_meets_a_server_in_trouble_is_tried_once_for_all_questions(
    desk: Any, question: Any
) -> None:
    put_off(desk, BEN, times=3)
    for key in "123":
        ask(desk, question(AMY, BEN, mode="all"), key=key)
    trouble = desk.mail.faults.add(MailFault("refuse", "AUTH", answer="535 5.7.8 wrong", times=None))
    later(desk, PAUSES[0])
    look(desk)
    tried = trouble.hits
    later(desk, PAUSES[0] / 5)
    assert "its sending server failed" in look(desk).problems[0]
    assert trouble.hits == tried == 1


def test_between_mails_to_many_who_were_put_off_there_is_time_for_a_look(
    desk: Any, question: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_off(desk, AMY, times=3)
    for key in "123":
        ask(desk, question(AMY), key=key)
    later(desk, PAUSES[0])
    monkeypatch.setattr(sending_on, "SENDING_SECONDS", 0.0)
    assert [look(desk).tried_again for _ in range(4)] == [1, 1, 1, 0]


def test_a_server_that_refuses_somebody_for_now_is_not_in_trouble(desk: Any, question: Any) -> None:
    put_off(desk, AMY, times=2)
    put_off(desk, BEN)
    first, second = ask(desk, question(AMY), key="1"), ask(desk, question(BEN), key="2")
    sending_failed(desk.account, desk.store)
    later(desk, timedelta(minutes=16))
    assert look(desk).tried_again == 1
    assert [desk.store.waits.get(one.id).sent_at is None for one in (first, second)] == [True, False]


# Amazon SES puts a Message-ID of its own in place of ours: that is what people answer to
def test_an_answer_to_the_id_that_the_server_gave_the_mail_counts(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY), key="k")
    (action,) = chain_of(desk.store, wait)
    report = SendReport(action.target, (), "sent", given_id="<0100@email.amazonses.com>")
    told = result_of_report(action, report).result
    desk.store.run(lambda tx: tx.execute(actions.update().values(result=told)))
    for _ in range(2):
        wait = take_up(desk.store, wait)
    assert wait.message_ids[1:] == ("<0100@email.amazonses.com>",)
    desk.mail.deliver(reply(replace(wait, message_ids=wait.message_ids[1:]), AMY))
    assert look(desk).answered == 1


def test_who_waits_for_answers_to_a_mail_sent_earlier_knows_the_id_that_the_server_gave_it(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = send_mail.send

    def renamed(*arguments: Any, **options: Any) -> Any:
        return replace(really(*arguments, **options), given_id="<0300@email.amazonses.com>")

    monkeypatch.setattr(send_mail, "send", renamed)
    mail = OutgoingMail(sender=desk.account.sender, to=(AMY,), subject="Yours?", text="Yes or no?")
    sent = send_new(Post(desk.store, desk.account, "m"), mail)
    wait = wait_for(desk, sent.message_id, Waiting(), key="k")
    assert wait.message_ids == (sent.message_id, "<0300@email.amazonses.com>")
    desk.mail.deliver(reply(replace(wait, message_ids=wait.message_ids[1:]), AMY))
    assert look(desk).answered == 1


def test_the_id_that_the_server_gave_a_reminder_counts_too(
    desk: Any, question: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = ask(desk, question(AMY, reminders=(timedelta(hours=1),)), key="k")
    then = desk.store.waits.now() - timedelta(hours=2)
    change(desk, wait, sent_at=then, next_reminder_at=then + timedelta(hours=1))
    really = send_mail.send

    def renamed(*arguments: Any, **options: Any) -> Any:
        return replace(really(*arguments, **options), given_id="<0200@email.amazonses.com>")

    monkeypatch.setattr(send_mail, "send", renamed)
    assert look(desk).reminders == 1
    assert desk.store.waits.get(wait.id).message_ids[-1] == "<0200@email.amazonses.com>"


# -- nobody saw the end of it ------------------------------------------------------------------------------------------


def test_who_was_refused_is_known_although_the_end_of_the_sending_was_not_seen(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("refuse", "RCPT", address=EVE, answer="550 5.1.1 no such user"))
    put_off(desk, BEN)
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY, BEN, EVE, mode="n", needed=2), key="k")
    assert list(wait.refused) == [EVE]
    desk.mail.deliver(reply(wait, AMY))
    look(desk)
    later(desk, PAUSES[0])
    assert look(desk).tried_again == 1
    assert handed(desk) == [(AMY,), (BEN,)]


def test_a_mail_of_unknown_fate_is_looked_for_ever_more_seldom_and_not_for_ever(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY, seconds=3 * 86_400), key="k")
    (action,) = chain_of(desk.store, wait)
    began, looks, now = action.claimed_at, [], action.claimed_at
    while now < began + timedelta(days=9):
        if is_due(action, "soc", wait, now):
            looks.append((now - began) / timedelta(minutes=1))
            action = replace(action, result={"looked": {"soc": now.isoformat()}})
        now += timedelta(minutes=1)
    assert looks[:6] == [0, 2, 4, 8, 16, 32]
    pauses = [after - before for before, after in pairwise(looks)]
    assert max(pauses) == 360
    assert wait.deadline - began < timedelta(minutes=looks[-1]) <= wait.deadline + timedelta(days=1) - began
    assert len(looks) < 30


def test_a_mail_with_the_same_subject_is_no_proof_of_a_sending(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY), key="k")
    desk.mail.deliver(
        f"From: {AMY}\r\nTo: soc@northwind.example\r\nSubject: Re: {wait.subject}\r\n"
        "Message-ID: <other@northwind.example>\r\n\r\nsomething else\r\n".encode()
    )
    assert look(desk).answers == 1
    assert [one.state for one in chain_of(desk.store, wait)] == ["unknown"]


def test_every_watcher_of_the_mailbox_knows_when_it_was_looked_for(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY), key="k")
    look(desk)
    (noted,) = chain_of(desk.store, wait)
    look(desk)
    (again,) = chain_of(desk.store, wait)
    assert noted.result["looked"] == again.result["looked"] != {}


def test_an_unknown_sending_is_told_in_words(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY), key="k")
    stands = sending_of(desk.store, wait)
    (action,) = chain_of(desk.store, wait)
    assert (stands.state, stands.since) == ("unknown", action.claimed_at)
    assert wait.detail == stands.says
    assert f"`mailroom replies settle {wait.id} --sent` or `--not-sent`" in stands.says


# -- a person knows ----------------------------------------------------------------------------------------------------


def test_a_person_says_that_it_was_sent(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY, reminders=(timedelta(hours=1),)), key="k")
    for _ in range(2):
        after = settle_by_hand(desk.store, wait.id, sent=True, why="Clara has it", who="dana")
    (action,) = chain_of(desk.store, wait)
    assert (action.state, action.detail) == ("applied", "sent, as dana says: Clara has it")
    assert (after.sent_at, after.detail) == (action.claimed_at, "")
    assert after.next_reminder_at == action.claimed_at + timedelta(hours=1)
    told = [one for one in desk.store.events.for_action(action.id) if one.kind == "action.applied"]
    assert [(one.who, one.why) for one in told] == [("dana", action.detail)]
    ask(desk, question(AMY, reminders=(timedelta(hours=1),)), key="k")
    assert len(desk.mail.sent) == 1


def test_a_person_says_that_it_was_not_sent_and_then_it_can_be_asked_again(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop", "DOT"))
    wait = ask(desk, question(AMY), key="k")
    after = settle_by_hand(desk.store, wait.id, sent=False, why="not in the log of the server", who="dana")
    assert "asking again under the same key sends it" in after.detail
    before = len(desk.mail.sent)
    look(desk)
    assert len(desk.mail.sent) == before
    assert ask(desk, question(AMY), key="k").sent_at is not None
    assert len(desk.mail.sent) == before + 1


def test_there_must_be_something_to_settle_and_a_reason(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY), key="k")
    with pytest.raises(InvalidInputError, match="nothing is unknown"):
        settle_by_hand(desk.store, wait.id, sent=True, why="x", who="dana")
    with pytest.raises(InvalidInputError, match="--why"):
        settle_by_hand(desk.store, wait.id, sent=True, why=" ", who="dana")
    with pytest.raises(NotFoundError):
        settle_by_hand(desk.store, 99, sent=True, why="x", who="dana")
    desk.store.run(lambda tx: tx.execute(actions.update().values(state="sending")))
    with pytest.raises(BusyError):
        settle_by_hand(desk.store, wait.id, sent=True, why="x", who="dana")


def test_what_a_person_says_is_said_once_in_the_history(desk: Any, question: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY), key="k")
    for _ in range(3):
        settle_by_hand(desk.store, wait.id, sent=True, why="x", who="dana")
    (action,) = chain_of(desk.store, wait)
    assert sum(one.who == "dana" for one in desk.store.events.for_action(action.id)) == 1
