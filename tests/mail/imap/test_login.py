"""Getting in: TLS that is checked, STARTTLS that fails closed, passwords, tokens, proxies."""

from __future__ import annotations

import base64
import threading

import pytest
from imap_scripted import Connection

from mailroom import redact
from mailroom.errors import (
    AccessError,
    CredentialsError,
    InvalidInputError,
    MailroomError,
    RateLimitError,
    TransientError,
)
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.mail.transport import ProxySettings, TlsError


class Tokens:
    """A provider that remembers how it was asked."""

    def __init__(self, *tokens: str) -> None:
        self.tokens, self.asked = list(tokens), []

    def __call__(self, force_refresh: bool) -> str:
        self.asked.append(force_refresh)
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"host": ""}, "host"),
        ({"host": "imaps://x"}, "without scheme"),
        ({"host": "a\r\nb"}, "host"),
        ({"port": 0}, "port"),
        ({"security": "tls"}, "security"),
        ({"mechanism": "cram"}, "mechanism"),
        ({"username": ""}, "user name"),
        ({"username": "a\1b"}, "user name"),
        ({"password": ""}, "password"),
        ({"password": "a\0b"}, "NUL"),
        ({"mechanism": "xoauth2"}, "token"),
        ({"security": "none"}, "in clear"),
        ({"read_timeout": 0}, "timeout"),
    ],
)
def test_settings_that_cannot_work_are_refused_before_anything_is_sent(wrong, says):
    settings = ImapSettings(**{"host": "127.0.0.1", "port": 9, "username": "u", "password": "secret-one", **wrong})
    with pytest.raises(InvalidInputError, match=says) as caught:
        ImapSession.open(settings)
    assert "secret-one" not in str(caught.value)


def test_secrets_are_not_shown(scripted):
    assert "secret-of-soc" not in repr(scripted.settings())


# -- TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("expired", "expired"),
        ("wrong_host", "wrong_host"),
        ("self_signed", "self_signed"),
        ("unknown_ca", "unknown_ca"),
    ],
)
def test_a_certificate_that_fails_a_check_ends_it_before_the_password(scripted, certificates, kind, check):
    scripted.tls = certificates.server_context(kind)
    with pytest.raises(TlsError) as caught:
        ImapSession.open(scripted.settings(security="implicit", ca_file=str(certificates.ca_file)))
    assert caught.value.check == check
    assert scripted.received == []


def test_a_good_certificate_is_accepted_and_an_override_of_the_name_is_used(scripted, certificates):
    scripted.tls = certificates.server_context("good")
    good = {"security": "implicit", "ca_file": str(certificates.ca_file)}
    with ImapSession.open(scripted.settings(**good, server_name="localhost")) as session:
        session.open("INBOX")
    with pytest.raises(TlsError):
        ImapSession.open(scripted.settings(**good, server_name="other.example"))


def test_verification_can_be_switched_off_and_that_is_logged(scripted, certificates, caplog):
    scripted.tls = certificates.server_context("self_signed")
    with ImapSession.open(scripted.settings(security="implicit", verify=False)):
        pass
    assert "NOT verified" in caplog.text


def test_a_plain_server_on_a_tls_port_is_named(scripted, certificates):
    with pytest.raises(TlsError) as caught:
        ImapSession.open(scripted.settings(security="implicit", ca_file=str(certificates.ca_file)))
    assert caught.value.check == "plaintext"


# -- STARTTLS ---------------------------------------------------------------------------------------------------------


def test_starttls_with_a_real_server(dovecot, user, settings_for):
    with ImapSession.open(settings_for(user, port=dovecot.imap_port, security="starttls")) as session:
        assert "IDLE" in session.capabilities
        assert session.client.socket().cipher()


def test_starttls_that_is_stripped_or_refused_never_sends_the_password(scripted):
    with pytest.raises(AccessError, match="does not offer STARTTLS"):
        ImapSession.open(scripted.settings(security="starttls"))
    scripted.capabilities += " STARTTLS"
    scripted.on("STARTTLS", b"{tag} NO not today\r\n")
    with pytest.raises(AccessError, match="refused"):
        ImapSession.open(scripted.settings(security="starttls"))
    assert not scripted.commands("LOGIN")


def test_preauth_before_starttls_is_an_attack(scripted):
    scripted.capabilities += " STARTTLS"
    scripted.greeting = b"* PREAUTH come in\r\n"
    with pytest.raises(AccessError, match="PREAUTH"):
        ImapSession.open(scripted.settings(security="starttls"))
    assert not scripted.commands("STARTTLS")


def test_a_bad_certificate_after_starttls_is_refused(scripted, certificates):
    scripted.capabilities += " STARTTLS"
    scripted.start_tls = certificates.server_context("expired")
    with pytest.raises(TlsError):
        ImapSession.open(scripted.settings(security="starttls", ca_file=str(certificates.ca_file)))
    assert not scripted.commands("LOGIN")


def test_what_was_said_before_tls_is_forgotten(scripted, certificates):
    context = certificates.server_context("good")

    def begin(connection: Connection, tag: bytes) -> None:
        # Somebody on the way adds an answer of his own behind the go-ahead.
        connection.send(tag + b" OK begin\r\n* CAPABILITY IMAP4rev1 EVIL\r\nMR2 OK done\r\n")
        connection.sock = context.wrap_socket(connection.sock, server_side=True)
        connection.file = connection.sock.makefile("rb")

    scripted.capabilities += " STARTTLS"
    scripted.on("STARTTLS", begin)
    settings = scripted.settings(security="starttls", ca_file=str(certificates.ca_file))
    # Whether the injected bytes were read ahead (and dropped) or still wait (and break the handshake) is a matter of
    # timing; in neither case are they believed.
    try:
        with ImapSession.open(settings) as session:
            assert "EVIL" not in session.capabilities
    except (AccessError, TransientError):
        assert not scripted.commands("LOGIN")


# -- passwords --------------------------------------------------------------------------------------------------------


def test_a_server_that_takes_no_password_here_does_not_get_one(scripted):
    scripted.capabilities += " LOGINDISABLED"
    with pytest.raises(AccessError, match="takes no password"):
        ImapSession.open(scripted.settings())
    assert not scripted.commands("LOGIN")


def test_where_only_login_is_disabled_the_password_goes_by_authenticate(scripted):
    scripted.capabilities += " LOGINDISABLED AUTH=PLAIN SASL-IR"
    with ImapSession.open(scripted.settings()):
        pass
    assert not scripted.commands("LOGIN")
    (sent,) = scripted.commands("AUTHENTICATE PLAIN")
    assert base64.b64decode(sent.split(b" ")[2]) == b"\0soc\0secret-of-soc"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"NO Temporary problem, please try again later", TransientError),
        (b"NO [THROTTLED] too busy", RateLimitError),
        (b"NO Server temporarily unavailable", TransientError),
        (b"BAD Server Unavailable. 15", TransientError),
        (b"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds", RateLimitError),
        (b"NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", RateLimitError),
        (b"NO [AUTHENTICATIONFAILED] try again", CredentialsError),
        (b"NO Too many failed logins, try again later", CredentialsError),
        (b"NO Account temporarily locked", CredentialsError),
        (b"NO no", CredentialsError),
    ],
)
def test_a_login_refused_for_now_says_nothing_against_the_password(scripted, answer, error):
    scripted.on("LOGIN", b"{tag} " + answer + b"\r\n")
    with pytest.raises(MailroomError) as caught:
        ImapSession.open(scripted.settings())
    assert type(caught.value) is error


def test_passwords_with_quotes_and_backslashes_arrive_unchanged(scripted):
    with ImapSession.open(scripted.settings(password='p "q" \\ {5} %d')):
        pass
    assert scripted.commands("LOGIN") == [rb'LOGIN "soc" "p \"q\" \\ {5} %d"']


def test_passwords_beyond_ascii_arrive_as_utf8(scripted):
    with ImapSession.open(scripted.settings(password="pässwört")):
        pass
    assert scripted.commands("LOGIN") == ['LOGIN "soc" {10+}\r\npässwört'.encode()]
    scripted.capabilities += " AUTH=PLAIN SASL-IR"
    with ImapSession.open(scripted.settings(password="pässwört")):
        pass
    sent = scripted.commands("AUTHENTICATE PLAIN")[0].split(b" ")[2]
    assert base64.b64decode(sent).decode() == "\0soc\0pässwört"


def test_a_second_login_is_never_tried_with_the_same_password(scripted):
    scripted.on("LOGIN", b"{tag} NO bad\r\n")
    with pytest.raises(CredentialsError, match="locks the account"):
        ImapSession.open(scripted.settings())
    assert scripted.connections == 1
    assert len(scripted.commands("LOGIN")) == 1


# -- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_tokens_log_in_at_a_real_server(dovecot, user, settings_for, mechanism):
    provider = Tokens(dovecot.oauth_token(user))
    with ImapSession.open(settings_for(user, mechanism=mechanism, password="", token=provider)) as session:
        assert session.open("INBOX").messages == 0
    assert provider.asked == [False]


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_an_expired_token_is_renewed_once(dovecot, user, settings_for, mechanism):
    provider = Tokens(dovecot.oauth_token(user, expires_in=-100), dovecot.oauth_token(user))
    with ImapSession.open(settings_for(user, mechanism=mechanism, password="", token=provider)) as session:
        assert session.open("INBOX").messages == 0
    assert provider.asked == [False, True]


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_a_forged_token_fails_after_one_renewal(dovecot, user, settings_for, mechanism):
    forged = dovecot.oauth_token(user, forged=True)
    provider = Tokens(forged)
    with pytest.raises(CredentialsError) as caught:
        ImapSession.open(settings_for(user, mechanism=mechanism, password="", token=provider))
    assert provider.asked == [False, True]
    assert forged not in str(caught.value)


def test_a_token_that_expires_in_the_middle_means_a_new_session(dovecot, user, settings_for):
    provider = Tokens(dovecot.oauth_token(user))
    settings = settings_for(user, mechanism="xoauth2", password="", token=provider)
    with ImapSession.open(settings) as session:
        session.open("INBOX")
        dovecot.kick(user)
        with pytest.raises(TransientError):
            for _ in range(50):
                session.search()
    with ImapSession.open(settings) as session:
        assert session.open("INBOX").messages == 0


def test_the_challenge_after_a_refused_token_is_answered_as_the_mechanism_asks(scripted):
    def refuse(answer: list[bytes]):
        def script(connection: Connection, tag: bytes) -> None:
            connection.send(b"+ " + base64.b64encode(b'{"status":"401","schemes":"Bearer"}') + b"\r\n")
            answer.append(connection.line())
            connection.send(tag + b" NO [AUTHENTICATIONFAILED] no\r\n")

        return script

    scripted.capabilities += " SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER"
    for mechanism, expected in (("xoauth2", b""), ("oauthbearer", b"AQ==")):
        answers: list[bytes] = []
        scripted.on("AUTHENTICATE", refuse(answers))
        settings = scripted.settings(mechanism=mechanism, token=Tokens("token-for-tests"), password="")
        with pytest.raises(CredentialsError, match="401"):
            ImapSession.open(settings)
        assert answers == [expected, expected]


def test_without_initial_response_the_token_waits_for_the_go_ahead(scripted):
    lines: list[bytes] = []

    def script(connection: Connection, tag: bytes) -> None:
        connection.send(b"+ \r\n")
        lines.append(connection.line())
        connection.send(tag + b" OK in\r\n")

    scripted.capabilities += " AUTH=XOAUTH2"
    scripted.on("AUTHENTICATE", script)
    with ImapSession.open(scripted.settings(mechanism="xoauth2", token=Tokens("token-for-tests"), password="")):
        pass
    assert scripted.commands("AUTHENTICATE") == [b"AUTHENTICATE XOAUTH2"]
    assert base64.b64decode(lines[0]) == b"user=soc\x01auth=Bearer token-for-tests\x01\x01"
    assert "token-for-tests" not in redact.scrub(lines[0].decode() + " token-for-tests")


def test_a_mechanism_that_is_not_offered_gets_no_token(scripted):
    provider = Tokens("token-for-tests")
    with pytest.raises(AccessError, match="does not offer XOAUTH2"):
        ImapSession.open(scripted.settings(mechanism="xoauth2", token=provider, password=""))
    assert provider.asked == []


# -- proxies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["implicit", "starttls", "none"])
@pytest.mark.parametrize("switch", ["", "split_answer", "glue_greeting"])
@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
def test_through_proxies(dovecot, user, settings_for, proxy_servers, certificates, security, switch, kind):
    port = dovecot.imaps_port if security == "implicit" else dovecot.imap_port
    for proxy in (getattr(proxy_servers, kind),):
        proxy.demand("soc", "proxy-secret")
        if switch and not (switch == "glue_greeting" and security == "implicit"):  # TLS servers do not speak first
            setattr(proxy, switch, True)
        ca_file = str(certificates.ca_file) if kind == "https" else None
        through = ProxySettings(proxy.kind, proxy.host, proxy.port, "soc", "proxy-secret", ca_file=ca_file)
        settings = settings_for(user, port=port, security=security, proxy=through, allow_plaintext=True)
        with ImapSession.open(settings) as session:
            assert session.open("INBOX").messages == 0


def test_two_threads_can_each_have_a_session(dovecot, user, settings_for):
    found = []

    def work() -> None:
        with ImapSession.open(settings_for(user)) as session:
            found.append(session.open("INBOX").uidvalidity)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 3
