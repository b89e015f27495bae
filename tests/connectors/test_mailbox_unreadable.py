"""A mail whose file cannot be read on a real server: it is quarantined, and no other mail waits for it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail

from mailroom.errors import MailroomError
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store.wait_rows import NewWait


def file_of(mailbox: Any, uid: int) -> Path:
    """Where the server keeps a mail."""
    (path,) = (mailbox.server.folder / "mail" / mailbox.user.name).rglob(f"u.{uid}")
    return path


def forbidden(path: Path) -> None:
    path.chmod(0)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def cycles(mailbox: Any, number: int) -> None:
    for _ in range(number):
        try:
            mailbox.cycle()
        except MailroomError:  # what meets the mail may end with any typed error
            continue


# F21
@pytest.mark.parametrize("spoil", [forbidden, cut])
@pytest.mark.parametrize("before", [True, False])
def test_a_mail_whose_file_cannot_be_read_is_quarantined_and_the_others_are_taken(
    mailbox: Any, spoil: Any, before: bool
) -> None:
    if not before:  # the folder was read before
        mailbox.put(mail(100))
        mailbox.cycle()
    uids = mailbox.put(*(mail(n) for n in range(1, 6)))
    spoil(file_of(mailbox, uids[2]))
    cycles(mailbox, 2)
    assert {f"Mail {n}" for n in (1, 2, 4, 5)} <= {alert.title for alert in mailbox.alerts()}
    cycles(mailbox, 3)
    assert mailbox.states()[str(uids[2])] == "quarantined"
    mailbox.put(mail(6))
    assert mailbox.cycle().alerted == 1
    assert mailbox.cycle().fetched == 0
    assert mailbox.unread() == [uids[2]]
    assert mailbox.store.runs.conservation_violations() == []


# F21
@pytest.mark.parametrize("spoil", [forbidden, cut])
def test_a_dry_run_shows_the_mails_around_one_that_cannot_be_read_and_that_it_is_there(
    mailbox: Any, spoil: Any
) -> None:
    uids = mailbox.put(*(mail(n) for n in range(1, 6)))
    spoil(file_of(mailbox, uids[2]))
    rows = mailbox.preview()
    assert [row.uid for row in rows] == uids
    assert [row.subject for row in rows] == ["Mail 1", "Mail 2", "", "Mail 4", "Mail 5"]
    assert rows[2].outcome == "tried again"
    assert rows[2].reason.startswith("could not be read: ")
    assert mailbox.alerts() == []


# F21
@pytest.mark.parametrize("spoil", [forbidden, cut])
def test_an_answer_behind_a_mail_whose_file_cannot_be_read_is_found(mailbox: Any, spoil: Any) -> None:
    now, store = mailbox.store.waits.now(), mailbox.store
    wait = store.waits.ask(
        NewWait(
            key="k", mailbox="soc", recipients=("amy@example.org",), needed=1, deadline=now + timedelta(hours=1),
            message_ids=("<k@northwind.example>",), subject="x", sent_at=now - timedelta(minutes=1),
        )
    )  # fmt: skip
    watch_once(store, mailbox.account)
    (uid,) = mailbox.put(mail(1))
    spoil(file_of(mailbox, uid))
    for cache in file_of(mailbox, uid).parent.glob("dovecot.index.cache"):
        cache.unlink()
    mailbox.put(
        b"From: amy@example.org\r\nTo: soc@northwind.example\r\nSubject: Re: x\r\nMessage-ID: <a@example.org>\r\n"
        b"In-Reply-To: <k@northwind.example>\r\nDate: %s\r\n\r\nyes\r\n" % format_datetime(datetime.now(UTC)).encode()
    )
    cycles_of_watcher(mailbox, 2)
    assert store.waits.get(wait.id).state == "answered"


def cycles_of_watcher(mailbox: Any, number: int) -> None:
    for _ in range(number):
        try:
            watch_once(mailbox.store, mailbox.account)
        except MailroomError:  # what meets the mail may end with any typed error
            continue
