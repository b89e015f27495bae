"""The mailbox connector against the sandbox's mail server: refusals, proxies, wrong passwords."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail
from sqlalchemy import update

from mailroom.connectors.careful_login import open_carefully, remember_ping
from mailroom.connectors.mailbox import MailboxReport, MailboxSettings, ingest_mailbox, preview_mailbox
from mailroom.connectors.stored_mail import mail_of_alert
from mailroom.effects.follow_ups import Post, send_reply
from mailroom.errors import CredentialsError, TransientError
from mailroom.mail.account import MailAccount
from mailroom.mail.actions.ping import ping
from mailroom.mail.parse import parse_safely
from mailroom.mail.transport import ProxySettings
from mailroom.playbooks.ask import PostDesk, wait_for
from mailroom.playbooks.question import Waiting
from mailroom.playbooks.watch_replies import watch, watch_once
from mailroom.store import Store
from mailroom.store.logins import PAUSE
from mailroom.store.schema import leases
from sandbox.mail import MailFault, MailServer

SOC = "soc@northwind.example"
SETTINGS = MailboxSettings(indicators=False)


@pytest.fixture
def world(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Any]:
    with mail_helper.mail_world("soc", tmp_path / "mail", {}) as made:
        yield made


@pytest.fixture
def server(world: Any) -> MailServer:
    return world.mail  # type: ignore[no-any-return]


def take(account: MailAccount, store: Store, **settings: Any) -> MailboxReport:
    return ingest_mailbox(account, store, dataclasses.replace(SETTINGS, **settings))


def logins(server: MailServer) -> Any:
    """Counts the logins from now on."""
    return server.faults.add(MailFault("slow", "LOGIN", side="imap", times=None))


def later(store: Store, by: timedelta) -> None:
    """As if that much time had passed since the refusal."""
    earlier = {name: getattr(leases.c, name) for name in ("acquired_at", "expires_at")}
    rows = store.db.read(lambda tx: tx.execute(leases.select().where(leases.c.name.like("login:%"))).all())
    for row in rows:
        moved = {name: getattr(row, name) - by for name in earlier}
        store.run(lambda tx, row=row, moved=moved: tx.execute(
            update(leases).where(leases.c.name == row.name).values(**moved)))  # type: ignore[misc]  # fmt: skip


def test_mails_of_the_sandbox_become_alerts_once(world: Any, server: MailServer, store: Store) -> None:
    for number in range(1, 4):
        server.deliver(mail(number), SOC)
    assert take(world.account(), store).alerted == 3
    assert take(world.account(), store).fetched == 0
    assert all("\\Seen" in one.flags for one in server.mails(SOC))


# F26
def test_a_store_that_is_refused_is_repeated_by_the_next_cycle(world: Any, server: MailServer, store: Store) -> None:
    server.deliver(mail(1), SOC)
    server.deliver(mail(2), SOC)
    refused = server.faults.add(MailFault("refuse", "UID STORE", side="imap", answer="not now"))
    report = take(world.account(), store)
    assert (report.alerted, report.unmarked, refused.hits) == (2, 2, 1)
    assert not any("\\Seen" in one.flags for one in server.mails(SOC))
    report = take(world.account(), store)
    assert (report.fetched, report.unmarked) == (0, 0)
    assert all("\\Seen" in one.flags for one in server.mails(SOC))
    assert len(store.alerts.list(limit=10)) == 2


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
def test_the_mailbox_is_read_through_a_proxy_that_wants_a_password(
    world: Any, server: MailServer, store: Store, certificates: Any, kind: str
) -> None:
    from mailroom_tests_dovecot_fixtures import sibling

    server.deliver(mail(1), SOC)
    proxies = sibling("proxies").ProxyServers(certificates)
    try:
        proxy = getattr(proxies, kind)
        proxy.demand("mailroom", "p:w@x")
        proxy.split_answer = proxy.glue_greeting = True  # with STARTTLS the server speaks first
        account = world.account(imap_port=server.imap_port, imap_security="starttls")
        ours = ProxySettings(kind, "127.0.0.1", proxy.port, "mailroom", "p:w@x", ca_file=str(proxies.ca_file))
        imap = dataclasses.replace(account.need_imap(), proxy=ours)
        through = dataclasses.replace(account, imap=imap)
        assert take(through, store).alerted == 1
        assert proxy.requests
        assert {one[1] for one in proxy.requests} == {server.imap_port}
        wrong = dataclasses.replace(imap, proxy=dataclasses.replace(imap.proxy, password="kanari-wrong"))
        with pytest.raises(CredentialsError) as refused:
            take(dataclasses.replace(account, imap=wrong), store)
        assert "kanari-wrong" not in str(refused.value)
    finally:
        proxies.close()


# F22
def test_a_wrong_password_is_tried_once_in_fifteen_minutes_whoever_asks(
    world: Any, server: MailServer, store: Store
) -> None:
    wrong, tries = world.account(password="kanari-wrong"), logins(server)
    with pytest.raises(CredentialsError) as first:
        take(wrong, store)
    assert "The next try is at 20" in str(first.value)
    assert "`mailroom mail ping`" in str(first.value)
    for attempt in (
        lambda: take(wrong, store), lambda: preview_mailbox(wrong, store, SETTINGS), lambda: watch_once(store, wrong),
        lambda: watch(store, wrong, seconds=5), lambda: watch_once(store, wrong, dry_run=True),
    ):  # fmt: skip
        with pytest.raises(CredentialsError, match=r"is not tried again before 20.* tries at once"):
            attempt()
    assert tries.hits == 1
    assert "kanari-wrong" not in str(first.value)


# F22
def test_whatever_is_wanted_in_the_mailbox_a_refused_login_is_not_tried_for_it(
    world: Any, server: MailServer, store: Store
) -> None:
    server.deliver(mail(1), SOC)
    assert take(world.account(), store).alerted == 1
    alert, parent = store.alerts.list(limit=1)[0], parse_safely(mail(1))
    wrong, tries = world.account(password="kanari-wrong"), logins(server)
    for attempt in (
        lambda: mail_of_alert(store, wrong, alert),
        lambda: mail_of_alert(store, wrong, alert),
        lambda: send_reply(Post(store, wrong, "a reply"), parent, text="Thank you"),
        lambda: wait_for(PostDesk(store, wrong), "<sent-before@northwind.example>", Waiting(), key="an answer"),
    ):
        with pytest.raises(CredentialsError):
            attempt()
    assert tries.hits == 1
    assert list(server.sent) == []


# F22
def test_another_process_knows_of_the_refusal(world: Any, server: MailServer, store: Store) -> None:
    wrong, tries = world.account(password="kanari-wrong"), logins(server)
    with pytest.raises(CredentialsError):
        watch_once(store, wrong)
    url = store.db.url.render_as_string(hide_password=False)
    renamed = dataclasses.replace(wrong, name="the same mailbox under another name")
    with Store.open(url, blobs=world.folder / "blobs") as other, pytest.raises(CredentialsError, match="not tried"):
        take(renamed, other)
    assert tries.hits == 1


# F22
def test_after_the_pause_one_try_is_given_out_and_a_refusal_begins_the_next_pause(
    world: Any, server: MailServer, store: Store
) -> None:
    wrong, tries = world.account(password="kanari-wrong"), logins(server)
    for _ in range(2):
        with pytest.raises(CredentialsError):
            take(wrong, store)
    later(store, PAUSE)
    for _ in range(3):
        with pytest.raises(CredentialsError):
            take(wrong, store)
    assert tries.hits == 2


# F22
def test_of_two_that_ask_at_the_end_of_the_pause_one_may_try(world: Any, store: Store) -> None:
    store.logins.refused("soc@mail")
    assert store.logins.may_try("soc@mail") is not None
    later(store, PAUSE)
    assert store.logins.may_try("soc@mail") is None
    assert store.logins.may_try("soc@mail") is not None
    assert store.logins.may_try("somebody-else@mail") is None


# F22
def test_a_right_password_ends_the_pause_when_its_time_has_come(world: Any, server: MailServer, store: Store) -> None:
    server.deliver(mail(1), SOC)
    with pytest.raises(CredentialsError):
        take(world.account(password="kanari-wrong"), store)
    with pytest.raises(CredentialsError, match="not tried"):
        take(world.account(), store)
    later(store, PAUSE)
    assert take(world.account(), store).alerted == 1
    assert store.logins.may_try("whoever") is None
    open_carefully(world.account(), store).close()
    open_carefully(world.account(), store).close()


# F22
def test_a_test_of_the_mailbox_that_succeeds_ends_the_pause_at_once(
    world: Any, server: MailServer, store: Store
) -> None:
    server.deliver(mail(1), SOC)
    wrong = world.account(password="kanari-wrong")
    with pytest.raises(CredentialsError):
        take(wrong, store)
    remember_ping(wrong, store, ping(wrong))
    with pytest.raises(CredentialsError, match="not tried"):
        take(world.account(), store)
    remember_ping(world.account(), store, ping(world.account()))
    assert take(world.account(), store).alerted == 1


# F22
def test_a_server_that_is_away_or_busy_begins_no_pause(world: Any, server: MailServer, store: Store) -> None:
    server.deliver(mail(1), SOC)
    server.faults.add(MailFault("bye", "LOGIN", side="imap", answer="try later"))
    with pytest.raises(TransientError):
        take(world.account(), store)
    assert take(world.account(), store).alerted == 1
