"""Connections without a proxy, and the stages of a check."""

from __future__ import annotations

import socket

import pytest

from mailroom.errors import InvalidInputError, TransientError
from mailroom.mail.transport import open_socket
from mailroom.mail.transport.names import checked_host
from mailroom.mail.transport.stages import resolve, run_stages


def test_a_refused_connection_is_transient_and_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(TransientError, match=f"127.0.0.1:{port} refuses"):
        open_socket("127.0.0.1", port, timeout=5)


def test_a_name_that_does_not_resolve_is_named() -> None:
    with pytest.raises(TransientError, match=r"nowhere\.invalid:993.*DNS"):
        open_socket("nowhere.invalid", 993, timeout=5)


def test_a_socket_is_tuned_for_mail() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        open_socket("localhost", listener.getsockname()[1], timeout=5) as sock,
    ):
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.gettimeout() == 5


@pytest.mark.parametrize(
    ("written", "checked"),
    [
        ("mail.example.com", "mail.example.com"),
        (" mail.example.com. ", "mail.example.com."),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("my_server", "my_server"),
    ],
)
def test_hosts_are_taken_as_people_write_them(written: str, checked: str) -> None:
    assert checked_host(written) == checked


@pytest.mark.parametrize("written", ["", "-a", "a b", "a\n", "https://a", "a:993", "a" * 300, "\u0001", "fe80::1%a\n"])
def test_what_is_no_host_is_refused(written: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_host(written)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InvalidInputError):
        open_socket("localhost", port, timeout=5)


def test_stages_end_at_the_first_failure_and_split_off_the_advice() -> None:
    def fails() -> str:
        raise TransientError("the server is away; try again later")

    stages = run_stages([("one", lambda: "fine"), ("none", lambda: None), ("two", fails), ("three", lambda: "unseen")])

    assert [(stage.name, stage.ok, stage.detail, stage.advice) for stage in stages] == [
        ("one", True, "fine", ""),
        ("none", None, "not needed here", ""),
        ("two", False, "the server is away", "try again later"),
        ("three", None, "not tried", ""),
    ]


def test_a_stage_that_falls_over_is_a_failed_stage() -> None:
    assert [(stage.ok, stage.detail) for stage in run_stages([("one", lambda: str(1 / 0))])] == [
        (False, "ZeroDivisionError: division by zero")
    ]


def test_the_name_stage_shows_the_addresses() -> None:
    assert "127.0.0.1" in resolve("127.0.0.1", None)
    with pytest.raises(TransientError, match="does not resolve"):
        resolve("nowhere.invalid", None)
