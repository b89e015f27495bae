"""What a mail's fate is called, whatever the server says or however it goes away (fault F25a)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from mailroom.errors import (
    AccessError,
    CredentialsError,
    MailroomError,
    OutcomeUnknownError,
    ResponseError,
    TransientError,
)
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail
from mailroom.mail.smtp import SmtpSettings, send
from mailroom.mail.smtp.report import Answer, make_report, queue_id
from mailroom.mail.smtp.transaction import Deadline

GREETING = b"220 scripted.example ESMTP\r\n"
EHLO = b"250-scripted.example\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n"
OK = b"250 2.1.0 ok\r\n"
BYE = b"221 2.0.0 bye\r\n"
GO_ON = b"354 go on\r\n"
TO_DATA = [GREETING, EHLO, OK, OK, OK, OK, OK]
"""Up to four recipients."""


def test_one_refused_recipient_does_not_stop_the_others(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    smtp_server.plan("RCPT", "550 5.1.1 no such person", address="bob@northwind.example")
    smtp_server.plan("RCPT", "450 4.2.1 come back later", address="carol@northwind.example")

    report = send(account(), mail)

    assert report.overall == "partial"
    assert report.refused == ("bob@northwind.example",)
    assert report.open == ("carol@northwind.example",)
    assert smtp_server.accepted[0].recipients == ["ann@northwind.example", "hidden@northwind.example"]
    bob = report.per_recipient[1]
    assert (bob.code, bob.enhanced, bob.text) == (550, "5.1.1", "5.1.1 no such person")


def test_a_second_attempt_reaches_only_the_open_ones_with_the_same_id(
    account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.plan("RCPT", "450 4.2.1 come back later", address="carol@northwind.example")
    first = send(account(), mail)

    second = send(account(), mail, recipients=first.open)

    assert second.overall == "sent"
    assert second.message_id == first.message_id
    sent = [(one.recipients, one.raw.count(mail.message_id.encode())) for one in smtp_server.accepted]
    assert sent[1] == (["carol@northwind.example"], 1)
    assert "carol@northwind.example" not in sent[0][0]


def test_when_everybody_is_refused_nothing_is_sent(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    smtp_server.plan("RCPT", "550 5.7.1 not you", times=None)

    report = send(account(), mail)

    assert (report.overall, report.accepted, len(report.refused)) == ("failed", (), 4)
    assert smtp_server.accepted == []
    assert "DATA" not in [verb for _, verb, _ in smtp_server.verbs]


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "DOT"])
@pytest.mark.parametrize(
    ("answer", "status"),
    [("451 4.3.0 later", "refused_transient"), ("554 5.6.0 never", "refused_permanent")],
)
def test_a_refused_step_counts_for_every_recipient(
    verb: str, answer: str, status: str, account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.plan(verb, answer, deliver=False)

    report = send(account(), mail)

    assert report.overall == "failed"
    assert {one.status for one in report.per_recipient} == {status}
    assert report.server_reply == answer
    assert smtp_server.accepted == []


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("CONNECT", "421 4.3.2 too busy", TransientError),
        ("CONNECT", "554 5.7.1 blocked", AccessError),
        ("EHLO", "451 4.3.0 later", TransientError),
        ("EHLO", "550 5.7.1 bad name", AccessError),
        ("STARTTLS", "454 4.7.0 TLS not available now", TransientError),
        ("STARTTLS", "501 5.5.4 no", AccessError),
        ("AUTH", "454 4.7.0 temporary failure", TransientError),
        ("AUTH", "432 4.3.2 too many sessions", TransientError),
        ("AUTH", "535 5.7.8 no", CredentialsError),
        ("MAIL", "530 5.7.0 login first", CredentialsError),
    ],
)
def test_a_refusal_before_the_mail_is_an_error_of_the_right_kind(
    verb: str, answer: str, error: type[MailroomError], account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.plan(verb, answer, times=None)

    with pytest.raises(error, match=answer[:3]) as caught:
        send(account(), mail)

    assert type(caught.value) is error
    assert smtp_server.accepted == []


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_dot_means_not_sent(
    verb: str, account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.plan(verb, drop=True)

    with pytest.raises(TransientError):
        send(account(), mail)

    assert smtp_server.accepted == []


@pytest.mark.parametrize("delivered", [True, False])
def test_a_connection_lost_after_the_dot_is_unknown(
    delivered: bool, account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.plan("DOT", drop=True, deliver=delivered)

    with pytest.raises(OutcomeUnknownError, match="question-1@northwind"):
        send(account(), mail)

    assert len(smtp_server.accepted) == int(delivered)


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_server_that_goes_away_in_the_middle_of_the_mail_has_not_taken_it(
    end: str, scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    server = scripted([GREETING, b"250 no limits\r\n", OK, OK, OK, OK, OK, GO_ON, ("after", 300_000, end)])
    big = replace(mail, text="more than the buffers between us take\n" * 600_000)

    with pytest.raises(TransientError, match="same Message-ID"):
        send(bare(server.port), big)

    assert b"QUIT" not in server.received


def test_no_answer_after_the_dot_is_unknown_within_the_patience(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([*TO_DATA, GO_ON, b""])

    with pytest.raises(OutcomeUnknownError, match="no answer in time"):
        send(bare(server.port, final_timeout=0.3), mail)


@pytest.mark.parametrize("garbage", [b"hello?\r\n", b"99 x\r\n", b"\xff\xfe\r\n", b"250-" + b"x" * 70_000])
def test_a_garbled_answer_after_the_dot_is_unknown(
    garbage: bytes, scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    server = scripted([*TO_DATA, GO_ON, garbage])

    with pytest.raises(OutcomeUnknownError):
        send(bare(server.port), mail)


@pytest.mark.parametrize(
    "garbage", [b"* OK IMAP4rev1\r\n", b"SSH-2.0-x\r\n", b"\r\n", b"x" * 100_000, b"220-a\r\n" * 20_000]
)
def test_a_server_that_is_none_is_a_response_error(
    garbage: bytes, scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    with pytest.raises(ResponseError, match=r"does not answer like SMTP|a line of more than"):
        send(bare(scripted([garbage]).port), mail)


def test_a_server_that_dribbles_is_not_waited_for(
    tcp_proxy: Any, smtp_server: Any, bare: Any, mail: OutgoingMail
) -> None:
    relay = tcp_proxy(smtp_server.plain_port)
    relay.slow(10)

    with pytest.raises(TransientError, match="no answer in time"):
        send(bare(relay.port, read_timeout=0.5), mail)


def test_a_server_that_takes_the_mail_ever_so_slowly_is_given_up_and_has_not_got_it(
    scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    server = scripted([GREETING, b"250 no limits\r\n", OK, OK, OK, OK, OK, GO_ON, "sip"])
    big = replace(mail, text="more than the buffers between us take\n" * 600_000)

    with pytest.raises(TransientError, match=r"too long as a whole.*it was not sent"):
        send(bare(server.port), big, within=0.6)

    assert b"QUIT" not in server.received


def test_a_server_that_answers_each_command_late_is_given_up(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, EHLO, *([b"250-one moment\r\n", "sip"] * 3)])

    with pytest.raises(TransientError, match="too long as a whole"):
        send(bare(server.port), mail, within=0.3)


def test_no_answer_in_the_time_that_is_left_after_the_dot_is_unknown(
    scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    with pytest.raises(OutcomeUnknownError, match="too long as a whole"):
        send(bare(scripted([*TO_DATA, GO_ON, b""]).port), mail, within=0.3)


def test_the_time_for_a_mail_grows_with_it_and_ends_before_the_time_given() -> None:
    settings = SmtpSettings("smtp.example", read_timeout=60, final_timeout=600)
    small, big = Deadline.of(settings, 1_000), Deadline.of(settings, 35 << 20)
    assert big.complete - small.complete == pytest.approx((35 << 20) / 16_384, abs=1)
    assert big.answered - big.complete == pytest.approx(600, abs=1)
    given = Deadline.of(settings, 35 << 20, within=840)
    assert given.answered - given.complete == pytest.approx(280, abs=1)
    assert given.answered <= small.complete + 241


def test_421_in_the_middle_takes_back_what_was_said_before(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, EHLO, OK, OK, b"421 4.3.2 closing\r\n", "close"])

    report = send(bare(server.port), mail)

    assert report.overall == "failed"
    assert len(report.open) == 4


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"452 4.5.3 too many recipients\r\n", "refused_transient"),
        (b"552 5.5.3 too many recipients\r\n", "refused_transient"),
        (b"552 5.2.2 mailbox full\r\n", "refused_permanent"),
        (b"550-5.1.1 first line\r\n550-5.1.1 second\r\n550 5.1.1 third\r\n", "refused_permanent"),
        (b"251 2.1.5 will forward\r\n", "accepted"),
    ],
)
def test_answers_are_told_apart(answer: bytes, status: str, scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, EHLO, OK, answer, GO_ON, b"250 2.0.0 Ok: queued as ABC\r\n", BYE])

    (one,) = send(bare(server.port), mail, recipients=["ann@northwind.example"]).per_recipient

    assert one.status == status
    if answer.startswith(b"550-"):
        assert one.text == "5.1.1 first line second third"


def test_a_server_that_knows_only_helo_gets_the_mail(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, b"502 5.5.1 what\r\n", b"250 hello\r\n", OK, OK, GO_ON, OK, BYE])

    assert send(bare(server.port), mail, recipients=["ann@northwind.example"]).overall == "sent"
    assert b"MAIL FROM:<sender@northwind.example>\r\n" in server.received  # no parameters were offered


def test_without_8bitmime_what_is_sent_is_7_bit(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, b"250 scripted\r\n", OK, OK, GO_ON, OK, BYE])
    attached = OutgoingAttachment("m.eml", "X: y\r\n\r\nü\r\n".encode(), "message/rfc822")

    report = send(bare(server.port), replace(mail, attachments=(attached,)), recipients=["ann@northwind.example"])

    assert report.overall == "sent"
    assert server.received.isascii()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2.0.0 Ok: queued as 4F7Z1q0W2Jz9sT", "4F7Z1q0W2Jz9sT"),
        ("2.0.0 OK  1732200000 d2e1a72fcca58-724de13 - gsmtp", "d2e1a72fcca58-724de13"),
        ("2.0.0 OK <a1b2@PROD.OUTLOOK.COM> [Hostname=X]", "a1b2@PROD.OUTLOOK.COM"),
        ("OK id=1tEabc-0001Zz-2X", "1tEabc-0001Zz-2X"),
        ("Ok 0100018f-abcd-000000", "0100018f-abcd-000000"),
        ("2.6.0 <m1@x.example> [InternalId=1] Queued mail for delivery", "m1@x.example"),
        ("ok", ""),
        ("2.0.0 accepted for delivery", ""),
    ],
)
def test_the_servers_own_id_is_found(text: str, found: str) -> None:
    assert queue_id(Answer(250, text)) == found


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("550 5.4.5 Daily user sending limit exceeded", "refused_transient"),
        ("550 5.1.90 Your message can't be sent because you've reached your daily limit", "refused_transient"),
        ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "refused_transient"),
        ("554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", "refused_permanent"),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "refused_permanent"),
        ("550 5.1.1 no such user", "refused_permanent"),
    ],
)
def test_what_is_over_tomorrow_is_a_refusal_for_now(answer: str, status: str) -> None:
    code, _, text = answer.partition(" ")
    assert Answer(int(code), text).status == status


_SES_REPLY = Answer(250, "Ok 0100018f2b1c3a4e-1f2e3d4c-5b6a-7980-a1b2-c3d4e5f60718-000000")


@pytest.mark.parametrize(
    ("host", "reply", "given"),
    [
        ("email-smtp.us-east-1.amazonaws.com", _SES_REPLY, f"<{_SES_REPLY.text[3:]}@email.amazonses.com>"),
        ("Email-SMTP.eu-west-1.amazonaws.com.", _SES_REPLY, f"<{_SES_REPLY.text[3:]}@eu-west-1.amazonses.com>"),
        ("email-smtp-fips.us-west-2.amazonaws.com", _SES_REPLY, f"<{_SES_REPLY.text[3:]}@us-west-2.amazonses.com>"),
        ("email-smtp.eu-west-1.amazonaws.com", Answer(250, "Ok, thank you very much"), ""),
        ("smtp.example.com", _SES_REPLY, ""),
    ],
)
def test_the_message_id_that_amazon_gives_a_mail_is_known(host: str, reply: Answer, given: str) -> None:
    assert make_report("<m1@x.example>", {"ann@x.example": reply}, reply, host).given_id == given


_CHILD = """
import sys
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.smtp import SmtpSettings, send
settings = SmtpSettings("127.0.0.1", int(sys.argv[1]), "none")
send(settings, OutgoingMail("a@northwind.example", ("b@northwind.example",), message_id="<k1@northwind.example>"))
"""


@pytest.mark.parametrize("point", ["smtp.before_data", "smtp.after_dot"])
def test_a_process_killed_on_either_side_of_the_dot_leaves_what_the_name_says(point: str, scripted: Any) -> None:
    server = scripted([GREETING, EHLO, OK, OK, GO_ON, b"", "close"])

    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(server.port)],
        env={**os.environ, "MAILROOM_FAULT": f"kill:{point}"},
        timeout=120,
        check=False,
    )

    assert child.returncode == -signal.SIGKILL
    server.close()
    assert (b"DATA" in server.received, server.received.endswith(b"\r\n.\r\n")) == (
        (False, False) if point == "smtp.before_data" else (True, True)
    )
