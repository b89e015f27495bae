"""One cycle over the folders of a mailbox."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.careful_login import open_carefully
from mailroom.connectors.mailbox.folder import RUN_KIND, FolderCycle, FolderReport
from mailroom.connectors.mailbox.settings import CONNECTOR, MailboxSettings
from mailroom.connectors.mailbox.taking import take_folder
from mailroom.connectors.report import IngestReport, Progress, silent
from mailroom.errors import (
    BusyError,
    InvalidInputError,
    LeaseLostError,
    MailroomError,
    NotFoundError,
    RateLimitError,
    StoreError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession
from mailroom.store import Store

log = logging.getLogger(__name__)

_PATIENCE = 10.0
"""Seconds of silence that end a connection however short the cycle is."""


@dataclass
class MailboxReport(IngestReport):
    """What one cycle did; each folder has a run of its own."""

    unmarked: int = 0
    """Mails stored that could not be marked as read; the next cycle tries again."""
    folders: list[FolderReport] = field(default_factory=list)

    @property
    def rebuilt(self) -> list[str]:
        """Folders whose UIDVALIDITY changed since the last cycle."""
        return [one.folder for one in self.folders if one.rebuilt]

    def add(self, one: FolderReport) -> None:
        """Count a folder in."""
        self.folders.append(one)
        self.fetched += one.fetched
        self.waiting += one.waiting
        self.unmarked += one.unmarked
        for state, number in one.counts.items():
            setattr(self, state, getattr(self, state) + number)


def ingest_mailbox(
    account: MailAccount,
    store: Store,
    settings: MailboxSettings,
    *,
    tenant: str = "",
    flow_run_id: str = "",
    owner: str = "",
    catch_up: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    progress: Progress = silent,
) -> MailboxReport:
    """Run one cycle of the mailbox connector.

    Effect: reads the mailbox and writes the store; afterwards marks what was stored as read, unless the settings say
    otherwise. Twice is harmless: the second cycle finds nothing new.

    Args:
        account: Which mailbox.
        store: Where the alerts go.
        settings: What to fetch.
        tenant: Name of the tenant in the store; the mailbox's address when empty.
        flow_run_id: Id of the flow run, kept with the counts.
        owner: Who holds the leases while the cycle runs; this process when empty.
        catch_up: Take everything there is, without limit on number and time.
        clock: Where time comes from.
        progress: Told how far each folder is.

    Returns:
        The counts of this cycle.

    Raises:
        BusyError: another worker is at one of the folders; the others were done.
        NotFoundError: a folder does not exist; the others were done.
        LeaseLostError: this worker slept so long that another one took over; nothing was written since.
        CredentialsError: the login was refused, now or within the last fifteen minutes.
        AccessError, TransientError, ResponseError: the mailbox could not be read; what was committed stays.
    """
    started = clock.monotonic()
    if catch_up:
        settings = dataclasses.replace(settings, max_per_cycle=0, time_limit=0.0)
    deadline = started + settings.time_limit if settings.time_limit else None
    names = folder_names(account, settings)
    report = MailboxReport()
    problems: list[MailroomError] = []
    with open_session(account, store, settings, clock) as session:
        faultpoint("mailbox.opened")
        left = settings.max_per_cycle
        names = in_order(session, store, names, tenant or account.address, account.name)
        for number, name in enumerate(names):
            most = share_of(settings, left, len(names) - number)
            try:
                one = _folder(session, account, store, settings, name, most, tenant=tenant or account.address,
                              flow_run_id=flow_run_id, owner=owner, clock=clock, deadline=deadline,
                              progress=progress)  # fmt: skip
            except (LeaseLostError, StoreError):
                raise
            except MailroomError as error:
                if not session.is_alive or isinstance(error, RateLimitError):
                    raise
                log.warning("folder %s: %s", name, error)
                problems.append(error)
                continue
            report.add(one)
            left -= one.fetched
            if deadline is not None and clock.monotonic() >= deadline:
                log.warning("the time limit of %.0f s is reached; the next cycle goes on", settings.time_limit)
                break
    faultpoint("mailbox.closed")
    report.seconds = clock.monotonic() - started
    if problems:
        raise next((one for one in problems if not isinstance(one, BusyError)), problems[0])
    return report


def folder_names(account: MailAccount, settings: MailboxSettings) -> tuple[str, ...]:
    """The folders of a cycle as people wrote them, each once."""
    names = tuple(dict.fromkeys(name.strip() for name in settings.folders or account.folders if name.strip()))
    if not names:
        raise InvalidInputError("no folder to read: write one, such as INBOX")
    return names


def open_session(account: MailAccount, store: Store, settings: MailboxSettings, clock: Clock) -> ImapSession:
    """Log in, not too often; a server that stays silent longer than the cycle may take is given up."""
    imap = account.need_imap()
    if settings.time_limit:
        imap = dataclasses.replace(imap, read_timeout=min(imap.read_timeout, max(settings.time_limit, _PATIENCE)))
    return open_carefully(account, store, clock=clock, imap=imap)


def share_of(settings: MailboxSettings, left: int, folders: int) -> int:
    """Most mails of the next folder, when so many are left for so many folders; 0: no limit."""
    return max(1, -(-left // folders)) if settings.max_per_cycle else 0


def in_order(session: ImapSession, store: Store, names: tuple[str, ...], tenant: str, mailbox: str) -> tuple[str, ...]:
    """Whose turn was longest ago comes first, so that no folder waits for ever when the time is never enough for all.

    Folders with a mail that failed, or that may have killed a process, delay nobody: they come last, until every other
    folder with work to do had a turn since theirs.
    """
    if len(names) == 1:
        return names
    turns: dict[str, int] = {}
    troubled: set[str] = set()
    for name in names:
        try:
            known = store.intake.generations(tenant, CONNECTOR, f"{mailbox}/{session.resolve(name)}")
        except NotFoundError:
            known = []
        last = store.intake.last_runs(RUN_KIND, known[-1].id, limit=1) if known else []
        turns[name] = last[0].id if last else 0
        if known and store.intake.in_trouble(RUN_KIND, known[-1].id):
            troubled.add(name)

    def put_off(name: str) -> bool:
        return name in troubled and any(turns[other] < turns[name] for other in names)

    return tuple(sorted(names, key=lambda name: (put_off(name), turns[name])))


def _folder(
    session: ImapSession, account: MailAccount, store: Store, settings: MailboxSettings, name: str, most: int, *,
    tenant: str, flow_run_id: str, owner: str, clock: Clock, deadline: float | None, progress: Progress,
) -> FolderReport:  # fmt: skip
    folder = session.resolve(name)
    status = session.open(folder, readonly=not settings.mark_as_read)
    if status.readonly and settings.mark_as_read:
        log.warning("%s can only be read: its mails are taken and stay unread", folder)
    cycle = FolderCycle(
        session, account, store, settings, tenant, folder, status, clock, deadline, flow_run_id, owner,
        lambda done, total: progress(folder, done, total),
    )  # fmt: skip
    return take_folder(cycle, most)
