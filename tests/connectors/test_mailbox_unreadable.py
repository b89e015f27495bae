"""A mail whose file cannot be read on a real server: it is quarantined, and no other mail waits for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail

from mailroom.errors import MailroomError


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
        except MailroomError as error:
            assert "IMAP" not in type(error).__name__


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
