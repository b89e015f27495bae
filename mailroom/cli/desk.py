"""Where a command finds its tenant, store and policy: `mailroom.toml`, or the Prefect blocks of one name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailroom.cli import output

if TYPE_CHECKING:
    from mailroom.cli.settings import Settings
    from mailroom.connectors.held_settings import HeldSettings
    from mailroom.mail.account import MailAccount
    from mailroom.mimecast import MimecastClient
    from mailroom.playbooks.act import Desk
    from mailroom.playbooks.policy import Policy
    from mailroom.store import Store

_home: Path | None = None
_blocks = ""


def choose(*, home: Path | None, blocks: str) -> None:
    """Remember the options that stand before the command."""
    global _home, _blocks  # the process has exactly one command line
    _home, _blocks = home, blocks


@dataclass
class Here:
    """Everything a command may need, opened when it is first asked for."""

    settings: Settings
    blocks: str = ""

    @cached_property
    def store(self) -> Store:
        """The alert store."""
        if self.blocks:
            from blocks import AlertStore
            from blocks._load import load

            return load(AlertStore, self.blocks).get_store()
        return self.settings.open_store()

    @cached_property
    def client(self) -> MimecastClient:
        """The tenant."""
        if self.blocks:
            from blocks import MimecastCredentials
            from blocks._load import load

            return load(MimecastCredentials, self.blocks).get_client(on_wait=output.show_wait)
        return self.settings.open_client(on_wait=output.show_wait)

    @cached_property
    def account(self) -> MailAccount:
        """The mailbox; nothing is connected yet."""
        if self.blocks:
            from blocks import MailboxCredentials
            from blocks._load import load

            return load(MailboxCredentials, self.blocks).get_account(self.blocks)
        return self.settings.mail_account()

    @property
    def has_mailbox(self) -> bool:
        """A mailbox is configured, if only in part."""
        if self.blocks:
            from blocks import MailboxCredentials
            from blocks._load import exists

            return exists(MailboxCredentials, self.blocks)
        return self.settings.mailbox != type(self.settings.mailbox)()

    @property
    def has_tenant(self) -> bool:
        """A tenant is configured, if only in part."""
        if self.blocks:
            from blocks import MimecastCredentials
            from blocks._load import exists

            return exists(MimecastCredentials, self.blocks)
        return self.settings.mimecast != type(self.settings.mimecast)()

    @property
    def has_policy(self) -> bool:
        """There are rules to decide by; without Prefect always."""
        if not self.blocks:
            return True
        from blocks import TriagePolicy
        from blocks._load import exists

        return exists(TriagePolicy, self.blocks)

    def policy(self) -> Policy:
        """Rules, lists, modes and rails, read anew each time so that the kill switch works."""
        if self.blocks:
            from blocks import TriagePolicy
            from blocks._load import load

            return load(TriagePolicy, self.blocks).get_policy()
        from mailroom.cli.settings import load_settings

        return load_settings(self.settings.home).triage_policy()

    @property
    def tenant(self) -> str:
        """Name of the tenant in the store; empty = the account code."""
        return self.settings.held.tenant

    def held_settings(self, max_messages: int = -1) -> HeldSettings:
        """Settings of the held connector, with the command's own limit."""
        settings = self.settings.held_settings()
        return settings if max_messages < 0 else dataclasses.replace(settings, max_messages=max_messages)

    def desk(self) -> Desk:
        """What the playbooks act with."""
        from mailroom.playbooks.act import Desk

        return Desk(client=self.client, store=self.store, policy=self.policy)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("client", "store"):
            if name in self.__dict__:
                getattr(self, name).close()


@contextmanager
def opened() -> Iterator[Here]:
    """What this command works with; closed at its end."""
    from mailroom.cli.settings import load_settings

    here = Here(load_settings(_home), _blocks)
    try:
        yield here
    finally:
        here.close()
