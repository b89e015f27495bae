"""Asking: what is refused before anything is stored, and what is never asked for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotFoundError, RefusedError, TransientError
from mailroom.mail.smtp import SendGuards
from mailroom.playbooks.ask import ask, check, wait_for
from mailroom.playbooks.question import Waiting
from mailroom.playbooks.watch_replies import cancel, watch_once
from mailroom.store.schema import waits
from sandbox.mail import Habit, MailFault

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
NEVER = {AMY: Habit("never"), BEN: Habit("never")}


@pytest.fixture
def world(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Callable[..., Any]]:
    """Makes a desk at a mail server whose people never answer; options are those of the account."""
    with ExitStack() as stack:

        def make(**account: Any) -> Any:
            made = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "w", NEVER, frozen=True))
            desk = stack.enter_context(made.desk(**account))
            desk.mail = made.mail
            return desk

        yield make


@pytest.fixture
def question(mail_helper: ModuleType) -> Callable[..., Any]:
    return mail_helper.question  # type: ignore[no-any-return]


# H8
@pytest.mark.parametrize("subject", ["a\r\nBcc: mallory@evil.example", "a\nb", "a\x00b"])
def test_a_subject_with_a_line_break_is_refused_before_anything_is_stored(
    world: Any, question: Any, subject: str
) -> None:
    desk, asked = world(), replace(question(AMY), subject=subject)
    with pytest.raises(InvalidInputError, match="line break"):
        check(desk, asked)
    with pytest.raises(InvalidInputError, match="line break"):
        ask(desk, asked, key="k")
    assert desk.store.waits.list() == []
    assert desk.mail.sent == []


def test_the_name_of_the_sender_may_hold_quotes_and_commas(world: Any, question: Any) -> None:
    desk = world(sender_name='SOC "North", Team')
    ask(desk, question(AMY), key="k")
    assert b'From: "SOC \\"North\\", Team" <soc@northwind.example>\r\n' in desk.mail.sent[0].raw


# F13: the rails were narrowed while the run waited
def test_a_question_that_was_put_is_found_again_under_narrower_rails(world: Any, question: Any) -> None:
    desk = world()
    put = ask(desk, question(AMY), key="k")
    desk.account = replace(desk.account, guards=SendGuards(allowed_domains=("elsewhere.example",)))
    assert ask(desk, question(AMY), key="k").id == put.id
    assert len(desk.mail.sent) == 1


def test_proof_of_the_sender_cannot_be_wanted_where_no_server_is_trusted(world: Any, question: Any) -> None:
    desk = world()
    with pytest.raises(InvalidInputError, match="trusted authserv-ids"):
        ask(desk, question(AMY, need_proof=True), key="k")
    assert desk.store.waits.list() == []


def test_whom_to_wait_for_can_be_named_where_there_is_no_sent_folder(world: Any) -> None:
    desk = world(sent_folder="Nowhere")
    assert wait_for(desk, "<x@y.example>", Waiting(), key="k", recipients=(AMY,)).is_open
    with pytest.raises(InvalidInputError, match="name the people"):
        wait_for(desk, "<x@y.example>", Waiting(), key="other")


def test_a_wait_is_not_taken_for_another_one_under_the_same_key(world: Any, question: Any) -> None:
    desk = world()
    sent = desk.store.waits.now()
    wait = wait_for(desk, "<x@y.example>", Waiting(), key="k", recipients=(AMY,), since=sent)
    for message_id, people in (("<other@y.example>", (AMY,)), ("<other@y.example>", ()), ("<x@y.example>", (BEN,))):
        with pytest.raises(RefusedError, match=r"own step \(`step=`\)"):
            wait_for(desk, message_id, Waiting(), key="k", recipients=people, since=sent)
    put = ask(desk, question(AMY), key="asked")
    with pytest.raises(RefusedError, match=f"question {put.id} has the key"):
        wait_for(desk, "<x@y.example>", Waiting(), key="asked", recipients=(AMY,), since=sent)
    for people in ((AMY.upper(),), ()):
        assert wait_for(desk, "x@y.example", Waiting(), key="k", recipients=people, since=sent).id == wait.id
    assert len(desk.store.waits.list()) == 2


def test_nobody_waits_for_an_answer_of_our_own(world: Any) -> None:
    desk = world()
    raw = (
        f"From: soc@northwind.example\r\nTo: {AMY}\r\nCc: SOC <Soc@Northwind.Example>\r\nSubject: x\r\n"
        "Message-ID: <earlier@northwind.example>\r\n\r\nhello\r\n"
    )
    with desk.account.open_imap() as session:
        session.append("Sent", raw.encode())
    assert wait_for(desk, "<earlier@northwind.example>", Waiting(mode="all"), key="k").recipients == (AMY,)


# H18: a bare "yes" must not answer two questions
def test_a_mail_that_fits_several_open_questions_by_its_subject_answers_none(world: Any, question: Any) -> None:
    desk = world()
    first, second = (ask(desk, question(AMY, by_subject=True), key=key) for key in "12")
    raw = (
        f"From: {AMY}\r\nTo: soc@northwind.example\r\nSubject: Re: {first.subject}\r\nMessage-ID: <%d@x>\r\n\r\nyes\r\n"
    )
    desk.mail.deliver((raw % 1).encode())
    watch_once(desk.store, desk.account)
    assert desk.store.waits.answers(first.id) == []
    (noted,) = desk.store.waits.answers(second.id)
    assert (noted.accepted, noted.why) == (False, "several open questions have this subject")
    cancel(desk.store, second.id, "enough")
    desk.mail.deliver((raw % 2).encode())
    assert watch_once(desk.store, desk.account).answered == 1
    assert desk.store.waits.get(first.id).state == "answered"


def test_a_question_whose_time_ran_out_before_it_could_be_sent_is_put_to_nobody(world: Any, question: Any) -> None:
    desk = world()
    desk.mail.faults.add(MailFault("drop", "EHLO"))
    with pytest.raises(TransientError):
        ask(desk, question(AMY), key="k")
    (wait,) = desk.store.waits.list()
    over = desk.store.waits.now() - timedelta(minutes=1)
    desk.store.run(lambda tx: tx.execute(waits.update().values(deadline=over)))
    assert ask(desk, question(AMY), key="k").id == wait.id
    assert desk.mail.sent == []
    watch_once(desk.store, desk.account)
    assert desk.store.waits.get(wait.id).state == "no_answer"


@pytest.mark.parametrize("folder", ["INBOX\nAnswers", "", "x" * 2_000])
def test_a_folder_name_that_cannot_be_one_is_refused_before_anything_is_sent(
    world: Any, question: Any, folder: str
) -> None:
    desk = world()
    with pytest.raises(InvalidInputError, match="folder name"):
        ask(desk, question(AMY, folders=(folder,)), key="k")
    assert desk.mail.sent == []


@pytest.mark.parametrize("empty", [{"subject": " "}, {"text": "\n"}])
def test_a_question_that_asks_nothing_is_not_put(world: Any, question: Any, empty: dict[str, str]) -> None:
    desk = world()
    with pytest.raises(InvalidInputError, match="is empty"):
        ask(desk, replace(question(AMY), **empty), key="k")
    assert (desk.store.waits.list(), desk.mail.sent) == ([], [])


@pytest.mark.parametrize("mode", ["All", "both", ""])
def test_a_mode_that_there_is_not_is_no_single_answer(world: Any, question: Any, mode: Any) -> None:
    desk = world()
    with pytest.raises(InvalidInputError, match="use any, all or n"):
        ask(desk, question(AMY, BEN, mode=mode), key="k")
    with pytest.raises(InvalidInputError, match="use any, all or n"):
        wait_for(desk, "<x@y.example>", Waiting(mode=mode), key="w", recipients=(AMY, BEN))
    assert (desk.store.waits.list(), desk.mail.sent) == ([], [])


def test_an_alert_that_there_is_not_is_named(world: Any, question: Any) -> None:
    desk = world()
    with pytest.raises(NotFoundError, match="There is no alert 77"):
        ask(desk, question(AMY), key="k", alert_id=77)
    assert (desk.store.waits.list(), desk.mail.sent) == ([], [])
