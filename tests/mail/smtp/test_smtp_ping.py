"""The staged check: it stops at what is wrong, says what to do, and never raises."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mailroom.mail.smtp import SmtpSettings, ping
from mailroom.mail.transport import ProxySettings


def names(stages: list[Any]) -> list[tuple[str, bool]]:
    return [(stage.name, stage.ok) for stage in stages]


def test_all_stages_pass_on_a_good_server(account: Any, smtp_server: Any) -> None:
    stages = ping(account("starttls"), sender=smtp_server.user)

    assert names(stages) == [
        ("name", True), ("connection", True), ("greeting", True), ("TLS", True), ("login", True), ("sender", True),
    ]  # fmt: skip
    assert stages[3].detail.startswith("TLSv1.")
    assert all(stage.seconds >= 0 for stage in stages)
    assert smtp_server.accepted == []
    assert names(ping(account("implicit"))) == [
        ("name", True), ("connection", True), ("TLS", True), ("greeting", True), ("login", True),
    ]  # fmt: skip


def test_a_token_is_renewed_once_here_too(account: Any, smtp_server: Any) -> None:
    calls: list[bool] = []

    def token(force_refresh: bool) -> str:
        calls.append(force_refresh)
        return str(smtp_server.token) if force_refresh else "stale-token"

    stages = ping(account(password="", token=token, mechanism="xoauth2"), sender=smtp_server.user)

    assert all(stage.ok for stage in stages)
    assert calls == [False, True]


def failing(stages: list[Any]) -> tuple[str, str]:
    where = [stage.ok for stage in stages].index(False)
    assert all(stage.ok for stage in stages[:where])
    assert all((stage.ok, stage.detail) == (None, "not tried") for stage in stages[where + 1 :])
    assert stages[where].advice
    return stages[where].name, f"{stages[where].detail}; {stages[where].advice}"


def test_each_failure_ends_at_its_stage(account: Any, smtp_server: Any, certificates: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]

    assert failing(ping(SmtpSettings("nowhere.invalid")))[0] == "name"
    assert failing(ping(SmtpSettings("127.0.0.1", closed)))[0] == "connection"
    assert failing(ping(account("implicit", ca_file=certificates.other_ca_file)))[0] == "TLS"
    assert failing(ping(account("starttls", ca_file=None)))[0] == "TLS"
    assert failing(ping(account(password="wrong-password")))[0] == "login"
    smtp_server.plan("CONNECT", "421 4.3.2 busy")
    assert "421" in failing(ping(account()))[1]
    smtp_server.plan("MAIL", "550 5.7.60 cannot send as this sender")
    name, words = failing(ping(account(), sender="boss@northwind.example"))
    assert name == "sender"
    assert "5.7.60" in words


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL"])
def test_a_lost_connection_is_a_failed_stage(verb: str, account: Any, smtp_server: Any) -> None:
    smtp_server.plan(verb, drop=True)

    failing(ping(account(), sender=smtp_server.user))


def test_a_proxy_is_named(account: Any, proxy_servers: Any, smtp_server: Any) -> None:
    proxy_servers.socks5.demand("ann", "right")
    proxy = ProxySettings("socks5", "127.0.0.1", proxy_servers.socks5.port, "ann", "wrong-one")

    name, words = failing(ping(account(proxy=proxy)))

    assert name == "connection"
    assert "socks5 proxy" in words
    assert "wrong-one" not in words


def test_a_server_without_login_is_fine_when_none_is_set(smtp_server: Any) -> None:
    stages = ping(SmtpSettings("127.0.0.1", smtp_server.plain_port, "none"))

    assert stages[-1].detail == "none: no user name is set"
