"""One folder in one cycle: what is known of it, and what became of its mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mailroom.clock import Clock
from mailroom.connectors.mailbox.settings import MailboxSettings
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FolderStatus, ImapSession
from mailroom.store import Store

RUN_KIND = "ingest mailbox"

Watch = Callable[[int, int], None]
"""Called as `watch(done, total)` after each batch."""


@dataclass
class FolderReport:
    """What became of the mails of one folder."""

    folder: str
    run_id: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    unmarked: int = 0
    rebuilt: bool = False
    """The folder's UIDVALIDITY is another one than before."""

    @property
    def fetched(self) -> int:
        """Mails that got their final state."""
        return sum(self.counts.values())


@dataclass
class FolderCycle:
    """One open folder, and what a cycle may do in it."""

    session: ImapSession
    account: MailAccount
    store: Store
    settings: MailboxSettings
    tenant: str
    folder: str
    status: FolderStatus
    clock: Clock
    deadline: float | None
    flow_run_id: str = ""
    owner: str = ""
    watch: Watch = lambda _done, _total: None

    def out_of_time(self) -> bool:
        """The cycle has used up its time."""
        return self.deadline is not None and self.clock.monotonic() >= self.deadline
