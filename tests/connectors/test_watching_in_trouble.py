"""Watching for answers while clocks are wrong, mailboxes are away and machines were off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.errors import CredentialsError, MailroomError, TransientError
from mailroom.mail.imap import ImapSession
from mailroom.playbooks.ask import ask, outcome, wait_in_place
from mailroom.playbooks.watch_replies import GRACE, cancel, watch_once
from mailroom.store.schema import actions, waits
from mailroom.store.wait_rows import Wait
from sandbox.mail import Habit, MailFault

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"


@pytest.fixture
def desk(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Any]:
    """A desk at a mail server whose people never answer by themselves."""
    people = {AMY: Habit("never"), BEN: Habit("never")}
    with ExitStack() as stack:
        made = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "w", people, frozen=True))
        desk = stack.enter_context(made.desk())
        desk.mail, desk.folder = made.mail, made.folder
        yield desk


@pytest.fixture
def question(mail_helper: ModuleType) -> Callable[..., Any]:
    return mail_helper.question  # type: ignore[no-any-return]


def look(desk: Any, **options: Any) -> Any:
    return watch_once(desk.store, desk.account, **options)


def change(desk: Any, wait: Wait, **values: Any) -> None:
    desk.store.run(lambda tx: tx.execute(waits.update().where(waits.c.id == wait.id).values(**values)))


def written(wait: Wait, body: str = "yes", *, sender: str = AMY) -> bytes:
    lines = (
        f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: Re: x\r\nIn-Reply-To: {wait.message_ids[0]}\r\n"
        f"Message-ID: <{sender}/{len(body)}>\r\nDate: {format_datetime(datetime.now(UTC))}\r\n\r\n{body}\r\n"
    )
    return lines.encode()


def away(desk: Any, trouble: str) -> Any:
    """The account while its mailbox cannot be read."""
    imap = desk.account.imap
    broken = replace(imap, port=1) if trouble == "down" else replace(imap, password="not the password")
    return replace(desk.account, imap=broken)


# I12, I15: whoever waits goes on at last, although nobody can look
@pytest.mark.parametrize(("trouble", "error"), [("down", TransientError), ("password", CredentialsError)])
def test_a_deadline_is_kept_some_time_after_it_although_the_mailbox_cannot_be_read(
    desk: Any, question: Any, trouble: str, error: type[MailroomError]
) -> None:
    wait, now = ask(desk, question(AMY), key="k", flow_run_id="run"), desk.store.waits.now()
    told: list[int] = []
    desk.mail.deliver(written(wait))
    change(desk, wait, deadline=now - GRACE / 2)
    for _ in range(2):
        with pytest.raises(error):
            watch_once(desk.store, away(desk, trouble), resume=lambda one: bool(told.append(one.id)) or True)
        change(desk, wait, deadline=desk.store.waits.get(wait.id).deadline - GRACE)
    assert told == [wait.id]
    ended = outcome(desk, wait.id)
    assert (ended.state, ended.late) == ("no_answer", 0)
    assert "could not be read" in ended.detail
    if trouble == "down":  # a refused login is not tried again at once
        look(desk)
        assert outcome(desk, wait.id).late == 1


def test_waiting_in_place_ends_although_the_mailbox_is_away(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY), key="k")
    change(desk, wait, deadline=desk.store.waits.now() - 2 * GRACE)
    desk.account = away(desk, "down")
    assert wait_in_place(desk, wait.id, seconds=60).state == "no_answer"


def test_reminders_that_are_due_together_are_one_mail(desk: Any, question: Any) -> None:
    hours = tuple(timedelta(hours=one) for one in (1, 2, 3, 70))
    wait = ask(desk, question(AMY, reminders=hours), key="k")
    then = desk.store.waits.now() - timedelta(hours=5)
    change(desk, wait, sent_at=then, next_reminder_at=then + hours[0], changed_at=desk.store.waits.now())
    assert [look(desk).reminders for _ in range(3)] == [1, 0, 0]
    after = desk.store.waits.get(wait.id)
    assert (after.reminded, after.next_reminder_at) == (3, then + hours[3])


# F25a: what was sent is found out later, and then it is as if it had been seen
@pytest.mark.parametrize("how", ["an answer tells", "the copy tells"])
def test_reminders_are_reckoned_from_a_sending_that_was_proven_later(desk: Any, question: Any, how: str) -> None:
    if how == "an answer tells":
        desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, question(AMY, BEN, mode="all", reminders=(timedelta(hours=1),)), key="k")
    if how == "an answer tells":
        desk.mail.deliver(written(wait, sender=BEN))
    else:  # killed before anything of it was written down
        long_ago = {"state": "sending", "owner": "", "claimed_at": desk.store.waits.now() - timedelta(minutes=20)}
        desk.store.run(lambda tx: tx.execute(actions.update().values(**long_ago)))
        change(desk, wait, sent_at=None, send_action_id=None, next_reminder_at=None)
    assert desk.store.waits.get(wait.id).next_reminder_at is None
    look(desk)
    after = desk.store.waits.get(wait.id)
    assert after.is_open
    assert after.next_reminder_at == after.sent_at + timedelta(hours=1)
    assert desk.store.ledger.get(after.send_action_id).state == "applied"


@pytest.mark.parametrize("ahead", [timedelta(hours=-3), timedelta(hours=3)])
def test_an_answer_counts_although_the_mail_server_has_another_clock(
    desk: Any, question: Any, ahead: timedelta
) -> None:
    wait = ask(desk, question(AMY), key="k")
    if ahead > timedelta(0):
        desk.mail.advance(ahead.total_seconds())
        change(desk, wait, deadline=desk.store.waits.now() + timedelta(minutes=1))
    else:  # the other way round: the server's clock stays, ours is moved
        change(desk, wait, sent_at=wait.sent_at - ahead)
    desk.mail.deliver(written(wait))
    assert look(desk).answered == 1


def test_an_answer_to_a_question_that_was_given_up_before_anybody_looked_is_linked(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY), key="k")
    cancel(desk.store, wait.id, "enough")
    desk.mail.deliver(written(wait))
    look(desk)
    assert (outcome(desk, wait.id).state, outcome(desk, wait.id).late) == ("cancelled", 1)


def test_a_dry_run_keeps_no_mail(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY), key="k")
    desk.mail.deliver(written(wait))
    assert look(desk, dry_run=True).answers == 1
    assert [one for one in (desk.folder / "blobs").rglob("*") if one.is_file()] == []


def test_a_pattern_that_takes_too_long_is_named_and_loses_no_answer(desk: Any, question: Any) -> None:
    wait = ask(desk, question(AMY, exclude_body=(r"(a|aa)+(?<!b)$",)), key="k")
    desk.mail.deliver(written(wait, "a" * 900 + "!"))
    look(desk)
    (answer,) = desk.store.waits.answers(wait.id)
    assert answer.accepted
    assert "takes too long" in answer.why


def test_runs_that_cannot_be_resumed_do_not_keep_others_from_it(desk: Any, question: Any) -> None:
    stuck = [ask(desk, question(AMY), key=f"k{n}", flow_run_id="stuck") for n in range(3)]
    for wait in stuck:
        cancel(desk.store, wait.id, "x")
    look(desk, resume=lambda _: "not yet")
    fresh = ask(desk, question(AMY), key="fresh", flow_run_id="fresh")
    cancel(desk.store, fresh.id, "x")
    assert [one.id for one in desk.store.waits.to_resume("soc")] == [fresh.id, *(one.id for one in stuck)]


def test_a_run_that_was_not_suspended_yet_has_its_turn_again_however_many_older_ones_are_stuck(
    desk: Any, question: Any
) -> None:
    stuck = [ask(desk, question(AMY), key=f"k{n}", flow_run_id="stuck") for n in range(3)]
    slow = ask(desk, question(AMY), key="slow", flow_run_id="slow")
    for wait in (*stuck, slow):
        cancel(desk.store, wait.id, "x")
    look(desk, resume=lambda _: "it runs, and is not suspended")

    turns = []
    for _ in range(2):
        tried = desk.store.waits.to_resume("soc", limit=2)
        turns += [one.id for one in tried]
        desk.store.waits.not_resumed({one.id: "it runs, and is not suspended" for one in tried})

    assert turns == [*(one.id for one in stuck), slow.id]


def test_an_answer_that_cannot_be_read_this_time_is_read_at_the_next_look_and_delays_nobody(
    desk: Any, question: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ask(desk, question(AMY), key="1"), ask(desk, question(BEN), key="2")
    desk.mail.deliver(written(first))
    desk.mail.deliver(written(second, sender=BEN))
    really = ImapSession.fetch_raw

    def refused_once(session: ImapSession, uids: Any, **options: Any) -> Any:
        lost, *others = sorted(uids)
        yield from really(session, others, **options)
        session.fetch_failures = {lost: "NO [SERVERBUG] internal error"}

    with monkeypatch.context() as patch:
        patch.setattr(ImapSession, "fetch_raw", refused_once)
        report = look(desk)
    assert report.answered == 1
    assert "tried again at the next look" in report.problems[0]
    assert outcome(desk, second.id).is_success

    assert look(desk).answered == 1
    assert outcome(desk, first.id).is_success
    assert look(desk).looked_at == 0
