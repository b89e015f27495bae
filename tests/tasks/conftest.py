"""Mailboxes for the tasks: on the real servers, and on the sandbox's; the tasks are called without Prefect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import (
    _dovecot_if_installed,
    _smtp_server,
    certificates,
    dovecot,
    sibling,
    smtp_server,
)
from prefect.logging import disable_run_logger

from mailroom.mail.account import MailAccount, account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.store import Store
from sandbox.mail import MailServer
from tasks import _open
from tasks.mail._refusals import HERE

__all__ = ["_dovecot_if_installed", "_smtp_server", "certificates", "dovecot", "smtp_server"]

sibling("mailbox_world")

SOC = "soc@northwind.example"


@dataclass
class TaskBox:
    """One mailbox and one store, as the tasks find them behind any block name."""

    account: MailAccount
    store: Store
    put: Any
    """Lays mails into INBOX."""
    sent: Any
    """Source of every mail the SMTP server took."""


@pytest.fixture(autouse=True)
def a_new_process() -> Iterator[None]:
    """Nobody remembers the logins of the test before."""
    HERE.forget()
    yield
    HERE.forget()


@pytest.fixture
def without_prefect() -> Iterator[None]:
    with disable_run_logger():
        yield


def _behind_blocks(monkeypatch: pytest.MonkeyPatch, account: MailAccount, store: Store) -> None:
    monkeypatch.setattr(_open, "account", lambda _block: account)
    monkeypatch.setattr(_open, "store", lambda _block: store)


@pytest.fixture
def real_box(
    dovecot: Any, smtp_server: Any, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    without_prefect: None,
) -> Iterator[TaskBox]:  # fmt: skip
    """Dovecot with TLS, and an SMTP server with TLS and login that delivers there."""
    user = dovecot.new_user()
    account = account_from("soc", AccountFields(
        address=user.address, username=user.name, password=user.password, imap_host="localhost",
        imap_port=dovecot.imaps_port, smtp_host="localhost", smtp_port=smtp_server.implicit_port,
        ca_bundle=str(dovecot.ca_file),
    ))  # fmt: skip
    with Store.open(sqlite_url, blobs=tmp_path / "blobs") as store:
        _behind_blocks(monkeypatch, account, store)
        yield TaskBox(
            account, store, lambda *mails: dovecot.append(user, "INBOX", *mails),
            lambda: [one.raw for one in smtp_server.accepted],
        )  # fmt: skip


@pytest.fixture
def sandbox_box(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> Iterator[TaskBox]:
    """The sandbox's mail server."""
    with MailServer().serve() as server, Store.open(sqlite_url, blobs=tmp_path / "blobs") as store:
        account = account_from("soc", AccountFields(
            address=SOC, password=server.passwords[SOC], imap_host=server.host, imap_port=server.imaps_port,
            smtp_host=server.host, smtp_port=server.smtps_port, ca_bundle=str(server.ca_file),
        ))  # fmt: skip

        def put(*mails: bytes) -> list[int]:
            with account.open_imap() as session:
                return [session.append("INBOX", raw) or 0 for raw in mails]

        _behind_blocks(monkeypatch, account, store)
        yield TaskBox(account, store, put, lambda: [one.raw for one in server.sent])


@pytest.fixture(params=["dovecot", "sandbox"])
def task_box(request: pytest.FixtureRequest) -> TaskBox:
    """A mailbox; every test that uses it runs on both kinds of server."""
    found = request.getfixturevalue("real_box" if request.param == "dovecot" else "sandbox_box")
    assert isinstance(found, TaskBox)
    return found


@pytest.fixture
def api(prefect: Any) -> Iterator[Any]:
    """This process talks to the test server."""
    with prefect.settings():
        yield prefect


@pytest.fixture
def mail_post(request: pytest.FixtureRequest, tmp_path: Path, mail_helper: ModuleType, api: Any) -> Iterator[Any]:
    """A mail world whose blocks are saved under the test's own name."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:50]
    with mail_helper.mail_world(name, tmp_path / "world", {}) as world:
        world.save_blocks()
        yield world
    _open.close_all()


@pytest.fixture
def http_proxy(certificates: Any) -> Iterator[Any]:
    """A proxy that demands a login; see `proxies.py`."""
    servers = sibling("proxies").ProxyServers(certificates)
    servers.http.username, servers.http.password = "user", "the-right-proxy-password"
    yield servers.http
    servers.close()
