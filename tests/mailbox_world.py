"""A mailbox of one test on the real IMAP server, a store, and cycles of the connector between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from mailroom.connectors.mailbox import MailboxReport, MailboxSettings, Preview, ingest_mailbox, preview_mailbox
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSettings
from mailroom.store import Store
from mailroom.store.schema import alerts, cursors, items

TABLES = (items, alerts, cursors)


def mail(number: int, *, subject: str = "", sender: str = "", body: str = "", **headers: str) -> bytes:
    """A small mail that differs from every other number; a header given as an empty text is left out."""
    message = EmailMessage()
    given = {
        "From": sender or f"Person {number} <p{number}@example.org>", "To": "soc@northwind.example",
        "Subject": subject or f"Mail {number}", "Date": "Mon, 05 Jan 2026 08:00:00 +0000",
        "Message-ID": f"<m{number}@example.org>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    for name, value in given.items():
        if value:
            message[name] = value
    message.set_content(body or f"This is mail {number}.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def with_attached(number: int, inner: bytes) -> bytes:
    """A mail with another mail attached."""
    return (
        f"From: p{number}@example.org\r\nTo: soc@northwind.example\r\nSubject: Look at this {number}\r\n"
        f"Message-ID: <m{number}@example.org>\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n'
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    ).encode() + inner + b"\r\n--b--\r\n"  # fmt: skip


def account_of(server: Any, user: Any, port: int = 0, **options: Any) -> MailAccount:
    """The account of a user of the test server, without TLS."""
    imap = ImapSettings(
        host=server.host, port=port or server.imap_port, security="none", username=user.name, password=user.password,
        allow_plaintext=True, **options,
    )  # fmt: skip
    return MailAccount("soc", user.address, imap, None)


@dataclass
class Mailbox:
    """One user, one store."""

    server: Any
    user: Any
    account: MailAccount
    store: Store

    def put(
        self, *mails: bytes, folder: str = "INBOX", read: bool = False, arrived: datetime | None = None
    ) -> list[int]:
        """Lay mails into a folder; their UIDs."""
        flags = [b"\\Seen"] if read else []
        return list(self.server.append(self.user, folder, *mails, flags=flags, internal_date=arrived))

    def cycle(self, catch_up: bool = False, **settings: Any) -> MailboxReport:
        """One cycle."""
        given = {"indicators": False} | settings
        return ingest_mailbox(self.account, self.store, MailboxSettings(**given), catch_up=catch_up)

    def preview(self, **settings: Any) -> list[Preview]:
        """A dry run."""
        return preview_mailbox(self.account, self.store, MailboxSettings(**{"indicators": False} | settings))

    def flags(self, folder: str = "INBOX") -> dict[int, set[bytes]]:
        """UID -> flags, as the server has them."""
        with self.server.client(self.user) as client:
            client.select_folder(folder, readonly=True)
            uids, found = client.search(), {}
            for start in range(0, len(uids), 4_000):  # Dovecot takes no longer lines
                found.update(client.fetch(uids[start : start + 4_000], ["FLAGS"]))
            return {uid: set(data[b"FLAGS"]) - {b"\\Recent"} for uid, data in found.items()}

    def unread(self, folder: str = "INBOX") -> list[int]:
        """UIDs of unread mails."""
        return sorted(uid for uid, flags in self.flags(folder).items() if b"\\Seen" not in flags)

    def alerts(self) -> list[Any]:
        """All alerts, oldest first."""
        return self.store.alerts.list(limit=100_000, after_id=0)

    def states(self) -> dict[str, str]:
        """External key -> state, of every item."""
        query = select(items.c.external_key, items.c.state)
        return dict(self.store.db.read(lambda tx: [tuple(row) for row in tx.execute(query.order_by(items.c.id))]))

    def content(self) -> dict[str, list[Any]]:
        """Everything a cycle with nothing to do must leave as it is."""
        return {
            table.name: list(self.store.db.rows(select(table).order_by(*table.primary_key.columns))) for table in TABLES
        }
