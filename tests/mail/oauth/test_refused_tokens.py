"""A token that a mail server refuses: the error says what the token lacks, and never shows the token."""

from __future__ import annotations

from typing import Any

import pytest

from mailroom.errors import CredentialsError
from mailroom.mail.account import MailAccount
from mailroom.mail.actions.ping import ping
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.mail.smtp import SmtpSettings, send

OUTLOOK = "https://outlook.office365.com"
ENTRA = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
MAIL = OutgoingMail(sender="soc@x.example", to=("ann@x.example",), subject="s", text="t", message_id="<m1@x.example>")


@pytest.fixture
def reading(dovecot: Any) -> Any:
    def make(token: str, mechanism: str = "xoauth2") -> ImapSettings:
        return ImapSettings(
            "localhost", dovecot.imaps_port, username="soc@x.example", token=lambda _fresh: token,
            mechanism=mechanism, ca_file=str(dovecot.ca_file),
        )  # type: ignore[arg-type]  # fmt: skip

    return make


@pytest.fixture
def sending(smtp_server: Any) -> Any:
    def make(token: str) -> SmtpSettings:
        return SmtpSettings(
            "localhost", smtp_server.implicit_port, username="soc@x.example", token=lambda _fresh: token,
            mechanism="xoauth2", ca_file=smtp_server.ca_file,
        )  # fmt: skip

    return make


CASES = [
    ({"iss": ENTRA, "aud": "https://graph.microsoft.com"}, "is for Microsoft Graph"),
    ({"iss": ENTRA, "aud": OUTLOOK, "roles": ["Mail.Read"]}, "application permission"),
    ({"iss": ENTRA, "aud": OUTLOOK, "scp": "Mail.Read"}, "consent lacks"),
    ({"iss": ENTRA, "aud": OUTLOOK, "roles": ["IMAP.AccessAsApp", "SMTP.SendAsApp"], "exp": 1_000}, "ended at 1970"),
    ({"iss": ENTRA, "aud": OUTLOOK, "roles": ["IMAP.AccessAsApp", "SMTP.SendAsApp"]}, "service principal in Exchange"),
]


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize(("claims", "words"), CASES)
def test_imap_says_what_a_refused_token_lacks(
    jwt: Any, reading: Any, claims: dict[str, Any], words: str, mechanism: str
) -> None:
    token = jwt(**claims)
    with pytest.raises(CredentialsError, match=words) as refused:
        ImapSession.open(reading(token, mechanism))
    assert "not accepted" in str(refused.value)
    assert not any(part in str(refused.value) for part in token.split("."))


@pytest.mark.parametrize(("claims", "words"), CASES)
def test_smtp_says_what_a_refused_token_lacks(jwt: Any, sending: Any, claims: dict[str, Any], words: str) -> None:
    token = jwt(**claims)
    with pytest.raises(CredentialsError, match=words) as refused:
        send(sending(token), MAIL)
    assert not any(part in str(refused.value) for part in token.split("."))


def test_ping_tells_both_halves_apart(jwt: Any, reading: Any, sending: Any) -> None:
    token = jwt(iss=ENTRA, aud=OUTLOOK, roles=["IMAP.AccessAsApp"])
    said = ping(MailAccount("soc", "soc@x.example", reading(token), sending(token))).message

    assert "IMAP failed at imap login" in said
    assert "service principal in Exchange" in said
    assert "permission SMTP.SendAsApp is missing" in said
    assert token not in said


@pytest.mark.parametrize("token", ["ya29.opaque-of-google", None])
def test_of_a_token_that_cannot_be_read_scope_and_user_name_are_named(
    jwt: Any, reading: Any, sending: Any, token: str | None
) -> None:
    token = token or jwt(iss="https://login.northwind.example/", aud="mail", roles=["x"])
    for attempt in (lambda: ImapSession.open(reading(token)), lambda: send(sending(token), MAIL)):
        with pytest.raises(CredentialsError, match="check the token's scope") as refused:
            attempt()
        assert "office365" not in str(refused.value)


def test_the_end_of_a_token_is_read_whoever_issued_it(jwt: Any, sending: Any) -> None:
    with pytest.raises(CredentialsError, match="ended at 1970"):
        send(sending(jwt(iss="https://login.northwind.example/", aud="mail", exp=1_000)), MAIL)
