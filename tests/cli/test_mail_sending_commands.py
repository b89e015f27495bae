"""`mailroom mail send`, `forward`, `reply`, `wait` and `keep` against the sandbox's mail server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from mailroom.mail.parse import parse
from sandbox.mail import MailFault, MailServer

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
EVE = "grace.whitfield@northwind.example"
SEND = ("send", AMY, "-s", "Held mail", "-t", "Yes or no?")


@pytest.fixture
def run(mailroom: Callable[..., Any], mail_home: Path) -> Callable[..., Any]:
    return lambda *arguments: mailroom("mail", *arguments, at=mail_home)


def test_a_mail_is_sent_once_per_key_and_bcc_stands_in_no_header(run: Any, mail_server: MailServer) -> None:
    words = ("send", AMY, "-s", "Grüße", "-t", "<p>Hello <b>you</b></p>", "--cc", BEN, "--bcc", EVE, "--key", "k")
    first, again = (run(*words, "--json").json for _ in range(2))
    assert (first["is_success"], set(first["accepted"])) == (True, {AMY, BEN, EVE})
    assert again["message_id"] == first["message_id"]
    assert f"Message-ID: {first['message_id']}\n" in run(*words).text
    (sent,) = mail_server.sent
    read = parse(sent.raw)
    assert (read.subject, read.html.strip()) == ("Grüße", "<p>Hello <b>you</b></p>")
    assert EVE.encode() not in sent.raw


def test_a_mail_with_an_empty_part_is_not_sent(run: Any, mail_server: MailServer) -> None:
    assert run("send", AMY, "-s", " ", "-t", "x").code == Exit.USAGE
    assert run("send", AMY, "-s", "x", "-t", "").code == Exit.USAGE
    assert run("send", "", "-s", "x", "-t", "x", "--cc", AMY).code == Exit.USAGE
    assert mail_server.sent == []


def test_who_did_not_get_a_mail_is_said_with_the_way_to_try_again(run: Any, mail_server: MailServer) -> None:
    mail_server.faults.add(MailFault("refuse", "RCPT", answer="451 4.2.0 greylisted"))
    refused = run("send", AMY, BEN, "-s", "x", "-t", "y", "--key", "k", "--json")
    assert (refused.code, refused.json["open"]) == (Exit.NOT_ALL_APPLIED, [AMY])
    assert run("send", AMY, BEN, "-s", "x", "-t", "y", "--key", "k", "--json").json["is_success"]
    mail_server.faults.add(MailFault("refuse", "MAIL", answer="451 4.3.0 later"))
    later = run(*SEND)
    assert later.code == Exit.TRY_AGAIN
    assert "the same command with --key cli/" in later.text


def test_a_mail_is_forwarded_and_answered(run: Any, put: Any, mail_server: MailServer) -> None:
    put(1, subject="Invoice")
    assert run("forward", "m1@example.org", AMY, "-t", "FYI", "--json").json["accepted"] == [AMY]
    assert run("reply", "1", "-t", "Thank you", "--to", BEN, "--json").json["accepted"] == [BEN]
    forwarded, answered = (parse(one.raw) for one in mail_server.sent)
    assert (forwarded.subject, forwarded.nested[0].message_id) == ("Fwd: Invoice", "<m1@example.org>")
    assert (answered.subject, answered.in_reply_to) == ("Re: Invoice", ("<m1@example.org>",))
    assert run("forward", "nobody@example.org", AMY).code == Exit.NOT_FOUND


def test_the_answers_to_a_mail_sent_earlier_are_waited_for(run: Any, mail_server: MailServer) -> None:
    message_id = run(*SEND[:1], AMY, BEN, *SEND[2:], "--json").json["message_id"]
    began = run("wait", message_id, "--wait-for", "all", "--no-wait", "--json")
    assert (began.code, began.json["state"], began.json["needed"]) == (Exit.OK, "open", 2)
    for number, (who, text) in enumerate(((AMY, "Yes."), (BEN, "No."))):
        raw = (
            f"From: {who}\r\nTo: soc@northwind.example\r\nSubject: Re: Held mail\r\nMessage-ID: <r{number}@example.org>"
            f"\r\nIn-Reply-To: {message_id}\r\n\r\n{text}\r\n"
        )
        mail_server.deliver(raw.encode(), "soc@northwind.example")
    done = run("wait", message_id, "--wait-for", "all", "--json").json
    assert (done["question_id"], done["state"]) == (began.json["question_id"], "answered")
    assert {one["content"] for one in done["responses"]} == {"Yes.", "No."}
    one = run("wait", message_id, "--from", BEN, "--json").json
    assert [found["answer"] for found in one["answers"]] == ["No."]


def test_attachments_of_a_stored_mail_are_kept_once(run: Any, put: Any, mailroom: Any, mail_home: Path) -> None:
    put(1, bill=b"%PDF-1.4")
    assert mailroom("ingest", "mailbox", "--json", at=mail_home).json["alerted"] == 1
    kept = [run("keep", "1", "--json").json["attachments"][0] for _ in range(2)]
    assert [(one["name"], one["new"]) for one in kept] == [("bill.pdf", True), ("bill.pdf", False)]
