"""Watching one mailbox for answers: once, or for as long as wanted.

After each look: mails that are not through yet, reminders, resumed runs.
The store says which questions are settled. A run that could not be resumed stays "to resume" and is tried again.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.careful_login import SendingPausedError, may_send, open_carefully
from mailroom.connectors.replies import GRACE, LookReport, ReplyWatcher
from mailroom.effects.look_up_mail import proven_sent
from mailroom.effects.mail_outcome import SEND_MAIL, given_id_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import (
    AccessError,
    CredentialsError,
    MailroomError,
    NotFoundError,
    NotOfferedError,
    RateLimitError,
    RejectedError,
    ResponseError,
    StoreError,
    StoreUnavailableError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.compose import OutgoingMail, question_headers
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.mail.imap.listening import listen
from mailroom.playbooks.sending import next_try, note_server
from mailroom.playbooks.sending_on import SENDING_SECONDS, SendingOn
from mailroom.store import Store
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.wait_rows import Wait

log = logging.getLogger(__name__)

POLL_SECONDS = 15.0
"""Longest time between two looks of the service; IDLE makes it look sooner."""
_LONGEST_REST = 900.0
"""Seconds that a server is left alone at most when it says that it is asked too often."""
_FIRST_STORE_PAUSE, _LONGEST_STORE_PAUSE = 5.0, 300.0
"""Seconds between two tries of a store that is away."""
_LOOKS_IN_A_ROW = 5
"""Looks for mail that came meanwhile; then the server is asked to tell of the next one."""
_UNREADABLE = (AccessError, TransientError, ResponseError, RejectedError, NotOfferedError, NotFoundError)

Resume = Callable[[Wait], "bool | str"]
"""Resumes the run behind a settled question. True: done. False: there is no such run any more, stop trying.
A text: not now, and why; tried again at the next look."""

Handle = Callable[[Store, str], int]
"""Makes use of settled questions of a mailbox for which no run waits; returns of how many. Harmless twice."""


@dataclass
class WatchReport:
    """What watching did."""

    looks: int = 0
    looked_at: int = 0
    fetched: int = 0
    answers: int = 0
    answered: int = 0
    no_answer: int = 0
    undeliverable: int = 0
    reminders: int = 0
    tried_again: int = 0
    """Mails to people who had refused the question for now."""
    resumed: int = 0
    handled: int = 0
    """Settled questions that were made use of without a run."""
    to_resume: int = 0
    open: int = 0
    problems: list[str] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)

    def add(self, look: LookReport) -> None:
        """One more look."""
        self.looks += 1
        self.looked_at += look.looked_at
        self.fetched += look.fetched
        self.answers += look.answers
        self.count(look.settled)
        self.problems = list(look.problems)

    def count(self, settled: Iterable[Wait]) -> None:
        """Questions that are settled now."""
        for wait in settled:
            self.settled.append(wait.id)
            if wait.state in {"answered", "no_answer", "undeliverable"}:
                setattr(self, wait.state, getattr(self, wait.state) + 1)

    def as_dict(self) -> dict[str, object]:
        """Counts and ids; nothing that anybody wrote."""
        return dict(self.__dict__)


def watch_once(
    store: Store, account: MailAccount, *, tenant: str = "", resume: Resume | None = None,
    handlers: Sequence[Handle] = (), dry_run: bool = False, clock: Clock = SYSTEM_CLOCK,
) -> WatchReport:  # fmt: skip
    """Look once into every folder, then send reminders and resume runs.

    Effect: reads the mailbox, writes the store, may send reminders. Twice is harmless.

    Args:
        store: Whose questions.
        account: The mailbox.
        tenant: For the store.
        resume: Resumes the run of a settled question.
        handlers: Make use of settled questions for which no run waits.
        dry_run: Only say what would be found; nothing is written, sent or resumed.
        clock: For dates.

    Raises:
        BusyError: another watcher looks after this mailbox.
        TransientError: the mailbox cannot be read now.
        CredentialsError: the login was refused, now or within the last fifteen minutes.
    """
    round_ = _Round(store, account, tenant, resume, clock, handlers)
    if dry_run:
        with open_carefully(account, store, clock=clock) as session:
            round_.report.add(round_.watcher.look(session, write=False))
        return round_.report
    lease = store.leases.acquire(round_.watcher.lease_name)
    keeper = LeaseKeeper(store.leases, lease, clock)
    try:
        try:
            with open_carefully(account, store, clock=clock) as session:
                round_.look(session, keeper)
        except _UNREADABLE as error:
            round_.without_mailbox(keeper, error)
            raise
        round_.afterwards(keeper)
        return round_.report
    finally:
        store.leases.release(lease)


def watch(
    store: Store,
    account: MailAccount,
    *,
    tenant: str = "",
    resume: Resume | None = None,
    handlers: Sequence[Handle] = (),
    stop: Callable[[], bool] = lambda: False,
    seconds: float | None = None,
    poll_seconds: float = POLL_SECONDS,
    on_look: Callable[[WatchReport], None] = lambda _report: None,
    clock: Clock = SYSTEM_CLOCK,
) -> WatchReport:
    """Look whenever the server says that something happened, and every `poll_seconds`, until told to stop.

    One IMAP connection, however many questions are open. A lost connection is opened again, also where the server
    refuses for a while the login that worked before; one that says "not now", or what nobody understands, is asked
    again at the next look. A store that is away, locked or full after a first look is tried again after longer and
    longer, up to five minutes; nothing is lost meanwhile, because the mailbox keeps the mails.

    Effect as `watch_once`.

    Args:
        store: Whose questions.
        account: The mailbox.
        tenant: For the store.
        resume: Resumes the run of a settled question.
        handlers: Make use of settled questions for which no run waits.
        clock: For dates.
        stop: Asked after each look.
        seconds: Stop after so long.
        poll_seconds: Longest time between two looks.
        on_look: Told after each look.

    Raises:
        BusyError: another watcher looks after this mailbox.
        LeaseLostError: another watcher took over while this machine slept, or while the store was away.
        CredentialsError: the first login was refused, now or within the last fifteen minutes.
        StoreUnavailableError: the store cannot be used, and could not from the beginning.
        MailroomError: anything else that waiting does not mend, such as no such folder.
    """
    round_ = _Round(store, account, tenant, resume, clock, handlers)
    ends = clock.monotonic() + seconds if seconds is not None else None

    def over() -> bool:
        keeper.keep()  # also while the server is away: others would take over, and could read no more
        return (ends is not None and clock.monotonic() >= ends) or stop()

    was_in = False

    def connect(imap: ImapSettings, now: Clock) -> ImapSession:
        nonlocal was_in
        try:
            session = open_carefully(account, store, clock=now, imap=imap)
        except _UNREADABLE as error:
            round_.without_mailbox(keeper, error)
            if was_in and isinstance(error, CredentialsError):  # the store sees to it that it is not tried too often
                raise TransientError(str(error)) from error
            raise
        was_in = True
        return session

    def look_until_over() -> None:
        left = poll_seconds if ends is None else max(0.05, min(poll_seconds, ends - clock.monotonic()))
        hints = listen(
            account.need_imap(), account.folders[0], clock=clock, stop=over, restart_after=left,
            connect=connect,
        )  # fmt: skip
        resting_until = 0.0
        for _, session in hints:
            keeper.keep()
            if clock.monotonic() < resting_until:
                continue
            try:
                for _ in range(_LOOKS_IN_A_ROW):
                    round_.look(session, keeper)
                    round_.afterwards(keeper)
                    if over() or not round_.more_came(session):
                        break
            except (TransientError, ResponseError, CredentialsError) as error:  # a session that lives is asked again
                log.warning("the mailbox could not be read to the end: %s", error)
                round_.without_mailbox(keeper, error)
                asked_for = error.retry_after if isinstance(error, RateLimitError) else 0.0
                resting_until = clock.monotonic() + min(asked_for, _LONGEST_REST)
            on_look(round_.report)
            if over():
                break

    lease = store.leases.acquire(round_.watcher.lease_name)
    keeper = LeaseKeeper(store.leases, lease, clock)
    pause, looks = _FIRST_STORE_PAUSE, 0
    try:
        while True:
            try:
                look_until_over()
            except StoreUnavailableError as error:
                if not round_.report.looks:
                    raise
                pause = _FIRST_STORE_PAUSE if round_.report.looks > looks else min(2 * pause, _LONGEST_STORE_PAUSE)
                looks = round_.report.looks
                log.warning("the store is away: %s Again in %.0f s.", error, pause)
            else:
                return round_.report
            if _rest(clock, pause, ends, stop):
                return round_.report
            # What it had read and not stored is looked at again.
            round_ = _Round(store, account, tenant, resume, clock, handlers, round_.report)
    finally:
        with suppress(StoreError):  # it expires, then
            store.leases.release(lease)


def _rest(clock: Clock, seconds: float, ends: float | None, stop: Callable[[], bool]) -> bool:
    """Wait; True at once when it is over. A `stop` that needs the store as well cannot say so."""
    until = clock.monotonic() + seconds
    while (now := clock.monotonic()) < until:
        if ends is not None and now >= ends:
            return True
        with suppress(StoreUnavailableError):
            if stop():
                return True
        clock.sleep(min(1.0, until - now))
    return False


def cancel(store: Store, wait_id: int, why: str, resume: Resume | None = None) -> Wait:
    """Stop waiting for an answer; its run goes on with the outcome `cancelled`. Twice is harmless."""
    wait = store.waits.cancel(wait_id, why)
    if resume is not None and wait.state == "cancelled":
        resume_settled(store, None, resume)
    return store.waits.get(wait_id)


def resume_settled(
    store: Store, mailbox: str | None, resume: Resume, keep: Callable[[], None] = lambda: None
) -> tuple[int, int]:
    """Resume the runs of settled questions; returns (resumed or given up, still to be resumed)."""
    done, not_now = 0, dict[int, str]()
    settled = store.waits.to_resume(mailbox)
    try:
        for wait in settled:
            keep()
            try:
                said = resume(wait)
            except TransientError as error:  # Prefect does not answer: the others would wait for the same
                not_now[wait.id] = str(error)
                break
            except MailroomError as error:
                said = str(error)
            faultpoint("replies.resumed")
            if isinstance(said, str):
                not_now[wait.id] = said
            else:
                store.waits.resumed(wait.id, "" if said else "its run no longer exists; the outcome is kept here")
                done += 1
    finally:
        store.waits.not_resumed(not_now)
    return done, len(settled) - done


class _Round:
    """What one watcher needs from look to look."""

    def __init__(
        self, store: Store, account: MailAccount, tenant: str, resume: Resume | None, clock: Clock,
        handlers: Sequence[Handle], report: WatchReport | None = None,
    ) -> None:  # fmt: skip
        self._handlers = handlers
        self._store, self._account, self._resume, self._clock = store, account, resume, clock
        self.watcher = ReplyWatcher(store, account, tenant=tenant, clock=clock)
        self.report = report or WatchReport()
        self._sending = SendingOn(store, account, self.watcher.book, clock)

    def look(self, session: ImapSession, keeper: LeaseKeeper) -> None:
        found = self.watcher.look(session, keeper)
        self.report.add(found)
        proven_sent(self._store, found.proven, "an answer or a bounce refers to it")
        self._sending.were_sent(found.proven)
        self.report.open = len(self.watcher.book.open_waits()) if self.report.looks == 1 else self.report.open

    def more_came(self, session: ImapSession) -> bool:
        """Whether mail came into the first folder while others were open: no hint will tell of it."""
        try:
            first = session.open(session.resolve(self._account.folders[0]))
        except (NotFoundError, RejectedError):  # the look has said so
            return False
        return self.watcher.is_behind(first)

    def afterwards(self, keeper: LeaseKeeper) -> None:
        sent, problems = self._sending.go_on(keeper.keep)
        self.report.tried_again += sent
        self.report.problems += problems
        self._remind(keeper)
        self._go_on(keeper)

    def without_mailbox(self, keeper: LeaseKeeper, error: MailroomError) -> None:
        """It cannot be read now: settle what has been overdue for `GRACE`; the runs of settled questions go on."""
        self.report.problems = [f"the mailbox could not be read: {error}"]
        why = "the deadline passed, and the mailbox could not be read since: an answer may lie in it"
        overdue = self._store.waits.expire(self._account.name, self._store.waits.now() - GRACE, why)
        self.report.count(overdue)
        self._go_on(keeper)

    def _go_on(self, keeper: LeaseKeeper) -> None:
        for handle in self._handlers:  # before the runs: they read what came of it
            try:
                self.report.handled += handle(self._store, self._account.name)
            except MailroomError as error:
                self.report.problems.append(f"settled questions could not be made use of: {error}")
            faultpoint("replies.handled")
            keeper.keep()
        if self._resume is not None:
            resumed, waiting = resume_settled(self._store, self._account.name, self._resume, keeper.keep)
            self.report.resumed += resumed
            self.report.to_resume = waiting

    def _remind(self, keeper: LeaseKeeper) -> None:
        tried, until = 0, self._clock.monotonic() + SENDING_SECONDS
        for wait in self.watcher.book.due_reminders(self._store.waits.now()):
            if tried and self._clock.monotonic() >= until:
                break
            keeper.keep()
            try:
                sent = remind(self._store, self._account, wait.id)
                self.report.reminders += sent
                tried += sent
            except SendingPausedError as error:
                self.report.problems.append(f"reminders wait: {error}")
                break
            except MailroomError as error:
                self.report.problems.append(f"the reminder of question {wait.id} was not sent: {error}")
                tried += 1


def _sent_lately(wait: Wait, now: datetime) -> int:
    """Mails of this question that were due within the last hour."""
    began = wait.sent_at or wait.created_at
    sent = (began, *(began + timedelta(seconds=one) for one in wait.reminders[: wait.reminded]))
    return sum(now - when < timedelta(hours=1) for when in sent)


def remind(store: Store, account: MailAccount, wait_id: int) -> int:
    """Ask those again who have not answered, once per reminder; returns how many mails went out (0 or 1).

    Effect: sends mail, through the ledger. Killed in between, it is not sent twice.
    """
    wait, now = store.waits.get(wait_id), store.waits.now()
    # After a pause several may be due; one mail is enough.
    due = sum(wait.sent_at + timedelta(seconds=one) <= now for one in wait.reminders) if wait.sent_at else 0
    number = max(wait.reminded + 1, due)
    silent = [
        row["recipient"] for row in store.waits.progress(wait).recipients if row["status"] in {"pending", "auto_reply"}
    ]
    if not wait.is_open or wait.deadline <= now or number > len(wait.reminders) or not silent:
        store.waits.reminded(wait_id, number)
        return 0
    key = f"{wait.key}/reminder/{number}"
    message_id = f"<{uuid.uuid5(uuid.NAMESPACE_URL, key).hex}@{account.domain}>"
    store.waits.add_message_id(wait_id, message_id)
    refused_for_now = store.ledger.find(wait.tenant, kinds=(SEND_MAIL,), states=("not_applied",), target=message_id)
    if (due_at := next_try(refused_for_now)) is not None and due_at > now:
        return 0
    mail = OutgoingMail(
        sender=account.sender, to=tuple(silent), subject=f"Reminder: {wait.subject}",
        text=str(wait.question.get("text", "")), html=str(wait.question.get("html", "")), message_id=message_id,
        in_reply_to=wait.message_ids[0], references=(wait.message_ids[0],), headers=question_headers("question"),
    )  # fmt: skip
    may_send(account, store)
    sent = send_once(store, account, mail, key=key, digest=key, tenant=wait.tenant, alert_id=wait.alert_id,
                     requested_by="replies", sent_in_thread=_sent_lately(wait, now))  # fmt: skip
    note_server(store, account, sent)
    if given := given_id_of(store.ledger.get(sent.action_id)):  # the answers will name it
        store.waits.add_message_id(wait_id, given)
    faultpoint("replies.reminded")
    if sent.state in {"not_applied", "sending"}:
        raise TransientError(sent.detail)
    store.waits.reminded(wait_id, number)
    return int(sent.sent_now)
