"""Forwards and thread replies: in the thread, to the right people, once."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.effects.follow_ups import Post, send_forward, send_reply
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mail.parse import parse
from sandbox.mail import Habit, MailFault

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
SOC = "soc@northwind.example"


def incoming(**headers: str) -> bytes:
    mail = EmailMessage(policy=email.policy.SMTP)
    known = {
        "From": f"Clara <{AMY}>", "To": SOC, "Cc": BEN, "Subject": "Is this yours?", "Message-ID": "<q1@example.net>",
        "Date": "Mon, 05 Jan 2026 08:00:00 +0000", "References": "<q0@example.net>",
    }  # fmt: skip
    for name, value in (known | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content("please look at this\n")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="bill.pdf")
    return mail.as_bytes()


@pytest.fixture
def desk(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    people = {AMY: Habit("never"), BEN: Habit("never")}
    with mail_helper.mail_world("soc", tmp_path, people, frozen=True) as world, world.desk() as made:
        made.mail = world.mail
        yield made


def post(desk: Any, key: str = "k") -> Post:
    return Post(desk.store, desk.account, key)


def handed(desk: Any) -> list[Any]:
    return [email.message_from_bytes(one.raw, policy=email.policy.default) for one in desk.mail.sent]


def test_a_reply_stands_in_the_thread(desk: Any) -> None:
    sent = send_reply(post(desk), parse(incoming()), text="Yes, it is.")
    assert sent.is_sent
    (mail,) = handed(desk)
    assert (mail["To"], mail["Cc"]) == (AMY, None)
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Is this yours?", "<q1@example.net>")
    assert mail["References"].split() == ["<q0@example.net>", "<q1@example.net>"]
    text = mail.get_body(("plain",)).get_content()
    assert text.startswith("Yes, it is.")
    assert "> please look at this" in text
    assert mail["Message-ID"] == sent.message_id


def test_a_reply_to_all_leaves_ourselves_out(desk: Any) -> None:
    send_reply(post(desk), parse(incoming()), text="Yes", to_all=True, quote=False)
    (mail,) = handed(desk)
    assert (mail["To"], mail["Cc"]) == (AMY, BEN)
    assert "please look" not in mail.get_body(("plain",)).get_content()


def test_recipients_that_are_named_stand_instead_of_the_mails_own(desk: Any) -> None:
    send_reply(post(desk), parse(incoming(From="nonsense", Cc="")), text="Yes", recipients=(BEN,))
    (mail,) = handed(desk)
    assert (mail["To"], mail["In-Reply-To"]) == (BEN, "<q1@example.net>")
    assert "invalid.example" not in str(mail)


def test_an_html_reply_has_its_words_in_the_text_part_too(desk: Any) -> None:
    send_reply(post(desk), parse(incoming()), html="<p>It is <b>ours</b></p>")
    (mail,) = handed(desk)
    assert "It is ours" in mail.get_body(("plain",)).get_content()
    assert "<b>ours</b>" in mail.get_body(("html",)).get_content()


def test_the_same_key_sends_nothing_again(desk: Any) -> None:
    first = send_reply(post(desk), parse(incoming()), text="Yes")
    again = send_reply(post(desk), parse(incoming()), text="Yes")
    assert first.message_id == again.message_id
    assert (first.sent_now, again.sent_now, again.is_sent) == (True, False, True)
    assert len(desk.mail.sent) == 1
    assert send_reply(post(desk, "other"), parse(incoming()), text="Yes").sent_now


def test_another_mail_under_the_same_key_is_refused(desk: Any) -> None:
    send_reply(post(desk), parse(incoming()), text="Yes")
    with pytest.raises(RefusedError):
        send_reply(post(desk), parse(incoming()), text="No")
    assert len(desk.mail.sent) == 1


def test_a_loop_of_answers_is_stopped(desk: Any) -> None:
    desk.account = desk.account.__class__(
        **{**desk.account.__dict__, "guards": desk.account.guards.__class__(max_per_thread_and_hour=2)}
    )
    clocked = lambda key: Post(desk.store, desk.account, key, clock=desk.mail.clock)  # noqa: E731
    for number in range(2):
        send_reply(clocked(f"k{number}"), parse(incoming()), text=f"answer {number}")
    with pytest.raises(RefusedError, match="loop"):
        send_reply(clocked("k2"), parse(incoming()), text="answer 2")
    assert not send_reply(clocked("k1"), parse(incoming()), text="answer 1").sent_now


@pytest.mark.parametrize("sender", [f"<{SOC}>", "MAILER-DAEMON@example.net"])
def test_neither_ourselves_nor_mail_servers_are_answered(desk: Any, sender: str) -> None:
    with pytest.raises((RefusedError, InvalidInputError)):
        send_reply(post(desk), parse(incoming(From=sender, Cc="")), text="Yes")
    assert not desk.mail.sent


def test_a_forward_carries_the_original_byte_by_byte(desk: Any) -> None:
    raw = incoming()
    sent = send_forward(post(desk), parse(raw), raw, to=(BEN,), comment="FYI")
    assert sent.is_sent
    (mail,) = handed(desk)
    assert (mail["To"], mail["Subject"]) == (BEN, "Fwd: Is this yours?")
    assert mail.get_body(("plain",)).get_content().startswith("FYI")
    (attached,) = parse(desk.mail.sent[0].raw).nested_raw
    assert attached.rstrip() == raw.rstrip()


def test_an_inline_forward_carries_text_and_files(desk: Any) -> None:
    raw = incoming()
    send_forward(post(desk), parse(raw), raw, to=(BEN,), how="inline", subject="Look", bcc=(AMY,))
    (mail,) = handed(desk)
    assert (mail["Subject"], mail["Bcc"]) == ("Look", None)
    assert "please look at this" in mail.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["bill.pdf"]
    assert {one.lower() for one in desk.mail.sent[0].recipients} == {AMY, BEN}


def test_a_forward_that_is_lost_after_the_final_dot_is_looked_up_and_not_sent_again(desk: Any) -> None:
    raw = incoming()
    desk.mail.faults.add(MailFault("drop_after_dot"))
    first = send_forward(post(desk), parse(raw), raw, to=(BEN,))
    again = send_forward(post(desk), parse(raw), raw, to=(BEN,))
    assert first.state == again.state == "unknown"
    assert len(desk.mail.sent) == 1


def test_nothing_is_sent_to_nobody_or_about_nothing(desk: Any) -> None:
    raw = incoming()
    with pytest.raises(InvalidInputError, match="no recipient"):
        send_forward(post(desk), parse(raw), raw, to=())
    with pytest.raises(InvalidInputError, match="empty"):
        send_reply(post(desk), parse(raw), text="  ")
