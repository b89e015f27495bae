"""The password goes to nobody whose certificate or offer of TLS fails (fault F24)."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from mailroom.errors import AccessError, InvalidInputError, TransientError
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.smtp import SmtpSettings, send
from mailroom.mail.transport import TlsError

GREETING = b"220 scripted.example ESMTP\r\n"
LOGIN: dict[str, Any] = {"username": "ann@northwind.example", "password": "the-password-itself"}


class TlsSmtp:
    """Speaks SMTP up to STARTTLS, or TLS at once, with a certificate of choice; notes all that came."""

    def __init__(self, context: ssl.SSLContext, implicit: bool) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port = int(self._listener.getsockname()[1])
        self.received = b""
        self._context, self._implicit = context, implicit
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with suppress(OSError):
            sock, _ = self._listener.accept()
            sock.settimeout(20)
            with sock:
                if not self._implicit:
                    sock.sendall(GREETING)
                    self._read(sock)
                    sock.sendall(b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
                    self._read(sock)
                    sock.sendall(b"220 go\r\n")
                with self._context.wrap_socket(sock, server_side=True) as secure:
                    if self._implicit:
                        secure.sendall(GREETING)
                    for answer in (b"250-x\r\n250 AUTH PLAIN\r\n", b"235 in\r\n", b"550 5.7.1 enough\r\n"):
                        self._read(secure)
                        secure.sendall(answer)
                    self._read(secure)

    def _read(self, sock: socket.socket) -> None:
        data = sock.recv(65_536)
        self.received += data
        if not data:
            raise OSError

    def close(self) -> None:
        self._listener.close()
        self._thread.join(25)
        assert not self._thread.is_alive()


@pytest.fixture
def tls_smtp(certificates: Any) -> Iterator[Callable[..., TlsSmtp]]:
    servers: list[TlsSmtp] = []

    def start(kind: str, implicit: bool, context: ssl.SSLContext | None = None) -> TlsSmtp:
        servers.append(TlsSmtp(context or certificates.server_context(kind), implicit))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("kind", ["expired", "not_yet_valid", "wrong_host", "self_signed", "unknown_ca"])
def test_a_bad_certificate_ends_it_before_the_login(
    kind: str, implicit: bool, tls_smtp: Any, certificates: Any, mail: OutgoingMail
) -> None:
    server = tls_smtp(kind, implicit)
    security: Any = "implicit" if implicit else "starttls"
    settings = SmtpSettings("localhost", server.port, security, ca_file=certificates.ca_file, **LOGIN)

    with pytest.raises(TlsError) as caught:
        send(settings, mail)

    assert caught.value.check == kind
    server.close()
    assert b"AUTH" not in server.received


@pytest.mark.parametrize("implicit", [True, False])
def test_a_server_name_of_its_own_is_what_the_certificate_must_say(
    implicit: bool, tls_smtp: Any, certificates: Any, mail: OutgoingMail
) -> None:
    server = tls_smtp("wrong_host", implicit)
    security: Any = "implicit" if implicit else "starttls"
    settings = SmtpSettings(
        "127.0.0.1", server.port, security, ca_file=certificates.ca_file, server_name="elsewhere.example", **LOGIN
    )

    assert send(settings, mail).overall == "failed"  # it got as far as the mail
    assert b"AUTH PLAIN" in server.received


def test_verification_switched_off_works_and_is_logged(
    tls_smtp: Any, mail: OutgoingMail, caplog: pytest.LogCaptureFixture
) -> None:
    server = tls_smtp("self_signed", True)

    with caplog.at_level(logging.WARNING):
        assert send(SmtpSettings("localhost", server.port, verify=False, **LOGIN), mail).overall == "failed"

    assert "NOT verified" in caplog.text


def test_an_old_version_of_tls_is_refused(tls_smtp: Any, certificates: Any, mail: OutgoingMail) -> None:
    old = certificates.server_context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    server = tls_smtp("good", True, old)

    with pytest.raises(TlsError) as caught:
        send(SmtpSettings("localhost", server.port, ca_file=certificates.ca_file, **LOGIN), mail)

    assert caught.value.check == "old_protocol"


def test_a_stripped_offer_of_starttls_ends_it(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    smtp_server.hidden = {"STARTTLS"}

    with pytest.raises(AccessError, match="does not offer STARTTLS"):
        send(account("starttls"), mail)

    assert not {"AUTH", "MAIL"} & {verb for _, verb, _ in smtp_server.verbs}


def test_an_answer_ahead_of_the_handshake_ends_it(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING, b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n235 you are in\r\n"])

    with pytest.raises(AccessError, match="ahead of the TLS handshake"):
        send(bare(server.port, security="starttls", **LOGIN), mail)

    assert b"AUTH" not in server.received


def test_a_plaintext_server_on_the_tls_port_is_recognised(scripted: Any, bare: Any, mail: OutgoingMail) -> None:
    server = scripted([GREETING])

    with pytest.raises(TlsError) as caught:
        send(bare(server.port, security="implicit", **LOGIN), mail)

    assert caught.value.check == "plaintext"


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_port_of_tls_is_known_by_its_silence_long_before_the_time_is_up(
    smtp_server: Any, mail: OutgoingMail, monkeypatch: pytest.MonkeyPatch, security: Any
) -> None:
    monkeypatch.setattr("mailroom.mail.transport.silence._PATIENCE", 0.3)
    settings = SmtpSettings("localhost", smtp_server.implicit_port, security, allow_plaintext=True, **LOGIN)

    with pytest.raises(TlsError, match=r"TLS from the first byte.*security to implicit.*587") as caught:
        send(settings, mail)
    assert caught.value.check == "tls_expected"
    assert not smtp_server.accepted


def test_a_server_that_says_nothing_whatever_it_is_asked_is_told_from_one_that_wants_tls(
    scripted: Any, mail: OutgoingMail
) -> None:
    settings = SmtpSettings("localhost", scripted([]).port, "none", read_timeout=0.4)

    with pytest.raises(TransientError, match="465 is implicit, 587 starttls"):
        send(settings, mail)


def test_a_login_without_tls_must_be_allowed_in_words(mail: OutgoingMail) -> None:
    with pytest.raises(InvalidInputError, match="in clear"):
        SmtpSettings("localhost", 25, "none", **LOGIN)
    assert SmtpSettings("localhost", 25, "none", allow_plaintext=True, **LOGIN).username


def test_capabilities_from_before_tls_are_forgotten(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    send(account("starttls"), mail)

    verbs = [verb for kind, verb, _ in smtp_server.verbs if kind == "starttls"]
    assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
