"""An answer that drips in ends with its time, wherever it drips: the libraries' timeouts are for each byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests

from mailroom.errors import TransientError
from mailroom.http_until import BoundedAdapter, whole_answer_within
from mailroom.mail.oauth import TokenHttp

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
_END = b"\r\n"
_MOST = 100_000


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], str]]:
    """Starts a server that says something at once, and then one byte after the other until the client goes."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []
    stop = threading.Event()

    def start(at_once: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(20)

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(at_once)
                    for _ in range(_MOST):
                        connection.sendall(b"x")
                        if stop.wait(0.01):
                            return

        listeners.append(listener)
        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stop.set()
    for listener in listeners:
        listener.close()
    for thread in threads:
        thread.join(25)


@pytest.mark.parametrize(
    "at_once", [b"", HEAD, HEAD + b"X-Long: ", HEAD + b"\r\n"], ids=["first line", "headers", "one header", "body"]
)
def test_a_token_service_that_drips_is_given_up_in_time(dripping: Callable[[bytes], str], at_once: bytes) -> None:
    http = TokenHttp(timeout=0.3)
    with pytest.raises(TransientError, match="Timeout"):
        http(f"http://{dripping(at_once)}/token", "POST", b"grant_type=client_credentials")
    http.close()


def test_a_proxy_that_drips_is_given_up_in_time(dripping: Callable[[bytes], str]) -> None:
    with requests.Session() as session, whole_answer_within(0.3):
        session.mount("https://", BoundedAdapter())
        with pytest.raises(requests.exceptions.RequestException):
            session.get("https://login.example.com/", proxies={"https": f"http://{dripping(b'')}"}, timeout=10)


def test_outside_an_answer_takes_as_long_as_the_libraries_allow(dripping: Callable[[bytes], str]) -> None:
    with requests.Session() as session:
        session.mount("http://", BoundedAdapter())
        address = f"http://{dripping(HEAD + _END)}/"
        with session.get(address, timeout=10, stream=True) as answer:
            assert answer.raw.read(3) == b"xxx"
