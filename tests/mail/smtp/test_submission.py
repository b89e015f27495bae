"""Logging in to a real submission server with passwords and tokens, and to one that is picky."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from typing import Any

import pytest

from mailroom.errors import CredentialsError, InvalidInputError, NotOfferedError
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.smtp import SmtpSettings, send
from mailroom.redact import scrub

GREETING = b"220 scripted.example ESMTP\r\n"
OK = b"250 ok\r\n"
GO_ON = b"354 go on\r\n"
BYE = b"221 bye\r\n"


class Tokens:
    """A token provider that notes how it was called."""

    def __init__(self, *tokens: str) -> None:
        self.tokens, self.calls = list(tokens), list[bool]()

    def __call__(self, force_refresh: bool) -> str:
        self.calls.append(force_refresh)
        return self.tokens[min(len(self.calls), len(self.tokens)) - 1]


def settings_for(submission: Any, user: Any, security: str, **options: Any) -> SmtpSettings:
    port = submission.submission_port if security == "starttls" else submission.submissions_port
    return SmtpSettings(
        "localhost", port, security, user.address, ca_file=submission.ca_file, read_timeout=20, **options
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("security", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_logs_in_to_a_real_server(
    mechanism: str, security: str, submission: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    user = submission.new_user()
    tokens = Tokens(submission.oauth_token(user))

    report = send(settings_for(submission, user, security, token=tokens, mechanism=mechanism), mail)

    assert report.overall == "sent"
    assert tokens.calls == [False]
    assert [one.port for one in smtp_server.accepted] == ["relay"]
    assert b"question-1@northwind.example" in smtp_server.accepted[0].raw


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_an_expired_token_is_renewed_once(
    mechanism: str, submission: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    user = submission.new_user()
    tokens = Tokens(submission.oauth_token(user, expires_in=-60), submission.oauth_token(user))

    assert send(settings_for(submission, user, "starttls", token=tokens, mechanism=mechanism), mail).overall == "sent"
    assert tokens.calls == [False, True]
    assert len(smtp_server.accepted) == 1


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_token_that_stays_bad_is_tried_twice_and_not_more(
    mechanism: str, submission: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    user = submission.new_user()
    forged = submission.oauth_token(user, forged=True)
    tokens = Tokens(forged)

    with pytest.raises(CredentialsError, match="535") as caught:
        send(settings_for(submission, user, "implicit", token=tokens, mechanism=mechanism), mail)

    assert tokens.calls == [False, True]
    assert forged not in str(caught.value)
    assert smtp_server.accepted == []


def test_a_password_logs_in_to_a_real_server(submission: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    user = submission.new_user()

    assert send(settings_for(submission, user, "starttls", password=user.password), mail).overall == "sent"
    with pytest.raises(CredentialsError, match="535"):
        send(settings_for(submission, user, "starttls", password="wrong-password"), mail)
    assert len(smtp_server.accepted) == 1


def test_the_sandbox_server_takes_tokens_too(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    tokens = Tokens("stale-token", smtp_server.token)

    report = send(account(password="", token=tokens, mechanism="xoauth2"), mail)

    assert (report.overall, tokens.calls) == ("sent", [False, True])


def decoded(received: bytes, command: bytes) -> list[str]:
    lines = received.partition(command)[2].split(b"\r\n")
    return [base64.b64decode(line.strip()).decode() for line in lines[:3] if line.strip() and b" " not in line.strip()]


def test_login_is_used_where_plain_is_not_offered(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    challenge = b"334 VXNlcm5hbWU6\r\n"
    server = scripted(
        [GREETING, b"250-x\r\n250 AUTH LOGIN CRAM-MD5\r\n", challenge, challenge, b"235 in\r\n", OK, OK, GO_ON, OK, BYE]
    )
    settings = bare(server.port, username="ann", password="pä55wörd-ä", allow_plaintext=True)

    assert send(settings, replace(mail, to=("bob@x.example",), cc=(), bcc=())).overall == "sent"
    assert decoded(server.received, b"AUTH LOGIN\r\n")[:2] == ["ann", "pä55wörd-ä"]


def test_a_token_too_long_for_the_line_goes_in_two_steps(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    token = "t" * 9_500
    server = scripted([GREETING, b"250-x\r\n250 AUTH XOAUTH2\r\n", b"334 \r\n", b"235 in\r\n", OK, OK, GO_ON, OK, BYE])
    settings = bare(
        server.port, username="ann@x.example", token=Tokens(token), mechanism="xoauth2", allow_plaintext=True
    )

    assert send(settings, replace(mail, to=("bob@x.example",), cc=(), bcc=())).overall == "sent"
    assert decoded(server.received, b"AUTH XOAUTH2\r\n") == [f"user=ann@x.example\x01auth=Bearer {token}\x01\x01"]


def test_a_server_that_dislikes_the_long_line_gets_two_steps(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    script = [GREETING, b"250-x\r\n250 AUTH XOAUTH2\r\n", b"500 5.5.2 line too long\r\n", b"334 \r\n", b"235 in\r\n"]
    server = scripted([*script, OK, OK, GO_ON, OK, BYE])
    settings = bare(
        server.port, username="a@x.example", token=Tokens("tok-en"), mechanism="xoauth2", allow_plaintext=True
    )

    assert send(settings, replace(mail, to=("bob@x.example",), cc=(), bcc=())).overall == "sent"


def test_the_explanation_of_a_refused_token_is_answered_with_an_empty_line(
    scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    explanation = b"334 " + base64.b64encode(b'{"status":"401","schemes":"bearer"}') + b"\r\n"
    script = [GREETING, b"250-x\r\n250 AUTH XOAUTH2\r\n", explanation, b"535 5.7.139 SmtpClientAuthentication\r\n", BYE]
    server = scripted(script, script)
    settings = bare(
        server.port, username="a@x.example", token=Tokens("tok-en"), mechanism="xoauth2", allow_plaintext=True
    )

    with pytest.raises(CredentialsError, match="switched off for this mailbox"):
        send(settings, mail)

    assert server.received.count(b"\r\n\r\n") == 2


@pytest.mark.parametrize(
    ("offer", "options", "words"),
    [
        (b"250-x\r\n250 AUTH XOAUTH2\r\n", {"password": "secret-1"}, "only XOAUTH2"),
        (b"250-x\r\n250 AUTH PLAIN\r\n", {"mechanism": "xoauth2", "token": Tokens("x")}, "only PLAIN"),
        (b"250 x\r\n", {"password": "secret-1"}, "offers no login"),
    ],
)
def test_a_way_of_logging_in_that_is_not_offered_is_named(
    offer: bytes, options: dict[str, Any], words: str, scripted: Any, bare: Any, mail: OutgoingMail
) -> None:
    server = scripted([GREETING, offer, BYE])

    with pytest.raises(NotOfferedError, match=words):
        send(bare(server.port, username="ann", allow_plaintext=True, **options), mail)
    assert b"AUTH" not in server.received


@pytest.mark.parametrize(
    "options", [{"mechanism": "xoauth2"}, {"mechanism": "cram-md5"}, {"security": "ssl"}, {"port": 0}]
)
def test_settings_that_cannot_work_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        SmtpSettings("localhost", **{"username": "ann"} | options)


def test_passwords_and_tokens_are_in_no_message_log_or_repr(
    account: Any, smtp_server: Any, mail: OutgoingMail, caplog: pytest.LogCaptureFixture
) -> None:
    canary, token = "canary-password-7", "canary-token-7"
    caplog.set_level(logging.DEBUG, logger="mailroom")
    password = account(password=canary)
    by_token = account(password="", token=Tokens(token), mechanism="xoauth2")
    smtp_server.plan(
        "AUTH", f"535 5.7.8 you said {canary} and {base64.b64encode(canary.encode()).decode()}", times=None
    )

    texts = [repr(password), repr(by_token)]
    for settings in (password, by_token):
        with pytest.raises(CredentialsError) as caught:
            send(settings, mail)
        texts += [str(caught.value), repr(caught.value)]
    texts += [record.getMessage() for record in caplog.records if record.name.startswith("mailroom")]

    plain = base64.b64encode(f"\0{smtp_server.user}\0{canary}".encode()).decode()
    sasl = base64.b64encode(f"user={smtp_server.user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    for text in texts:
        for secret in (canary, token, plain, sasl, base64.b64encode(canary.encode()).decode().rstrip("=")):
            assert secret not in text
    assert scrub(f"AUTH PLAIN {plain}") == "AUTH PLAIN [secret]"
    assert scrub(f"AUTH XOAUTH2 {sasl}") == "AUTH XOAUTH2 [secret]"
