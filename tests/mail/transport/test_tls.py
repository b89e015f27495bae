"""Handshakes that must fail, and what they say; nothing is ever sent to a server that failed a check."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mailroom.errors import AccessError, InvalidInputError, TransientError
from mailroom.mail.transport import TlsError, context, open_socket, wrap


@pytest.fixture
def tls_port() -> Iterator[Callable[..., int]]:
    """Starts a server that shakes hands as its context says, or answers bytes in clear; counts what came inside."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(server: ssl.SSLContext | bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(20)
        listeners.append(listener)

        def serve() -> None:
            with suppress(OSError):
                plain, _ = listener.accept()
                with plain:
                    plain.settimeout(20)
                    if isinstance(server, bytes):
                        plain.sendall(server)
                        plain.recv(65_536)
                        return
                    with server.wrap_socket(plain, server_side=True) as secure:
                        secure.sendall(b"220 hello\r\n")
                        secure.recv(100)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(25)


def shaken(port: int, client: ssl.SSLContext, name: str = "localhost") -> bytes:
    with wrap(open_socket("127.0.0.1", port, timeout=10), client, name) as secure:
        return secure.recv(100)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("expired", "expired"),
        ("not_yet_valid", "not_yet_valid"),
        ("wrong_host", "wrong_host"),
        ("self_signed", "self_signed"),
        ("unknown_ca", "unknown_ca"),
    ],
)
def test_each_bad_certificate_is_refused_for_its_own_reason(
    kind: str, check: str, tls_port: Any, certificates: Any
) -> None:
    port = tls_port(certificates.server_context(kind))

    with pytest.raises(TlsError) as caught:
        shaken(port, context(ca_file=certificates.ca_file))

    assert caught.value.check == check
    assert isinstance(caught.value, AccessError)


def test_a_good_certificate_passes_by_name_and_by_address(tls_port: Any, certificates: Any) -> None:
    client = context(ca_file=certificates.ca_file)

    assert shaken(tls_port(certificates.server_context()), client) == b"220 hello\r\n"
    assert shaken(tls_port(certificates.server_context()), client, "127.0.0.1") == b"220 hello\r\n"


def test_a_certificate_for_another_address_is_refused(tls_port: Any, certificates: Any) -> None:
    port = tls_port(certificates.server_context())

    with pytest.raises(TlsError) as caught:
        shaken(port, context(ca_file=certificates.ca_file), "127.0.0.2")

    assert caught.value.check == "wrong_host"


def test_an_old_version_of_tls_is_refused_unless_it_is_allowed(tls_port: Any, certificates: Any) -> None:
    old = certificates.server_context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(TlsError) as caught:
        shaken(tls_port(old), context(ca_file=certificates.ca_file))

    assert caught.value.check == "old_protocol"
    assert shaken(tls_port(old), context(ca_file=certificates.ca_file, minimum="1.1")) == b"220 hello\r\n"


@pytest.mark.parametrize(
    "answer", [b"220 mail.example ESMTP\r\n", b"* OK IMAP4rev1 ready\r\n", b"HTTP/1.1 400 Bad\r\n"]
)
def test_a_plaintext_greeting_on_a_tls_port_is_recognised(answer: bytes, tls_port: Any, certificates: Any) -> None:
    with pytest.raises(TlsError) as caught:
        shaken(tls_port(answer), context(ca_file=certificates.ca_file))

    assert caught.value.check == "plaintext"
    assert "STARTTLS" in str(caught.value)


def both(pair: Any, folder: Path) -> Path:
    """Certificate and key in one file."""
    file = folder / "client.pem"
    file.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    return file


def test_a_server_that_wants_our_certificate_gets_it(tls_port: Any, certificates: Any, tmp_path: Path) -> None:
    client = context(ca_file=certificates.ca_file, client_cert=both(certificates.client_pair(), tmp_path))

    assert shaken(tls_port(certificates.server_context(client_ca=True)), client) == b"220 hello\r\n"


def test_a_missing_client_certificate_is_named(tls_port: Any, certificates: Any) -> None:
    server = certificates.server_context(client_ca=True)
    server.maximum_version = ssl.TLSVersion.TLSv1_2  # TLS 1.3 tells only after the handshake

    with pytest.raises((TlsError, TransientError)):
        shaken(tls_port(server), context(ca_file=certificates.ca_file))


def test_verification_switched_off_is_logged_at_every_use(
    tls_port: Any, certificates: Any, caplog: pytest.LogCaptureFixture
) -> None:
    anything = context(verify=False)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert shaken(tls_port(certificates.server_context("expired")), anything) == b"220 hello\r\n"

    assert caplog.text.count("NOT verified") == 2


def test_a_server_that_hangs_up_in_the_handshake_is_transient(certificates: Any) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.settimeout(5)

    with pytest.raises(TransientError):
        wrap(ours, context(ca_file=certificates.ca_file), "localhost")
    assert ours.fileno() == -1


def test_a_server_that_stalls_in_the_handshake_is_not_waited_for(certificates: Any) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.2)
    with theirs, pytest.raises(TransientError, match="in time"):
        wrap(ours, context(ca_file=certificates.ca_file), "localhost")


def test_files_that_are_no_certificates_are_input_errors(tmp_path: Path, certificates: Any) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    for options in (
        {"ca_file": empty},
        {"ca_file": tmp_path / "absent.pem"},
        {"client_cert": empty},
        {"minimum": "1.4"},
    ):
        with pytest.raises(InvalidInputError):
            context(**options)  # type: ignore[arg-type]


def test_a_folder_of_authorities_is_accepted_as_well(tmp_path: Path) -> None:
    assert context(ca_file=tmp_path).verify_mode == ssl.CERT_REQUIRED
