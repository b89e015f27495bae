"""Answers to our own questions, and our own mail, in a folder the mailbox connector watches (H19)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox, preview_mailbox
from mailroom.playbooks.ask import ask, outcome
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store.schema import waits
from sandbox.mail import AUTHSERV_ID, Habit

SOC = "soc@northwind.example"
AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
NEVER = {AMY: Habit("never"), BEN: Habit("never")}


@pytest.fixture
def desk(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Callable[..., Any]]:
    """Makes a desk at a mail server whose people have the given habits; `.mail` is the server."""
    with ExitStack() as stack:

        def make(people: dict[str, Habit] | None = None, **account: Any) -> Any:
            made = stack.enter_context(
                mail_helper.mail_world("soc", tmp_path / "w", NEVER | (people or {}), frozen=True)
            )
            found = stack.enter_context(made.desk(**account))
            found.mail, found.question = made.mail, mail_helper.question(AMY)
            return found

        yield make


def written(sender: str, subject: str = "Re: Did you expect this mail?", body: str = "No!", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, SOC, subject
    message["Message-ID"] = f"<{abs(hash((sender, subject, body, str(headers))))}@by.hand.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes().replace(b"\n", b"\r\n")


def take(desk: Any, **settings: Any) -> dict[str, int]:
    """One cycle: outcomes that occurred."""
    given = MailboxSettings(**{"indicators": False, "mark_as_read": False} | settings)
    report = ingest_mailbox(desk.account, desk.store, given)
    return {name: number for name, number in report.counts().items() if number and name != "fetched"}


def reasons(desk: Any) -> list[str]:
    from sqlalchemy import select

    from mailroom.store.schema import items

    query = select(items.c.reason).where(items.c.state == "filtered").order_by(items.c.id)
    return list(desk.store.db.read(lambda tx: tx.execute(query).scalars().all()))


@pytest.mark.parametrize("habit", [
    Habit("answers", delay=1), Habit("answers", client="outlook", thread="subject", delay=1),
    Habit("out_of_office", delay=60), Habit("bounces", delay=1),
], ids=["answer", "answer without thread headers", "out of office", "bounce"])  # fmt: skip
def test_what_comes_back_to_a_question_is_filtered_and_still_counts_as_an_answer(
    desk: Callable[..., Any], habit: Habit
) -> None:
    here = desk({AMY: habit})
    wait = ask(here, here.question, key="k")
    here.mail.advance(5)
    here.mail.deliver(written("stranger@outside.example", "Something else"), SOC)
    assert take(here) == {"alerted": 1, "filtered": 1}
    assert reasons(here) == [f"belongs to question {wait.id}: the reply watcher looks after it"]
    watch_once(here.store, here.account)
    assert here.store.waits.answers(wait.id)


def test_the_connector_does_not_take_the_answer_away_from_the_watcher(desk: Callable[..., Any]) -> None:
    here = desk({AMY: Habit("answers", delay=1)})
    wait = ask(here, here.question, key="k")
    here.mail.advance(5)
    assert take(here, mark_as_read=True) == {"filtered": 1}
    assert not any("\\Seen" in one.flags for one in here.mail.mails(SOC))
    assert watch_once(here.store, here.account).answered == 1
    assert outcome(here, wait.id).is_success
    assert take(here, mark_as_read=True) == {}


def test_switched_off_every_mail_is_an_alert(desk: Callable[..., Any]) -> None:
    here = desk({AMY: Habit("answers", delay=1)})
    ask(here, here.question, key="k")
    here.mail.advance(5)
    here.mail.deliver(written(SOC, "Copy"), SOC, sender=SOC, user=SOC)
    assert take(here, skip_own_conversations=False) == {"alerted": 2}


def test_our_own_mail_is_filtered_whichever_of_our_addresses_sent_it(desk: Callable[..., Any]) -> None:
    here = desk(aliases=("phish@northwind.example",))
    for sender in (f"SOC <{SOC.upper()}>", "phish@northwind.example", "soc+tag@northwind.example"):
        here.mail.deliver(written(sender, "Copy for us"), SOC, sender=SOC)
    assert take(here) == {"filtered": 3}
    assert set(reasons(here)) == {"our own mail: sent from this mailbox's address"}


def test_a_dry_run_says_the_same(desk: Callable[..., Any]) -> None:
    here = desk()
    here.mail.deliver(written(SOC, "Copy"), SOC, sender=SOC)
    rows = preview_mailbox(here.account, here.store, MailboxSettings(indicators=False))
    assert [(row.outcome, row.reason) for row in rows] == [
        ("filtered", "our own mail: sent from this mailbox's address")
    ]


# H18: who knows of the switch must not be able to hide behind it
def test_a_forged_sender_of_ours_becomes_an_alert_where_a_server_is_trusted(desk: Callable[..., Any]) -> None:
    here = desk(trusted_authserv_ids=(AUTHSERV_ID,))
    here.mail.deliver(written(SOC, "Your invoice"), SOC, sender="x@evil.example", dmarc="fail")
    here.mail.deliver(written(SOC, "Your parcel"), SOC, sender="x@evil.example", dmarc="none")
    here.mail.deliver(written(SOC, "Copy"), SOC, sender=SOC, dmarc="pass")
    assert take(here) == {"alerted": 2, "filtered": 1}


def test_an_answer_by_somebody_who_was_not_asked_becomes_an_alert(desk: Callable[..., Any]) -> None:
    here = desk()
    wait = ask(here, here.question, key="k")
    here.mail.deliver(written("x@evil.example", In_Reply_To=wait.message_ids[0]), SOC)
    here.mail.deliver(written(BEN, In_Reply_To=wait.message_ids[0]), SOC)
    here.mail.deliver(written(AMY, References=wait.message_ids[0]), SOC)
    assert take(here) == {"alerted": 2, "filtered": 1}


def test_a_forged_answer_becomes_an_alert(desk: Callable[..., Any]) -> None:
    here = desk(trusted_authserv_ids=(AUTHSERV_ID,))
    wait = ask(here, here.question, key="k")
    here.mail.deliver(written(AMY, In_Reply_To=wait.message_ids[0]), SOC, sender="x@evil.example", dmarc="fail")
    assert take(here) == {"alerted": 1}


def test_the_subject_alone_makes_no_answer(desk: Callable[..., Any]) -> None:
    here = desk()
    ask(here, here.question, key="k")
    here.mail.deliver(written(AMY), SOC)
    assert take(here) == {"alerted": 1}


def test_late_answers_are_recognised_for_thirty_days(desk: Callable[..., Any]) -> None:
    here = desk()
    wait = ask(here, here.question, key="k")
    for days, outcome_of in ((29, "filtered"), (31, "alerted")):
        ended = datetime.now(UTC) - timedelta(days=days)
        here.store.run(lambda tx, ended=ended: tx.execute(waits.update().values(state="no_answer", resolved_at=ended)))
        here.mail.deliver(written(AMY, body=f"{days}", In_Reply_To=wait.message_ids[0]), SOC)
        assert take(here) == {outcome_of: 1}


def test_a_question_asked_by_another_mailbox_of_ours_is_known_too(desk: Callable[..., Any]) -> None:
    here = desk()
    wait = ask(here, here.question, key="k")
    here.store.run(lambda tx: tx.execute(waits.update().values(mailbox="another name")))
    here.mail.deliver(written(AMY, In_Reply_To=wait.message_ids[0]), SOC)
    assert take(here) == {"filtered": 1}


@pytest.mark.parametrize(
    ("watched", "wanted", "outcome_of"),
    [(("INBOX",), (), "alerted"), (("INBOX", "support"), (), "filtered"), (("INBOX",), ("support",), "filtered")],
    ids=["nowhere", "by the mailbox", "by the question"],
)
def test_an_answer_in_a_folder_that_nobody_watches_for_answers_becomes_an_alert(
    desk: Callable[..., Any], watched: tuple[str, ...], wanted: tuple[str, ...], outcome_of: str
) -> None:
    here = desk(folders=watched)
    asked = replace(here.question, waiting=replace(here.question.waiting, folders=wanted))
    with here.account.open_imap() as session:
        session.create("Support")
        wait = ask(here, asked, key="k")
        session.append("Support", written(AMY, In_Reply_To=wait.message_ids[0]))
    assert take(here, folders=("Support",)) == {outcome_of: 1}
