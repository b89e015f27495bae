"""A mailbox of one test on the real IMAP server, and mails to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from mailroom.mail.imap import ImapSession, ImapSettings


def written(number: int, **fields: Any) -> bytes:
    """A small mail; `files` are (name, content), headers as keywords, `html` beside the text."""
    files, html = fields.pop("files", ()), fields.pop("html", "")
    text = fields.pop("text", f"This is mail {number}.\n")
    mail = EmailMessage()
    known = {
        "From": f"Person {number} <p{number}@example.org>", "To": "soc@northwind.example", "Subject": f"Mail {number}",
        "Date": "Mon, 05 Jan 2026 08:00:00 +0000", "Message-ID": f"<m{number}@example.org>",
    }  # fmt: skip
    for name, value in (known | {name.replace("_", "-"): value for name, value in fields.items()}).items():
        if value:
            mail[name] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@dataclass
class Box:
    """One user of the server."""

    server: Any
    user: Any
    session: ImapSession

    def put(self, *mails: bytes, folder: str = "INBOX", read: bool = False, **options: Any) -> list[int]:
        flags = [b"\\Seen"] if read else []
        return list(self.server.append(self.user, folder, *mails, flags=flags, **options))

    def subjects(self, folder: str = "INBOX") -> list[str]:
        with self.server.client(self.user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["ENVELOPE"])
            return [found[uid][b"ENVELOPE"].subject.decode() for uid in sorted(found)]

    def flags(self, folder: str = "INBOX") -> dict[int, set[bytes]]:
        with self.server.client(self.user) as client:
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["FLAGS"])
            return {uid: set(data[b"FLAGS"]) - {b"\\Recent"} for uid, data in found.items()}


@pytest.fixture
def open_box(dovecot: Any) -> Iterator[Callable[..., Box]]:
    """Opens mailboxes; `hide` names capabilities the client shall not see."""
    with ExitStack() as stack:

        def make(server: Any = None, hide: tuple[str, ...] = ()) -> Box:
            server = server or dovecot
            user = server.new_user()
            settings = ImapSettings(
                host=server.host, port=server.imap_port, security="none", username=user.name, password=user.password,
                allow_plaintext=True,
            )  # fmt: skip
            session = stack.enter_context(ImapSession.open(settings))
            if hide:
                session._wire.capabilities = session._wire.capabilities - set(hide)
            return Box(server, user, session)

        yield make


@pytest.fixture
def box(open_box: Callable[..., Box]) -> Box:
    return open_box()


@pytest.fixture
def mail() -> Callable[..., bytes]:
    return written
