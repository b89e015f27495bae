"""Connections through proxies, with the habits of bad ones. The mail server behind speaks first, as they all do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mailroom.errors import AccessError, CredentialsError, InvalidInputError, ResponseError, TransientError
from mailroom.mail.transport import ProxySettings, TlsError, context, open_socket, wrap
from mailroom.redact import scrub

BEHIND = "mail.behind-the-proxy.example"
KINDS = ("http", "https", "socks5", "socks4")


@pytest.fixture
def through(proxy_servers: Any, certificates: Any) -> Callable[..., ProxySettings]:
    def make(kind: str, **options: Any) -> ProxySettings:
        proxy = getattr(proxy_servers, kind)
        ca_file = certificates.ca_file if kind == "https" else None
        return ProxySettings(kind, "127.0.0.1", proxy.port, **({"ca_file": ca_file} | options))  # type: ignore[arg-type]

    return make


def greeting(sock: socket.socket) -> bytes:
    with sock, sock.makefile("rb") as lines:
        return lines.readline()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("habit", ["plain", "split_answer", "glue_greeting"])
def test_the_greeting_arrives_whole_whatever_the_proxy_does_with_packets(
    kind: str, habit: str, proxy_servers: Any, through: Any, smtp_server: Any
) -> None:
    if habit != "plain":
        setattr(getattr(proxy_servers, kind), habit, True)

    sock = open_socket("127.0.0.1", smtp_server.plain_port, timeout=20, proxy=through(kind))

    assert greeting(sock).startswith(b"220 ")


@pytest.mark.parametrize("kind", KINDS)
def test_the_proxy_resolves_the_name(kind: str, proxy_servers: Any, through: Any, smtp_server: Any) -> None:
    sock = open_socket(BEHIND, smtp_server.plain_port, timeout=20, proxy=through(kind))

    assert greeting(sock).startswith(b"220 ")
    assert getattr(proxy_servers, kind).requests == [(BEHIND, smtp_server.plain_port)]


@pytest.mark.parametrize("kind", KINDS)
def test_tls_to_the_server_runs_inside_the_tunnel(kind: str, through: Any, smtp_server: Any, certificates: Any) -> None:
    sock = open_socket("localhost", smtp_server.implicit_port, timeout=20, proxy=through(kind))

    secure = wrap(sock, context(ca_file=certificates.ca_file), "localhost")

    assert greeting(secure).startswith(b"220 ")


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
def test_a_proxy_with_login_lets_in_who_has_it(kind: str, proxy_servers: Any, through: Any, smtp_server: Any) -> None:
    getattr(proxy_servers, kind).demand("ann", "p@ss: w/rd")

    proxy = through(kind, username="ann", password="p@ss: w/rd")

    assert greeting(open_socket("127.0.0.1", smtp_server.plain_port, timeout=20, proxy=proxy)).startswith(b"220 ")


@pytest.mark.parametrize("kind", ["http", "https", "socks5", "socks4"])
@pytest.mark.parametrize("login", [{}, {"username": "ann", "password": "another secret"}])
def test_a_wrong_proxy_login_is_a_credentials_error(
    kind: str, login: dict[str, str], proxy_servers: Any, through: Any, smtp_server: Any
) -> None:
    getattr(proxy_servers, kind).demand("bob", "right secret")

    with pytest.raises(CredentialsError) as caught:
        open_socket("127.0.0.1", smtp_server.plain_port, timeout=20, proxy=through(kind, **login))

    assert "another secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "answer", "error"),
    [
        ("http", "403 Forbidden", AccessError),
        ("http", "503 Busy", TransientError),
        ("http", "301 Moved", ResponseError),
        ("https", "403 Forbidden", AccessError),
        ("socks5", "2", AccessError),
        ("socks5", "4", TransientError),
        ("socks4", "1", TransientError),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    kind: str, answer: str, error: type[Exception], proxy_servers: Any, through: Any
) -> None:
    getattr(proxy_servers, kind).refuse = answer

    with pytest.raises(error) as caught:
        open_socket("127.0.0.1", 2525, timeout=20, proxy=through(kind))

    assert type(caught.value) is error


def test_a_proxy_that_never_stops_talking_is_cut_off(proxy_servers: Any, through: Any) -> None:
    proxy_servers.http.endless_answer = True

    with pytest.raises(ResponseError, match="more than 16384 bytes"):
        open_socket("127.0.0.1", 2525, timeout=20, proxy=through("http"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_says_nothing_is_not_waited_for(kind: str, proxy_servers: Any, through: Any) -> None:
    getattr(proxy_servers, kind).stall = True

    with pytest.raises(TransientError, match="did not answer"):
        open_socket("127.0.0.1", 2525, timeout=0.3, proxy=through(kind))


@pytest.mark.parametrize("kind", ["http", "socks5", "socks4"])
def test_what_is_no_proxy_is_named_as_such_or_times_out(kind: str, smtp_server: Any) -> None:
    proxy = ProxySettings(kind, "127.0.0.1", smtp_server.plain_port, username="u", password="secret-1")  # type: ignore[arg-type]

    with pytest.raises((ResponseError, CredentialsError, TransientError)):
        open_socket("127.0.0.1", 2525, timeout=5, proxy=proxy)


def test_an_https_proxy_must_show_a_certificate_that_counts(through: Any) -> None:
    with pytest.raises(TlsError) as caught:
        open_socket("127.0.0.1", 2525, timeout=20, proxy=through("https", ca_file=None))

    assert caught.value.check == "unknown_ca"


def test_a_dead_proxy_is_named_without_its_login() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for kind in ("http", "socks5"):
        proxy = ProxySettings(kind, "127.0.0.1", port, "ann", "very-secret")  # type: ignore[arg-type]
        with pytest.raises(TransientError, match=str(port)) as caught:
            open_socket("127.0.0.1", 2525, timeout=5, proxy=proxy)
        assert "very-secret" not in str(caught.value)


def test_megabytes_pass_through_tls_in_tls_both_ways(through: Any, certificates: Any) -> None:
    block = bytes(range(256)) * 8192  # 2 MiB
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def echo() -> None:
            plain, _ = listener.accept()
            with certificates.server_context().wrap_socket(plain, server_side=True) as secure:
                secure.sendall(b"* OK hello\r\n")
                received = bytearray()
                while len(received) < len(block):
                    received += secure.recv(1 << 16)
                secure.sendall(received)

        server = threading.Thread(target=echo)
        server.start()
        sock = open_socket("localhost", listener.getsockname()[1], timeout=60, proxy=through("https"))
        secure = wrap(sock, context(ca_file=certificates.ca_file), "localhost")
        lines = secure.makefile("rb")
        assert lines.readline() == b"* OK hello\r\n"
        secure.sendall(block)
        assert lines.read(len(block)) == block
        assert lines.read(1) == b""
        lines.close()
        secure.close()
        server.join(20)
        assert not server.is_alive()


@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "login"),
    [
        ("http://proxy.example", "http", "proxy.example", 8080, ("", "")),
        ("https://proxy.example:3128", "https", "proxy.example", 3128, ("", "")),
        ("socks5://ann:p%40ss%3A@[::1]:1081", "socks5", "::1", 1081, ("ann", "p@ss:")),
        ("SOCKS5H://proxy.example", "socks5", "proxy.example", 1080, ("", "")),
        ("socks4a://id@proxy.example", "socks4", "proxy.example", 1080, ("id", "")),
    ],
)
def test_a_proxy_is_read_from_a_url(url: str, kind: str, host: str, port: int, login: tuple[str, str]) -> None:
    found = ProxySettings.from_url(url)

    assert (found.kind, found.host, found.port, (found.username, found.password)) == (kind, host, port, login)


@pytest.mark.parametrize(
    "url",
    ["proxy.example:8080", "ftp://proxy.example", "http://", "http://proxy.example:99999", "http://u:secret@ho st:1"],
)
def test_a_bad_proxy_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ProxySettings.from_url(url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "login",
    [("ann\r\nX-Evil: 1", "secret-2"), ("a:b", "secret-3"), ("", "secret-4"), ("ann", "secret\x00-5")],
)
def test_a_login_that_would_break_out_of_the_header_is_refused(login: tuple[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        ProxySettings("http", "proxy.example", 8080, *login)


@pytest.mark.parametrize("host", ["a\r\nHost: b", "a b", "", "http://a", "a/b", "exa\u0000mple"])
def test_a_host_that_would_break_out_of_the_request_is_refused(host: str, through: Any) -> None:
    with pytest.raises(InvalidInputError):
        open_socket(host, 25, timeout=5, proxy=through("http"))


def test_a_proxy_password_is_masked_everywhere() -> None:
    proxy = ProxySettings("http", "proxy.example", 8080, "ann", "hunter2-hunter2")

    assert "hunter2" not in repr(proxy)
    assert "hunter2" not in scrub(f"sent {proxy.url()}")
    assert proxy.basic_authorization().removeprefix("Basic ") not in scrub(f"sent {proxy.basic_authorization()}")
