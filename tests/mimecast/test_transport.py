"""TLS, proxy, limits in time, and a host that can only be what it should be."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import logging
import socket
import ssl
import threading
import warnings
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mimecast_scripted import Answer, ok

from mailroom import redact
from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import AccessError, CredentialsError, InvalidInputError, TransientError
from mailroom.mimecast import ClientCredentials, EffectUnknownError, MimecastClient, account, held, ping

ACCOUNT = "/api/account/get-account"
HERE = ok({"accountCode": "C1"})
CREDENTIALS = ClientCredentials("client-id-t", "client-secret-t")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test host")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    bundle, private = folder / "ca.pem", folder / "key.pem"
    bundle.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return bundle, private


@pytest.fixture
def secure(server, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.wrap(context)
    server.add(ACCOUNT, HERE)
    return server


def test_an_unknown_certificate_is_refused_and_nothing_is_sent(secure, clock):
    before = clock.monotonic()
    with MimecastClient(secure.url, CREDENTIALS, clock=clock) as client:
        with pytest.raises(AccessError, match=r"certificate.*CA bundle"):
            account.get_account(client)
        assert clock.monotonic() == before, "waiting mends no certificate"
        report = ping.ping(client)
    assert secure.asked == []
    failed = report.first_failure
    assert failed is not None
    assert failed.name == "TLS"
    assert "CA bundle" in failed.advice


def test_a_ca_bundle_makes_it_known(secure, clock, certificate):
    with MimecastClient(secure.url, CREDENTIALS, clock=clock, verify=str(certificate[0])) as client:
        assert account.get_account(client).code == "C1"


def test_verification_off_works_and_is_loud(secure, clock, caplog):
    with (
        caplog.at_level(logging.WARNING),
        warnings.catch_warnings(),
        MimecastClient(secure.url, CREDENTIALS, clock=clock, verify=False) as client,
    ):
        warnings.simplefilter("ignore")
        assert account.get_account(client).code == "C1"
    assert "TLS verification is OFF" in caplog.text


def test_a_missing_ca_bundle_is_an_error_at_once():
    with pytest.raises(InvalidInputError, match="does not exist"):
        MimecastClient("https://api.example", CREDENTIALS, verify="/nowhere/ca.pem")


@pytest.mark.parametrize(
    "root",
    [
        "api.example",
        "http://api.example",
        "https://api.example/api",
        "https://user:pw@api.example",
        "https://",
        "ftp://api.example",
        "https://api.example:port",
        "https://api.example\\x",
    ],
)
def test_api_roots_that_could_send_secrets_elsewhere_are_refused(root):
    with pytest.raises(InvalidInputError, match="API root"):
        MimecastClient(root, CREDENTIALS)


def test_a_host_where_nobody_listens_is_named_in_plain_words(clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        root = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            MimecastClient(root, CREDENTIALS, clock=clock).within(1.0) as client,
            pytest.raises(TransientError, match="Connection refused") as caught,
        ):
            account.get_account(client)
    assert "host=" not in str(caught.value)
    assert "_Plain" not in str(caught.value)


def test_requests_go_through_the_proxy_with_its_credentials(server, clock):
    """A proxy gets plain-http requests with the whole URL; the scripted server plays that proxy."""
    server.add("http://localhost:9/oauth/token", Answer({"access_token": "token-for-proxy", "expires_in": 60}))
    server.add(f"http://localhost:9{ACCOUNT}", HERE)
    proxy = server.url.replace("http://", "http://svc:p%40ss-word@")
    with MimecastClient("http://localhost:9", CREDENTIALS, clock=clock, proxy=proxy) as client:
        assert account.get_account(client).code == "C1"
    expected = "Basic " + base64.b64encode(b"svc:p@ss-word").decode()
    assert {asked.headers["Proxy-Authorization"] for asked in server.asked} == {expected}
    assert redact.scrub(f"{expected} p@ss-word p%40ss-word") == "Basic [secret] [secret] [secret]"


def test_a_proxy_that_wants_other_credentials_is_named(server, clock):
    server.add("http://localhost:9/oauth/token", Answer({"access_token": "token-for-proxy", "expires_in": 60}))
    server.add(f"http://localhost:9{ACCOUNT}", Answer(b"<html>", 407))
    other = ClientCredentials("client-id-u", "client-secret-u")
    with (
        MimecastClient("http://localhost:9", other, clock=clock, proxy=server.url) as client,
        pytest.raises(CredentialsError, match="proxy"),
    ):
        account.get_account(client)


@pytest.mark.parametrize(
    ("refuse", "kind", "says"),
    [("407 Proxy Authentication Required", CredentialsError, "user name and password"),
     ("403 Forbidden", AccessError, "does not allow")],
)  # fmt: skip
def test_a_proxy_that_refuses_is_asked_once_because_its_account_could_be_locked(
    proxy_servers, clock, refuse, kind, says
):
    proxy = proxy_servers.http
    proxy.refuse = refuse
    before = clock.monotonic()
    root = f"https://{refuse[:3]}.api.example"
    url = f"http://svc:old-password@127.0.0.1:{proxy.port}"
    with (
        MimecastClient(root, CREDENTIALS, clock=clock, proxy=url) as client,
        pytest.raises(kind, match=says) as caught,
    ):
        account.get_account(client)
    assert len(proxy.requests) == 1
    assert clock.monotonic() == before
    assert "old-password" not in str(caught.value)


def test_a_proxy_that_is_in_trouble_is_asked_again(proxy_servers, clock):
    proxy = proxy_servers.http
    proxy.refuse = "502 Bad Gateway"
    url = f"http://127.0.0.1:{proxy.port}"
    with (
        MimecastClient("https://502.api.example", CREDENTIALS, clock=clock, proxy=url, deadline=20) as client,
        pytest.raises(TransientError, match="502"),
    ):
        account.get_account(client)
    assert len(proxy.requests) > 1


@pytest.mark.parametrize("greeting", [b"220 mail.example.com ESMTP\r\n", b"* OK IMAP4rev1 ready\r\n"])
def test_a_port_of_another_protocol_is_asked_for_a_token_once(clock, greeting):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = []

        def greet():
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):  # the check only connects at first, and is gone
                        connection.sendall(greeting)
                        heard = b""
                        while data := connection.recv(65_536):
                            heard += data
                        asked.append(heard)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        root = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with MimecastClient(root, CREDENTIALS, clock=clock) as client:
            report = ping.ping(client)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    failed = report.first_failure
    assert failed is not None
    assert failed.name == "credentials"
    assert "does not speak HTTP" in failed.detail
    assert "host and port" in failed.detail
    assert sum(b"/oauth/token" in one for one in asked) == 1


@pytest.mark.parametrize("proxy", ["socks5://x:1", "http://", "http://host:port"])
def test_an_unreadable_proxy_is_refused(proxy):
    with pytest.raises(InvalidInputError, match="proxy"):
        MimecastClient("https://api.example", CREDENTIALS, proxy=proxy)


def test_proxies_of_the_environment_are_not_used(server, client, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.add(ACCOUNT, HERE)
    assert account.get_account(client).code == "C1"


@pytest.fixture
def dripping():
    """A server that sends one byte of the body whenever it is told to."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.01):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    listener.close()
    thread.join(5)


def test_a_dripping_answer_does_not_outlive_the_deadline(dripping):
    started = SYSTEM_CLOCK.monotonic()
    with (
        MimecastClient(dripping, CREDENTIALS, deadline=0.3) as client,
        pytest.raises(TransientError),
    ):
        account.get_account(client)
    assert SYSTEM_CLOCK.monotonic() - started < 5


def test_silence_after_an_effect_was_sent_is_unknown(server, client_for):
    release = threading.Event()
    server.add("/api/gateway/hold-release", Answer(b"", before=lambda: release.wait(10)))
    with client_for("2.0", read_timeout=0.2) as client, pytest.raises(EffectUnknownError) as caught:
        held.hold_release(client, ["a"])
    release.set()
    assert caught.value.unknown == ("a",)


def test_connections_are_kept_and_shared(server, client):
    server.add(ACCOUNT, HERE)
    for _ in range(5):
        account.get_account(client)
    assert server.connections == 1
