"""Whether a mail was sent is told by mails that name it themselves, also where the server cannot search for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.effects.find_sent import Finding, find_sent, keep_copy
from mailroom.effects.follow_ups import Post, send_reply
from mailroom.errors import InvalidInputError
from mailroom.mail import by_message_id
from mailroom.mail.parse import parse
from mailroom.playbooks.ask import ask, wait_for
from mailroom.playbooks.question import Waiting
from mailroom.store.schema import actions
from sandbox.mail import Habit, MailFault

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
SOC = "soc@northwind.example"
OURS, OTHER = "<one.of.ours@northwind.example>", "<another@northwind.example>"


def written(message_id: str, to: str = BEN, body: str = "hello", **headers: str) -> bytes:
    known = {"From": SOC, "To": to, "Subject": f"About {message_id.strip('<>')}", "Message-ID": message_id}
    known |= {"Date": "Mon, 05 Jan 2026 08:00:00 +0000"}
    known |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{name}: {value}\r\n" for name, value in known.items()) + f"\r\n{body}\r\n").encode()


@contextmanager
def _desk(helper: ModuleType, folder: Path, *, keeps_copy: bool) -> Iterator[Any]:
    people = {AMY: Habit("never"), BEN: Habit("never")}
    with helper.mail_world("soc", folder, people, stores_sent_copy=keeps_copy) as world, world.desk() as made:
        made.mail = world.mail
        made.account = replace(made.account, stores_sent_copy=keeps_copy)
        with made.account.open_imap() as session:
            session.append("Sent", written(OTHER))
        yield made


@pytest.fixture(params=["searches", "refuses to search headers"])
def desk(request: pytest.FixtureRequest, mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    """A mailbox whose Sent folder holds another mail, on a usual server and on one like Yahoo's."""
    with _desk(mail_helper, tmp_path, keeps_copy=True) as made:
        if request.param != "searches":
            refuse(made)
        yield made


@pytest.fixture
def deaf(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    """On a server that refuses to search headers and files no copies."""
    with _desk(mail_helper, tmp_path, keeps_copy=False) as made:
        refuse(made)
        yield made


def refuse(desk: Any) -> None:
    answer = "[SERVERBUG] SEARCH Server error - Please try again later"
    desk.mail.faults.add(MailFault("refuse", "UID SEARCH HEADER", side="imap", answer=answer, times=None))


def look(desk: Any, message_id: str = OURS) -> Finding:
    with desk.account.open_imap() as session:
        return find_sent(session, desk.account, message_id, since=datetime.now(UTC))


def put(desk: Any, raw: bytes, folder: str = "Sent") -> None:
    with desk.account.open_imap() as session:
        session.append(folder, raw)


def test_another_mail_in_sent_is_no_proof_of_ours(desk: Any) -> None:
    assert look(desk) == Finding(False, "", conclusive=True)


def test_its_copy_in_sent_proves_it(desk: Any) -> None:
    put(desk, written(OURS))
    assert look(desk) == Finding(True, "a copy lies in Sent")


def test_a_copy_to_which_the_server_gave_another_id_proves_it(desk: Any) -> None:
    put(desk, written("<made.by@the.server.example>", X_Microsoft_Original_Message_ID=OURS))
    assert look(desk).found


@pytest.mark.parametrize(
    "headers", [{"In_Reply_To": OURS}, {"References": f"<q0@x.example>\r\n {OURS}"}, {"X_Original_Message_ID": OURS}]
)
def test_a_mail_that_refers_to_it_proves_it(desk: Any, headers: dict[str, str]) -> None:
    put(desk, written("<a@example.org>"), "INBOX")
    assert not look(desk).found
    put(desk, written("<b@example.org>", **headers), "INBOX")
    assert look(desk) == Finding(True, "a mail in INBOX refers to it")


def test_a_bounce_that_names_it_in_its_words_proves_it(desk: Any) -> None:
    put(desk, written("<b@example.org>", body=f"could not be delivered\r\n\r\nMessage-ID: {OURS}"), "INBOX")
    assert look(desk).found


def test_an_id_that_only_begins_like_ours_proves_nothing(desk: Any) -> None:
    put(desk, written(f"<x.{OURS[1:]}"))
    put(desk, written("<b@example.org>", In_Reply_To=OURS[:-1] + ".org>"), "INBOX")
    with desk.account.open_imap() as session:
        session.open("Sent")
        assert by_message_id.naming(session, (OURS,), ("Message-ID",)).mails == ()
        session.open("INBOX")
        assert by_message_id.naming(session, (OURS,), ("In-Reply-To",)).mails == ()


def test_nothing_is_concluded_from_a_sent_folder_too_large_to_be_looked_through(
    deaf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_message_id, "NEWEST", 1)
    put(deaf, written("<third@northwind.example>"))
    assert look(deaf) == Finding(False, "not all of Sent could be looked through", conclusive=False)
    put(deaf, written(OURS))
    assert look(deaf).found


def test_a_question_killed_before_it_was_sent_is_asked_after_all(
    desk: Any, mail_helper: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("mailroom.effects.send_mail.send", kill)
        with pytest.raises(Killed):
            ask(desk, mail_helper.question(AMY), key="k")
    then = desk.store.waits.now() - timedelta(hours=1)
    desk.store.run(lambda tx: tx.execute(actions.update().values(owner="", claimed_at=then)))
    assert desk.mail.sent == []
    wait = ask(desk, mail_helper.question(AMY), key="k")
    assert wait.sent_at is not None
    assert len(desk.mail.sent) == 1
    assert desk.store.ledger.get(wait.send_action_id).attempt == 2


def test_a_mail_nobody_knows_has_no_recipients_to_wait_for(desk: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"it is not in the Sent folder.*name the people"):
        wait_for(desk, "<nobody.knows@northwind.example>", Waiting(), key="w")


def test_the_answers_of_those_who_got_the_mail_are_waited_for(desk: Any) -> None:
    put(desk, written(OURS, to=AMY))
    put(desk, written("<third@northwind.example>"))
    wait = wait_for(desk, OURS, Waiting(), key="w")
    assert (wait.recipients, wait.subject) == ((AMY,), "About one.of.ours@northwind.example")


def test_a_folder_too_large_to_be_looked_through_is_said_where_recipients_are_looked_up(
    deaf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_message_id, "NEWEST", 1)
    put(deaf, written("<third@northwind.example>"))
    with pytest.raises(InvalidInputError, match="cannot search the Sent folder"):
        wait_for(deaf, OTHER, Waiting(), key="w")


def test_our_copy_is_filed_beside_other_mails_and_once(deaf: Any) -> None:
    with deaf.account.open_imap() as session:
        assert keep_copy(session, deaf.account, OURS, written(OURS))
        assert not keep_copy(session, deaf.account, OURS, written(OURS))
    assert len(deaf.mail.mails(SOC, "Sent")) == 2


def test_only_mails_of_the_thread_count_against_its_limit(deaf: Any) -> None:
    guards = deaf.account.guards.__class__(max_per_thread_and_hour=2)
    deaf.account = replace(deaf.account, guards=guards)
    for number in range(3):
        put(deaf, written(f"<{number}@northwind.example>", References="<elsewhere@example.net>"))
    parent = parse(written("<q1@example.net>", From=AMY, To=SOC))
    assert send_reply(Post(deaf.store, deaf.account, "k"), parent, text="yes").is_sent
