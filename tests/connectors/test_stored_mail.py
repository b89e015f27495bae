"""Mails that are alerts: listed, fetched again wherever they went, their files kept once."""

from __future__ import annotations

import hashlib
from email.message import EmailMessage
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail, with_attached

from mailroom.connectors.saved_attachments import save_attachments
from mailroom.connectors.stored_mail import list_emails, mail_of_alert
from mailroom.errors import NotFoundError
from mailroom.mail.parse import parse


def with_files(number: int, **files: bytes) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = "p@example.org", f"Mail {number}", f"<m{number}@example.org>"
    made.set_content("see attached\n")
    for name, content in files.items():
        made.add_attachment(content, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    return made.as_bytes().replace(b"\n", b"\r\n")


def test_stored_mails_are_listed_newest_first(mailbox: Any) -> None:
    mailbox.put(mail(1), mail(2, sender="Ann <ann@example.net>"), with_files(3, a=b"x"))
    mailbox.cycle()
    rows = list_emails(mailbox.store)
    assert [row.subject for row in rows] == ["Mail 3", "Mail 2", "Mail 1"]
    assert (rows[0].mailbox, rows[0].folder, rows[0].attachments) == ("soc", "INBOX", ("a.pdf",))
    assert [row.subject for row in list_emails(mailbox.store, sender="Ann@example.net")] == ["Mail 2"]
    assert [row.subject for row in list_emails(mailbox.store, limit=1, offset=1)] == ["Mail 2"]
    assert list_emails(mailbox.store, mailbox="so_") == []
    assert list_emails(mailbox.store, handling="released") == []
    assert rows[0].as_json()["email_uid"] == "3"


def test_the_mail_of_an_alert_is_fetched_again(mailbox: Any) -> None:
    raw = mail(1)
    mailbox.put(raw, mail(2))
    mailbox.cycle()
    assert mail_of_alert(mailbox.store, mailbox.account, mailbox.alerts()[0]) == raw


def test_a_mail_that_was_moved_is_found_by_its_id(mailbox: Any) -> None:
    raw = mail(1)
    mailbox.put(raw)
    mailbox.cycle()
    with mailbox.server.client(mailbox.user) as client:
        client.select_folder("INBOX")
        client.move([1], "Archive")
    mailbox.put(mail(1, body="another mail with the same id"))
    assert mail_of_alert(mailbox.store, mailbox.account, mailbox.alerts()[0]) == raw


def test_a_rebuilt_folder_does_not_give_another_mail(mailbox: Any) -> None:
    mailbox.put(mail(1))
    mailbox.cycle()
    mailbox.server.set_uidvalidity(mailbox.user, "INBOX", 99_999)
    assert mail_of_alert(mailbox.store, mailbox.account, mailbox.alerts()[0]) == mail(1)
    mailbox.server.expunge(mailbox.user, "INBOX")
    with pytest.raises(NotFoundError, match="was deleted"):
        mail_of_alert(mailbox.store, mailbox.account, mailbox.alerts()[0])


def test_an_original_that_was_kept_needs_no_mailbox(mailbox: Any) -> None:
    mailbox.put(mail(1))
    mailbox.cycle(attach_original_eml=True)
    mailbox.server.expunge(mailbox.user, "INBOX")
    assert mail_of_alert(mailbox.store, mailbox.account, mailbox.alerts()[0]) == mail(1)
    assert list_emails(mailbox.store)[0].original_kept


def test_the_alert_of_an_attached_mail_gives_the_attached_mail(mailbox: Any) -> None:
    inner = mail(2, subject="inner")
    mailbox.put(with_attached(1, inner))
    mailbox.cycle(attached_mails="alerts")
    alert = next(one for one in mailbox.alerts() if one.title == "inner")
    assert parse(mail_of_alert(mailbox.store, mailbox.account, alert)).message_id == "<m2@example.org>"


def test_attachments_are_kept_with_the_alert_once(mailbox: Any) -> None:
    mailbox.put(with_files(1, a=b"one", b=b"two"))
    mailbox.cycle()
    (alert,) = mailbox.alerts()
    read = parse(mail_of_alert(mailbox.store, mailbox.account, alert))
    first = save_attachments(mailbox.store, alert.id, read, names=["A.PDF"], who="ann")
    second = save_attachments(mailbox.store, alert.id, read, who="ann")
    third = save_attachments(mailbox.store, alert.id, read, who="ann")
    assert [(one.name, one.new) for one in first.files] == [("a.pdf", True)]
    assert [(one.name, one.new) for one in second.files] == [("a.pdf", False), ("b.pdf", True)]
    assert not any(one.new for one in third.files)
    kept = mailbox.store.alerts.get(alert.id).event["saved_attachments"]
    assert {one["sha256"] for one in kept} == {hashlib.sha256(text).hexdigest() for text in (b"one", b"two")}
    assert mailbox.store.blobs.get(kept[0]["sha256"]) == b"one"
    wall = [one for one in mailbox.store.events.for_alert(alert.id) if one.kind == "attachments"]
    assert len(wall) == 2
    assert mailbox.store.check().ok
    assert list_emails(mailbox.store)[0].saved_attachments == 2


def test_a_mail_without_that_attachment_is_said_to_be_so(mailbox: Any) -> None:
    mailbox.put(with_files(1, a=b"one"))
    mailbox.cycle()
    with pytest.raises(NotFoundError, match=r"b\.pdf"):
        save_attachments(mailbox.store, mailbox.alerts()[0].id, parse(with_files(1, a=b"one")), names=["b.pdf"])
    with pytest.raises(NotFoundError, match="no alert"):
        save_attachments(mailbox.store, 4711, parse(with_files(1, a=b"one")))
