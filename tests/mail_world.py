"""A mail server with people in it, a store and two blocks of one name: what asking by mail needs, once per test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from blocks import AlertStore, MailboxCredentials
from mailroom.mail.account import MailAccount, account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.question import Question, Waiting
from mailroom.store import Store
from sandbox.mail import Habit, MailServer
from tasks import _open

SOC = "soc@northwind.example"
AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
EVE = "grace.whitfield@northwind.example"


@dataclass
class MailWorld:
    """One mailbox with its store; `name` is the name of all its blocks."""

    name: str
    mail: MailServer
    folder: Path

    def fields(self, **changes: Any) -> AccountFields:
        known = {
            "address": SOC, "password": self.mail.passwords[SOC], "imap_host": self.mail.host,
            "imap_port": self.mail.imaps_port, "smtp_host": self.mail.host, "smtp_port": self.mail.smtps_port,
            "ca_bundle": str(self.mail.ca_file),
        }  # fmt: skip
        return AccountFields(**(known | changes))

    def account(self, **changes: Any) -> MailAccount:
        return account_from(self.name, self.fields(**changes))

    @property
    def names(self) -> dict[str, str]:
        """The blocks, as parameters of every flow."""
        return {"mailbox": self.name, "store": self.name}

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store.db'}"

    def save_blocks(self) -> None:
        known = self.fields()
        MailboxCredentials(
            address=known.address, password=SecretStr(known.password), imap_host=known.imap_host,
            imap_port=known.imap_port, smtp_host=known.smtp_host, smtp_port=known.smtp_port, ca_bundle=known.ca_bundle,
        ).save(self.name, overwrite=True, _sync=True)  # type: ignore[call-arg]  # fmt: skip
        AlertStore(url=self.store_url).save(self.name, overwrite=True, _sync=True)  # type: ignore[call-arg]
        _open.close_all()

    @contextlib.contextmanager
    def opened(self) -> Iterator[Store]:
        with Store.open(self.store_url, blobs=self.folder / "blobs") as store:
            yield store

    @contextlib.contextmanager
    def desk(self, **changes: Any) -> Iterator[PostDesk]:
        with self.opened() as store:
            yield PostDesk(store, self.account(**changes))

    def sent(self) -> list[str]:
        """Message-IDs of what the server was handed by us, in order."""
        return [_message_id(handed.raw) for handed in self.mail.sent]


def question(*to: str, **options: Any) -> Question:
    """A question to these people; options of `Waiting`, and of `Question`."""
    own = {name: options.pop(name) for name in ("cc", "bcc", "reminders", "reference_in") if name in options}
    limit = {"time_limit": timedelta(seconds=options.pop("seconds"))} if "seconds" in options else {}
    return Question(
        to=to or (AMY,), subject="Did you expect this mail?", text="Please tell us.",
        waiting=Waiting(**limit, **options), **own,
    )  # fmt: skip


@contextlib.contextmanager
def mail_world(name: str, folder: Path, people: Mapping[str, Habit], **options: Any) -> Iterator[MailWorld]:
    """A mail server on loopback whose people have these habits."""
    folder.mkdir(parents=True, exist_ok=True)
    with MailServer(people=people, **options).serve() as mail:
        yield MailWorld(name, mail, folder)


def _message_id(raw: bytes) -> str:
    for line in raw.replace(b"\r\n ", b" ").split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    return ""
