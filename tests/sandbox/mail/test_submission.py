"""The SMTP side: faults, copies, and what is written on top of a mail."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.mail import AUTHSERV_ID, Habit, MailFault

SOC = "soc@northwind.example"
AMY = "grace.whitfield@northwind.example"


def test_login_is_needed_and_checked(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    with smtplib.SMTP(desk.server.host, desk.server.smtp_port, timeout=20) as client:
        with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
            client.sendmail(SOC, [AMY], b"Subject: x\r\n\r\nx\r\n")
        client.starttls(context=desk.context)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(SOC, "wrong")
    with smtplib.SMTP_SSL(desk.server.host, desk.server.smtps_port, context=desk.context, timeout=20) as client:
        client.login(SOC, desk.server.passwords[SOC])
        assert client.sendmail(SOC, [AMY], b"Subject: x\r\n\r\nx\r\n") == {}
    assert desk.server.sent[0].user == SOC


def test_a_refused_recipient_does_not_keep_the_others_from_their_mail(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(people={AMY: Habit()})
    desk.server.faults.add(MailFault("refuse", "RCPT", answer="450 4.2.1 later", address=AMY))
    with desk.smtp() as client:
        refused = client.sendmail(SOC, [AMY, "owen.carter@northwind.example"], b"Subject: x\r\n\r\nx\r\n")
    assert refused == {AMY: (450, b"4.2.1 later")}
    assert desk.server.mails(AMY) == []
    assert len(desk.server.mails("owen.carter@northwind.example")) == 1


@pytest.mark.parametrize(("kind", "taken"), [("drop", 0), ("drop_after_dot", 1)])
def test_hanging_up_after_the_dot_leaves_the_sender_in_doubt(
    desk_for: Callable[..., Any], kind: str, taken: int
) -> None:
    desk = desk_for()
    fault = desk.server.faults.add(MailFault(kind, "DOT"))
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        desk.ask(AMY)
    assert len(desk.server.sent) == len(desk.server.mails(AMY)) == taken
    assert fault.hits == 1
    desk.ask(AMY)
    assert len(desk.server.sent) == taken + 1


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "DATA", "DOT"])
def test_any_verb_can_be_refused(desk_for: Callable[..., Any], verb: str) -> None:
    desk = desk_for()
    desk.server.faults.add(MailFault("refuse", verb, answer="451 4.3.0 Try again later", times=None))
    with pytest.raises(smtplib.SMTPException):
        desk.ask(AMY)
    assert desk.server.sent == []


def test_a_copy_of_what_was_sent_is_kept_when_switched_on(desk_for: Callable[..., Any]) -> None:
    desk = desk_for(stores_sent_copy=True)
    asked = desk.ask(AMY)
    [copy] = desk.server.mails(SOC, "Sent")
    assert desk.read(copy.raw)["Message-ID"] == asked
    assert copy.flags == ("\\Seen",)


def test_a_forged_result_of_our_name_does_not_get_in(desk_for: Callable[..., Any]) -> None:
    forged = f"Authentication-Results: {AUTHSERV_ID};\r\n dmarc=pass header.from=northwind.example\r\n"
    other = "Authentication-Results: mx.elsewhere.example; dmarc=pass\r\n"
    raw = (forged + other + f"From: {AMY}\r\nSubject: x\r\n\r\nYes, release it.\r\n").encode()
    strict, careless = desk_for(), desk_for(keep_forged_results=True)
    for desk in (strict, careless):
        desk.server.deliver(raw, sender=AMY)
    ours, others = strict.inbox()[0].get_all("Authentication-Results")
    assert ours.startswith(AUTHSERV_ID)
    assert "dmarc=fail" in ours
    assert others == "mx.elsewhere.example; dmarc=pass"
    assert len(careless.inbox()[0].get_all("Authentication-Results")) == 3
    assert strict.server.mails()[0].raw.endswith(raw.removeprefix(forged.encode()))


def test_results_follow_from_where_a_mail_came(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    outside = b"From: Ann <ann@contoso-logistics.example>\r\n\r\nhi\r\n"
    desk.server.deliver(outside, sender="bounce@mailer.example")
    desk.server.deliver(outside, sender="ann@contoso-logistics.example", spf="softfail", dkim="none", dmarc="fail")
    with desk.smtp() as client:
        client.sendmail(SOC, [SOC], f"From: {SOC}\r\n\r\nnote\r\n".encode())
    first, second, third = (mail["Authentication-Results"] for mail in desk.inbox())
    assert "dmarc=pass header.from=contoso-logistics.example" in first
    assert "spf=softfail" in second
    assert "dmarc=fail" in second
    assert f"auth=pass smtp.auth={SOC}" in third


def test_dots_and_eight_bit_bytes_arrive_unchanged(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    raw = b"Subject: x\r\n\r\n.\r\n..two\r\n\xff\x00\xfe\r\n.end\r\n"
    desk.send(raw, SOC)
    assert desk.server.mails()[0].raw.endswith(raw)
