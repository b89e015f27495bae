"""People answer as their habits say, in the manner of their mail programs."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from sandbox.mail import Habit
from sandbox.mail.people import CLIENTS, KINDS, LANGUAGES, everybody

AMY = "grace.whitfield@northwind.example"
MARKS = {
    "gmail": "gmail_quote",
    "outlook": "border-top:solid #E1E1E1",
    "outlook_web": "divRplyFwdMsg",
    "apple": 'blockquote type="cite"',
    "thunderbird": 'blockquote type="cite"',
    "phone": 'blockquote type="cite"',
}


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else part.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_stands_above_the_question_as_the_program_quotes_it(
    desk_for: Callable[..., Any], client: str, language: str
) -> None:
    desk = desk_for(people={AMY: Habit(client=client, language=language, says="no")})
    asked = desk.ask(AMY)
    assert desk.server.advance(19) == 0
    assert desk.server.advance(1) == 1

    [mail], [truth] = desk.inbox(), desk.server.answers
    assert mail["In-Reply-To"] == asked
    assert mail["References"] == asked
    assert mail["Subject"].endswith("Did you expect this? [#K7QX]")
    text, page = _body(mail, "plain"), _body(mail, "html")
    assert text.startswith(truth.answer)
    assert text.index(truth.answer) < text.index("Did you expect it? Please answer yes or no.")
    assert MARKS[client] in page
    assert page.index(truth.answer.split("\n")[-1]) < page.index(MARKS[client])
    assert "Did you expect it? Please answer yes or no." in page


def test_inline_answers_stand_between_the_quoted_lines(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit(client="thunderbird", inline=True, form="text", text="No, I did not.")})
    desk.ask(AMY)
    desk.server.advance(60)
    lines = _body(desk.inbox()[0], "plain").split("\n")
    at = lines.index("No, I did not.")
    assert "> Did you expect it? Please answer yes or no." in lines[:at]
    assert "> Your security team" in lines[at:]
    assert desk.server.answers[0].answer == "See below.\n\nNo, I did not."


def test_some_keep_the_subject_and_lose_the_thread(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit(client="outlook", thread="subject")})
    desk.ask(AMY)
    desk.server.advance(60)
    [mail] = desk.inbox()
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None
    assert mail["Thread-Index"] is None
    assert mail["Subject"] == "RE: Did you expect this? [#K7QX]"


def test_replies_do_not_stack_prefixes_and_keep_the_whole_thread(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit(client="apple")})
    mail = desk.question(AMY, subject="Re: Did you expect this?")
    mail["References"] = "<first@northwind.example> <second@northwind.example>"
    desk.send(mail.as_bytes(), AMY)
    desk.server.advance(60)
    [reply] = desk.inbox()
    assert reply["Subject"] == "Re: Did you expect this?"
    assert reply["References"].split() == [
        "<first@northwind.example>",
        "<second@northwind.example>",
        str(mail["Message-ID"]),
    ]


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("answers", ["answer"]),
        ("out_of_office", ["away", "answer"]),
        ("never", []),
        ("other_address", ["other_address"]),
        ("wrong_person", ["colleague"]),
        ("bounces", ["bounce"]),
        ("delayed", ["delay", "answer"]),
        ("reads_first", ["receipt", "answer"]),
        ("changes_mind", ["answer", "opposite"]),
        ("forged", ["forged", "answer"]),
    ],
)
def test_every_habit_sends_what_it_promises(desk_for: Callable[..., Any], kind: str, parts: list[str]) -> None:
    desk = desk_for(people={AMY: Habit(kind)})
    asked = desk.ask(AMY)
    desk.server.advance(3600)
    assert [answer.kind for answer in desk.server.answers] == parts
    assert [answer.question_id for answer in desk.server.answers] == [asked] * len(parts)
    assert [mail["Message-ID"] for mail in desk.inbox()] == [answer.message_id for answer in desk.server.answers]
    assert desk.server.pending == 0


def test_an_automatic_reply_says_so_and_comes_once(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit("out_of_office", language="de", client="outlook")})
    desk.ask(AMY)
    desk.server.advance(2)
    [mail] = desk.inbox()
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Return-Path"] == "<>"
    assert mail["Subject"] == "Automatische Antwort: Did you expect this? [#K7QX]"
    desk.ask(AMY)
    desk.server.advance(3600)
    assert [answer.kind for answer in desk.server.answers] == ["away", "answer", "answer"]


def test_bounces_are_reports_about_the_question(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit("bounces")})
    for _ in range(12):
        desk.ask(AMY)
    desk.server.advance(60)
    shapes = set()
    for mail, answer in zip(desk.inbox(), desk.server.answers, strict=True):
        assert mail.get_content_type() == "multipart/report"
        assert mail.get_param("report-type") == "delivery-status"
        assert mail["Return-Path"] == "<>"
        assert answer.question_id.encode() in answer.raw
        assert b"Action: failed" in answer.raw
        assert f"Final-Recipient: rfc822; {AMY}".encode() in answer.raw
        shapes.add(str(mail["From"]))
    assert len(shapes) == 3
    assert desk.server.mails(AMY) == []


def test_delays_and_receipts_are_reports_too(desk_for: Callable[..., Any]) -> None:
    ben = "owen.carter@northwind.example"
    desk = desk_for(people={AMY: Habit("delayed"), ben: Habit("reads_first")})
    desk.ask(AMY, ben)
    desk.server.advance(3)
    receipt, delay = desk.inbox()
    assert delay.get_param("report-type") == "delivery-status"
    assert "Action: delayed" in delay.as_string()
    assert receipt.get_param("report-type") == "disposition-notification"
    assert "displayed" in receipt.as_string()


def test_answers_from_elsewhere_are_marked_as_what_they_are(desk_for: Callable[..., Any]) -> None:
    ben, ann = "owen.carter@northwind.example", "priscilla.hale@northwind.example"
    desk = desk_for(
        people={
            AMY: Habit("other_address", private_address="grace77@gmail.com"),
            ben: Habit("wrong_person", delay=30),
            ann: Habit("forged", delay=40),
        }
    )
    desk.ask(AMY, ben, ann)
    desk.server.advance(60)
    forged, private, colleague, real = desk.inbox()
    assert private["From"].addresses[0].addr_spec == "grace77@gmail.com"
    assert "dmarc=pass header.from=gmail.com" in private["Authentication-Results"]
    assert colleague["From"].addresses[0].addr_spec not in (AMY, ben, ann)
    assert "auth=pass" in colleague["Authentication-Results"]
    assert forged["From"].addresses[0].addr_spec == real["From"].addresses[0].addr_spec == ann
    assert "dmarc=fail" in forged["Authentication-Results"]
    assert len(forged.get_all("Authentication-Results")) == 1
    assert "dmarc=pass" in real["Authentication-Results"]


def test_nobody_answers_machines_or_each_other(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit()})
    server = desk.server
    for extra in ("Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <a.b>"):
        server.deliver(f"From: m@outside.example\r\n{extra}\r\n\r\nhello\r\n".encode(), AMY)
    server.deliver(b"From: m@outside.example\r\n\r\nbounce\r\n", AMY, sender="")
    server.deliver(b"From: owen.carter@northwind.example\r\n\r\nlunch?\r\n", AMY, user="owen.carter@northwind.example")
    assert server.pending == 0
    server.deliver(b"From: m@outside.example\r\n\r\nhello\r\n", AMY)
    assert server.pending == 1


def test_people_outside_can_be_asked_too(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={"ann@contoso-logistics.example": Habit(client="outlook_web", says="yes")})
    desk.ask("ann@contoso-logistics.example")
    desk.server.advance(60)
    assert desk.inbox()[0]["From"].addresses[0].addr_spec == "ann@contoso-logistics.example"


def test_an_answer_goes_to_the_reply_to_address(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit()})
    mail = desk.question(AMY)
    mail["Reply-To"] = "soc+K7QX@northwind.example"
    desk.send(mail.as_bytes(), AMY)
    desk.server.advance(60)
    [reply] = desk.inbox()
    assert reply["To"] == reply["Delivered-To"] == "soc+K7QX@northwind.example"


def test_equal_seeds_make_equal_people_and_equal_answers(desk_for: Callable[..., Any]) -> None:
    def run(seed: int) -> list[tuple[str, str, bytes]]:
        desk = desk_for(seed=seed)
        for address in ("hanako.sato@northwind.example", "juergen.koehler@northwind.example", AMY):
            desk.ask(address)
        desk.server.advance(3600)
        return [(answer.kind, answer.person, answer.raw) for answer in desk.server.answers]

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_a_seed_has_people_of_every_kind() -> None:
    people = [person for seed in range(4) for person in everybody(seed).values()]
    assert {person.habit.kind for person in people} == set(KINDS)
    assert {person.habit.client for person in people} == set(CLIENTS)
    assert {person.habit.language for person in people} == set(LANGUAGES)
    assert {person.habit.thread for person in people} == {"headers", "subject"}


def test_a_wrong_habit_is_refused() -> None:
    with pytest.raises(ValueError, match="use one of"):
        Habit("answres")


def test_people_act_by_themselves_when_time_passes(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(frozen=False, now=None, people={AMY: Habit(delay=0.05)})
    with desk.imap() as client:
        client.select_folder("INBOX")
        desk.ask(AMY)
        client.idle()
        assert (1, b"EXISTS") in client.idle_check(timeout=20)
        client.idle_done()


def test_unknown_people_are_refused_and_nothing_is_relayed_without_login(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    with pytest.raises(smtplib.SMTPRecipientsRefused, match="User unknown"):
        desk.ask("nobody@northwind.example")
    with smtplib.SMTP(desk.server.host, desk.server.relay_port, timeout=20) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="Relay access denied"):
            client.sendmail("a@outside.example", ["b@elsewhere.example"], b"Subject: x\r\n\r\nx\r\n")
        assert client.sendmail("a@outside.example", ["soc@northwind.example"], b"Subject: x\r\n\r\nx\r\n") == {}
    assert len(desk.inbox()) == 1
