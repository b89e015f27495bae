"""The reply watcher against a mail server with people in it: what counts as an answer, and what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.errors import BusyError
from mailroom.mail.imap import ImapSession
from mailroom.playbooks.ask import PostDesk, ask, outcome, wait_for, wait_in_place
from mailroom.playbooks.watch_replies import cancel, resume_settled, watch_once
from mailroom.store.schema import waits
from mailroom.store.wait_rows import VERSION, Wait
from sandbox.mail import AUTHSERV_ID, Habit

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
NEVER = {AMY: Habit("never"), BEN: Habit("never")}


@pytest.fixture
def world(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Callable[..., Any]]:
    """Makes a desk at a mail server whose people have the given habits; `.mail` is the server."""
    with ExitStack() as stack:

        def make(
            people: dict[str, Habit] | None = None, *, account: dict[str, Any] | None = None, **server: Any
        ) -> Any:
            made = stack.enter_context(
                mail_helper.mail_world("soc", tmp_path / "w", NEVER | (people or {}), frozen=True, **server)
            )
            desk = stack.enter_context(made.desk(**(account or {})))
            desk.mail, desk.world = made.mail, made
            return desk

        yield make


@pytest.fixture
def question(mail_helper: ModuleType) -> Callable[..., Any]:
    return mail_helper.question  # type: ignore[no-any-return]


def look(desk: PostDesk, **options: Any) -> Any:
    return watch_once(desk.store, desk.account, **options)


def written(
    wait: Wait, *, sender: str = AMY, body: str = "yes", subject: str = "Re: Did you expect this mail?",
    parent: str = "", extra: str = "",
) -> bytes:  # fmt: skip
    """A reply as somebody might write it by hand."""
    thread = f"In-Reply-To: {parent or wait.message_ids[0]}\r\n" if parent != "-" else ""
    lines = (
        f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: {subject}\r\n{thread}{extra}"
        f"Message-ID: <{abs(hash((sender, body, subject)))}@by.hand.example>\r\n"
        f"Date: {format_datetime(datetime.now(UTC))}\r\n\r\n{body}\r\n"
    )
    return lines.encode()


def stored(desk: Any, wait: Wait) -> list[tuple[str, bool, str]]:
    return [(one.classification, one.accepted and not one.late, one.why) for one in desk.store.waits.answers(wait.id)]


@pytest.mark.parametrize("client", ["gmail", "outlook", "outlook_web", "apple", "thunderbird", "phone"])
def test_an_answer_is_found_whatever_program_wrote_it(world: Any, question: Any, client: str) -> None:
    desk = world({AMY: Habit("answers", client=client, delay=5)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    assert look(desk).answered == 1
    result = outcome(desk, wait.id)
    assert result.is_success
    assert result.answer.strip()
    assert {"answer", "in_replay_to", "in_reply_to", "receivers", "sender", "email_uid"} <= result.answers[0].keys()
    assert result.answers[0]["in_replay_to"] == wait.message_ids[0]
    assert f"Message-ID: {result.answers[0]['message_id']}" in result.answers[0]["raw"]


def test_a_reply_without_thread_headers_is_found_by_the_reference_in_its_quote(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", client="outlook", thread="subject", delay=5)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    assert look(desk).answered == 1
    assert {one["code"] for one in desk.store.waits.answers(wait.id)[0].evidence["match"]} == {"E5b", "E7"}


def test_the_subject_alone_is_noted_and_counts_only_where_that_is_wanted(world: Any, question: Any) -> None:
    desk = world()
    strict, loose = ask(desk, question(AMY), key="1"), ask(desk, question(BEN, by_subject=True), key="2")
    for person, wait in ((AMY, strict), (BEN, loose)):
        desk.mail.deliver(written(wait, sender=person, parent="-"))
    look(desk)
    assert stored(desk, strict) == [("human", False, "only the subject fits")]
    assert outcome(desk, loose.id).is_success


def test_an_out_of_office_reply_is_passed_over_and_the_person_counts(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("out_of_office", delay=60)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(5)
    assert look(desk).answered == 0
    assert outcome(desk, wait.id).recipients[0]["status"] == "auto_reply"
    desk.mail.advance(100)
    assert look(desk).answered == 1


def test_a_bounce_ends_the_wait_at_once(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("bounces", delay=5)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    assert look(desk).undeliverable == 1
    assert outcome(desk, wait.id).recipients[0]["status"] == "undeliverable"


@pytest.mark.parametrize("kind", ["delayed", "reads_first"])
def test_warnings_of_delay_and_receipts_do_not_end_the_wait(world: Any, question: Any, kind: str) -> None:
    desk = world({AMY: Habit(kind, delay=60)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    look(desk)
    assert outcome(desk, wait.id).is_open
    desk.mail.advance(100)
    assert look(desk).answered == 1


# H18
def test_a_reply_from_somebody_who_was_not_asked_does_not_count(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("wrong_person", delay=5)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    look(desk)
    assert stored(desk, wait) == [("human", False, "from somebody who was not asked")]
    assert outcome(desk, wait.id).is_open


# H18: somebody outside writes under the name of the one who was asked
def test_a_forged_reply_does_not_count_and_the_real_one_does(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("forged", says="no", delay=60)}, account={"trusted_authserv_ids": (AUTHSERV_ID,)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    look(desk)
    ((kind, counts, why),) = stored(desk, wait)
    assert (kind, counts) == ("human", False), why
    assert "forged" in why
    desk.mail.advance(100)
    assert look(desk).answered == 1
    assert "release" not in outcome(desk, wait.id).answer.lower() or outcome(desk, wait.id).replied == 1


# H18: a header that anybody can write proves nothing
def test_where_proof_is_wanted_a_result_of_another_server_is_none(world: Any, question: Any) -> None:
    desk = world(account={"trusted_authserv_ids": (AUTHSERV_ID,)})
    wait = ask(desk, question(AMY, need_proof=True), key="k")
    forged = "Authentication-Results: mx.attacker.example; dmarc=pass header.from=northwind.example\r\n"
    desk.mail.deliver(written(wait, extra=forged), sender="x@attacker.example", ip="203.0.113.9")
    look(desk)
    ((_, counts, why),) = stored(desk, wait)
    assert not counts
    assert "proven" in why or "forged" in why


# H18: the reference identifies the question, not the person
def test_the_reference_in_a_strangers_mail_is_not_enough(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY, reference_in="subject"), key="k")
    subject = next(line for line in desk.mail.sent[0].raw.split(b"\r\n") if line.startswith(b"Subject:"))
    token = subject.decode().partition("[")[2]
    desk.mail.deliver(written(wait, sender="mallory@evil.example", parent="-", subject=f"Re: x [{token}"))
    look(desk)
    assert stored(desk, wait) == [("human", False, "from somebody who was not asked")]


# H18: what is quoted is not the answer
def test_the_quoted_question_is_not_part_of_the_answer(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k")
    body = "No.\r\n\r\nOn Mon, 16 Nov 2026, SOC <soc@northwind.example> wrote:\r\n> Please answer yes.\r\n> yes"
    desk.mail.deliver(written(wait, body=body))
    look(desk)
    assert outcome(desk, wait.id).answer == "No."


def test_the_mail_and_the_files_of_an_answer_are_kept(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k")
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--b\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename=proof.pdf\r\n\r\n%PDF-1.4 proof\r\n--b--"
    )
    extra = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    desk.mail.deliver(written(wait, body=body, extra=extra))
    look(desk)
    (stored_answer,) = desk.store.waits.answers(wait.id)
    (file,) = outcome(desk, wait.id).answers[0]["attachments"]
    assert (file["name"], desk.store.blobs.get(file["sha256"])) == ("proof.pdf", b"%PDF-1.4 proof")
    assert b"see the file" in desk.store.blobs.get(stored_answer.raw_sha256)
    assert desk.store.check().ok


# H19
def test_our_own_mail_in_the_watched_folder_is_ignored(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k")
    desk.mail.deliver(written(wait, sender="soc@northwind.example"))
    look(desk)
    assert stored(desk, wait) == []


# H19
def test_a_storm_of_automatic_replies_settles_nothing_and_sends_nothing(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k")
    for number in range(60):
        desk.mail.deliver(written(wait, body=f"away {number}", extra="Auto-Submitted: auto-replied\r\n"))
    look(desk)
    assert {kind for kind, _, _ in stored(desk, wait)} == {"auto_reply"}
    assert outcome(desk, wait.id).is_open
    assert len(desk.mail.sent) == 1


@pytest.mark.parametrize(("what", "pattern"), [("exclude_subject", "(?i)urlaub"), ("exclude_body", "am away")])
def test_an_excluded_reply_is_passed_over_and_the_wait_goes_on(
    world: Any, question: Any, what: str, pattern: str
) -> None:
    desk = world()
    wait = ask(desk, question(AMY, **{what: (pattern,)}), key="k")
    desk.mail.deliver(written(wait, subject="Re: Did you: URLAUB", body="I am away"))
    look(desk)
    assert "excluded by" in stored(desk, wait)[0][2]
    desk.mail.deliver(written(wait, body="here I am"))
    assert look(desk).answered == 1


def test_all_of_several_people_must_answer_where_that_is_wanted(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", delay=5), BEN: Habit("answers", delay=50)})
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    desk.mail.advance(10)
    look(desk)
    assert outcome(desk, wait.id).is_open
    desk.mail.advance(60)
    look(desk)
    assert [one["recipient"] for one in outcome(desk, wait.id).answers] == [AMY, BEN]


def test_a_deadline_gives_no_answer_and_what_comes_later_is_linked(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY, seconds=0.05), key="k")
    desk.clock.sleep(0.1)
    assert look(desk).no_answer == 1
    result = outcome(desk, wait.id)
    assert (result.state, result.recipients[0]["status"]) == ("no_answer", "timeout")
    desk.mail.deliver(written(wait))
    look(desk)
    assert outcome(desk, wait.id).late == 1
    assert outcome(desk, wait.id).state == "no_answer"


def test_a_reminder_goes_once_to_those_who_are_silent_and_its_answer_counts(world: Any, question: Any) -> None:
    desk = world({BEN: Habit("answers", delay=1)})
    wait = ask(desk, question(AMY, BEN, mode="all", reminders=(timedelta(milliseconds=1),)), key="k")
    desk.mail.advance(5)
    assert look(desk).reminders in {0, 1}
    look(desk)
    look(desk)
    assert len(desk.mail.sent) == 2
    assert desk.mail.sent[1].recipients == (AMY,)
    reminder = desk.store.waits.get(wait.id).message_ids[1]
    desk.mail.deliver(written(wait, parent=reminder))
    assert look(desk).answered == 1


def test_the_answer_to_a_mail_sent_earlier_is_found_although_it_came_before(
    world: Any, question: Any, mail_helper: ModuleType
) -> None:
    desk = world({AMY: Habit("answers", delay=5)})
    first = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    look(desk)
    mail_id = first.message_ids[0]
    later = wait_for(desk, mail_id, question(AMY).waiting, key="later")
    assert later.recipients == (AMY,)  # from the copy in Sent
    look(desk)
    assert outcome(desk, later.id).is_success


def test_a_folder_numbered_anew_is_read_again_and_nothing_is_doubled(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", delay=5)})
    wait = ask(desk, question(AMY, BEN, mode="all"), key="k")
    desk.mail.advance(10)
    look(desk)
    desk.mail.renumber("soc@northwind.example", "INBOX", 4_711)
    desk.mail.deliver(written(wait, sender=BEN))
    assert look(desk).answered == 1
    assert len(desk.store.waits.answers(wait.id)) == 2


def test_a_look_with_nothing_new_reads_no_mail(world: Any, question: Any) -> None:
    desk = world()
    for number in range(20):
        desk.mail.deliver(written_noise(number))
    ask(desk, question(AMY), key="k")
    look(desk)
    assert look(desk).looked_at == 0


def test_mail_that_answers_nothing_is_not_fetched(world: Any, question: Any) -> None:
    desk = world()
    ask(desk, question(AMY), key="k")
    for number in range(20):
        desk.mail.deliver(written_noise(number))
    report = look(desk)
    assert (report.looked_at, report.fetched, report.answers) == (20, 0, 0)


def test_a_dry_run_finds_the_answer_and_writes_nothing(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", delay=5)})
    wait = ask(desk, question(AMY), key="k")
    desk.mail.advance(10)
    assert look(desk, dry_run=True).answers == 1
    assert outcome(desk, wait.id).is_open
    assert look(desk).answered == 1


def test_a_second_watcher_of_the_mailbox_is_told_that_it_is_busy(world: Any, question: Any) -> None:
    desk = world()
    desk.store.leases.acquire("replies:soc", "somebody else")
    with pytest.raises(BusyError):
        look(desk)


def test_while_another_watches_waiting_in_place_reads_the_store(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k")
    desk.store.leases.acquire("replies:soc", "somebody else")
    desk.store.waits.cancel(wait.id, "enough")
    assert wait_in_place(desk, wait.id, seconds=5).state == "cancelled"


# F13
def test_a_question_of_a_newer_version_is_named_and_the_others_are_collected(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", delay=5)})
    foreign, ours = ask(desk, question(BEN), key="1"), ask(desk, question(AMY), key="2")
    change = waits.update().where(waits.c.id == foreign.id).values(version=VERSION + 1)
    desk.store.run(lambda tx: tx.execute(change))
    desk.mail.advance(10)
    report = look(desk)
    assert report.answered == 1
    assert any(f"question {foreign.id} was stored in form {VERSION + 1}" in one for one in report.problems)
    assert outcome(desk, ours.id).is_success
    assert desk.store.waits.get(foreign.id).is_open


def test_a_run_that_cannot_be_resumed_yet_is_tried_again_at_the_next_look(world: Any, question: Any) -> None:
    desk = world({AMY: Habit("answers", delay=5)})
    ask(desk, question(AMY), key="k", flow_run_id="run")
    desk.mail.advance(10)
    said: list[bool | str] = ["not suspended yet", True]
    assert look(desk, resume=lambda _wait: said.pop(0)).to_resume == 1
    assert look(desk, resume=lambda _wait: said.pop(0)).resumed == 1
    assert look(desk, resume=lambda _wait: pytest.fail("resumed twice")).resumed == 0


def test_a_run_that_prefect_has_forgotten_is_given_up_and_the_outcome_stays(world: Any, question: Any) -> None:
    desk = world()
    wait = ask(desk, question(AMY), key="k", flow_run_id="run")
    cancel(desk.store, wait.id, "enough")
    assert resume_settled(desk.store, None, lambda _wait: False) == (1, 0)
    assert "no longer exists" in desk.store.waits.get(wait.id).resume_note


# The question is stored before it is sent, and read again after the mails were listed.
def test_an_answer_that_is_quicker_than_the_watcher_is_not_missed(
    world: Any, question: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = world({AMY: Habit("answers", delay=1)})
    asked: list[Wait] = []
    opened = ImapSession.open_folder

    def while_it_opens(session: ImapSession, folder: str, readonly: bool = True) -> Any:
        if not asked:
            asked.append(ask(desk, question(AMY), key="k"))
            desk.mail.advance(5)
        return opened(session, folder, readonly)

    desk.account = desk.account.__class__(**{**desk.account.__dict__, "stores_sent_copy": True})
    monkeypatch.setattr(ImapSession, "open_folder", while_it_opens)
    assert look(desk).answered == 1


def written_noise(number: int) -> bytes:
    return (
        f"From: someone{number}@outside.example\r\nTo: soc@northwind.example\r\nSubject: news {number}\r\n"
        f"Message-ID: <noise{number}@outside.example>\r\n\r\nhello\r\n"
    ).encode()
