"""A mail server whose time stands still, and a client that is not ours."""

from __future__ import annotations

import email
import email.policy
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from imapclient import IMAPClient

from sandbox.mail import MailServer

NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
SOC = "soc@northwind.example"
QUESTION = """Hello,

a message from "DHL Express" for you is being held.

Did you expect it? Please answer yes or no.

Your security team
"""


class Desk:
    """An analyst with a mail program."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.context = ssl.create_default_context(cafile=str(server.ca_file))
        self._count = 0

    def question(self, *to: str, subject: str = "Did you expect this? [#K7QX]", html: bool = True) -> EmailMessage:
        self._count += 1
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = f"Northwind SOC <{SOC}>"
        mail["To"] = ", ".join(to)
        mail["Subject"] = subject
        mail["Date"] = "Tue, 14 Jan 2025 09:30:00 +0000"
        mail["Message-ID"] = f"<question{self._count}@northwind.example>"
        mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        mail.set_content(QUESTION)
        if html:
            page = "".join(f"<p>{part}</p>" for part in QUESTION.strip().split("\n\n"))
            mail.add_alternative(f"<html><body>{page}</body></html>", subtype="html")
        return mail

    def ask(self, *to: str, **options: Any) -> str:
        """Send a question; its Message-ID."""
        mail = self.question(*to, **options)
        self.send(mail.as_bytes(), *to)
        return str(mail["Message-ID"])

    def read(self, raw: bytes) -> EmailMessage:
        """A mail as the standard library sees it."""
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def inbox(self, address: str = SOC) -> list[EmailMessage]:
        return [self.read(stored.raw) for stored in self.server.mails(address)]

    @contextmanager
    def smtp(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP(self.server.host, self.server.smtp_port, timeout=20) as client:
            client.starttls(context=self.context)
            client.login(SOC, self.server.passwords[SOC])
            yield client

    def send(self, raw: bytes, *to: str, sender: str = SOC) -> dict[str, Any]:
        with self.smtp() as client:
            return client.sendmail(sender, to, raw)

    @contextmanager
    def imap(self, address: str = SOC) -> Iterator[IMAPClient]:
        with IMAPClient(self.server.host, self.server.imaps_port, ssl_context=self.context, timeout=20) as client:
            client._imap.debug = 0
            client.login(address, self.server.passwords[address])
            yield client


@pytest.fixture
def desk_for() -> Iterator[Callable[..., Desk]]:
    with ExitStack() as stack:

        def start(**options: Any) -> Desk:
            server = MailServer(**{"now": NOW, "frozen": True, **options})
            stack.callback(server.close)
            return Desk(server.serve())

        yield start
