"""The reply watcher of one mailbox: new mails become answers to the questions that are open.

One look:

1. what changed among the questions is taken over into memory;
2. per folder, the UIDs above the mark: header fields of all, whole mails only of those that may be an answer;
3. each is matched, classified and judged; answers, settled questions and the mark are written in one transaction;
4. questions about mails sent earlier get one look back;
5. questions whose deadline had passed when the look began are settled, now that everything before was read. Where
   something could not be read, they are settled `GRACE` later.

Nothing in the mailbox is changed. Killed anywhere, the next look begins at the mark. The caller holds the session and
decides when to look; IDLE may tell it that looking is worth while.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailroom.chunks import chunks
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.numbering import generation_of, went_back
from mailroom.connectors.replies_book import QuestionBook, keys_of
from mailroom.connectors.replies_finder import AnswerFinder
from mailroom.connectors.replies_judge import ENOUGH
from mailroom.errors import (
    InvalidInputError,
    MailroomError,
    NotFoundError,
    PermissionMissingError,
    RejectedError,
)
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FolderStatus, ImapSession
from mailroom.mail.imap.criteria import Since
from mailroom.mail.replies import QuestionIndex
from mailroom.redact import place_of
from mailroom.store import Store
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.wait_rows import NewAnswer, Wait

log = logging.getLogger(__name__)

CONNECTOR = "replies"
"""What the marks are filed under, in `sources`."""

GRACE = timedelta(hours=1)
"""Where the mailbox or a mail in it cannot be read, a question is settled as `no_answer` so long after its deadline:
whoever waits for it goes on at last. An answer that lies there unread is linked as a late one."""
_TRIED_FOR = timedelta(days=1)
"""How long a mail that cannot be read holds the mark back."""
_LOOK_BACK_AGAIN = timedelta(minutes=5)
"""Pause before another look back where some mail could not be read."""
_REFUSED = (NotFoundError, RejectedError, PermissionMissingError)
"""What a server says about one folder while it serves the others."""
_BATCH = 200
_BEFORE = timedelta(minutes=5)


@dataclass
class LookReport:
    """What one look did."""

    looked_at: int = 0
    """Header fields read."""
    fetched: int = 0
    """Whole mails read."""
    answers: int = 0
    """Rows written, whatever they count for."""
    settled: list[Wait] = field(default_factory=list)
    proven: set[int] = field(default_factory=set)
    """Actions whose mail must have been sent, because something refers to it."""
    problems: list[str] = field(default_factory=list)
    complete: bool = True
    """Whether everything was read in which an answer may be."""

    def as_dict(self) -> dict[str, object]:
        """Counts."""
        return {
            "looked_at": self.looked_at, "fetched": self.fetched, "answers": self.answers,
            "settled": [{"question": wait.id, "state": wait.state} for wait in self.settled],
            "problems": self.problems,
        }  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """One look, while it lasts."""

    session: ImapSession
    report: LookReport
    keeper: LeaseKeeper | None
    write: bool

    def keep(self) -> None:
        """Hold the mailbox's lease over a long look."""
        if self.keeper is not None:
            self.keeper.keep()


@dataclass
class _Read:
    """How far a folder has been read by this process."""

    source_id: int
    generation: str
    """Of the folder's numbering."""
    mark: int
    """What the store knows: everything up to here is settled."""
    upto: int
    """Everything up to here was read, except `again`."""
    again: set[int] = field(default_factory=set)
    """Mails that could not be read and are tried again."""
    uidnext: int = 0
    """Of the folder when it was read last."""


class ReplyWatcher:
    """Looks into one mailbox for answers. One at a time per mailbox; the lease sees to that."""

    def __init__(self, store: Store, account: MailAccount, *, tenant: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._account = account
        self._tenant = tenant
        self._clock = clock
        self.book = QuestionBook(store, account.name)
        self._finder = AnswerFinder(store, account, self.book)
        self._read: dict[tuple[str, int], _Read] = {}
        self._look_back_at: datetime | None = None

    @property
    def lease_name(self) -> str:
        """What the lease of this mailbox is called."""
        return f"replies:{self._account.name}"

    def look(self, session: ImapSession, keeper: LeaseKeeper | None = None, *, write: bool = True) -> LookReport:
        """One look at all folders. Effect: reads the mailbox; writes the store, unless `write` is off.

        A folder or a mail that the server does not give out holds up no other: it is a problem in the report.

        Args:
            session: Logged in.
            keeper: Of this mailbox's lease; without it nobody else may be looking.
            write: False only counts what would be found.

        Raises:
            TransientError: the connection was lost; what was committed stays.
            LeaseLostError: another watcher has taken over.
        """
        look = _Look(session, LookReport(), keeper, write)
        report = look.report
        began = self._store.waits.now()
        self.book.refresh()
        faultpoint("replies.refreshed")
        opened = list(self._new_mails_of_all(look))
        self._look_back(look, opened)
        report.problems += [
            f"question {known} was stored in form {form}; this version of Mailroom does not read it and leaves it alone"
            for known, form in sorted(self.book.foreign.items())
        ]
        if write and self.book.deadline_passed(began):
            report.settled += self._expire(began, complete=report.complete)
        return report

    def is_behind(self, status: FolderStatus) -> bool:
        """Whether mail came into a folder, just opened, since this watcher looked there."""
        known = self._read.get((status.name, status.uidvalidity))
        return known is None or status.uidnext > known.uidnext

    # -- inside ---------------------------------------------------------------------------------------------------

    def _expire(self, began: datetime, *, complete: bool) -> list[Wait]:
        if complete:
            return self._store.waits.expire(self._account.name, began)
        why = "the deadline passed, and not all of the mailbox could be read since: an answer may lie in it"
        return self._store.waits.expire(self._account.name, began - GRACE, why)

    def _new_mails_of_all(self, look: _Look) -> Iterator[FolderStatus]:
        """Read what is new in every folder; gives those that could be opened."""
        session, report = look.session, look.report
        for name in dict.fromkeys((*self._account.folders, *self.book.folders())):
            try:
                folder = session.resolve(name)
            except (NotFoundError, InvalidInputError) as error:  # what is not there holds no answer
                report.problems.append(str(error))
                continue
            try:
                status = session.open(folder)
                self._new_mails(look, status)
            except _REFUSED as error:
                report.problems.append(str(error))
                report.complete = False
                continue
            yield status

    def _new_mails(self, look: _Look, status: FolderStatus) -> None:
        known = self._known(look, status)
        if status.uidnext - 1 > known.mark:
            uids = [uid for uid in look.session.search(uid_from=known.mark + 1)
                    if uid > known.upto or uid in known.again]  # fmt: skip
            # A question is stored before it is sent, so whatever these mails answer is known to the store by now.
            self.book.refresh()
            for some in chunks(uids, _BATCH):
                self._new_batch(look, status, known, some)
            if look.write and not known.again and status.uidnext - 1 > known.mark:  # the last ones went away again
                known.mark = known.upto = status.uidnext - 1
                self._record(look, [], marks=[(known.source_id, known.mark)])
        if look.write:
            known.uidnext = status.uidnext
        look.report.complete &= not known.again

    def _new_batch(self, look: _Look, status: FolderStatus, known: _Read, uids: Sequence[int]) -> None:
        found, unread = self._answers_among(look, status, uids, self.book.index)
        if not look.write:
            look.report.answers += len(found)
            look.report.complete &= not unread
            return
        # What may be an answer and could not be read is tried again; the mails behind it are not held up.
        known.again = known.again.difference(uids).union(unread)
        known.upto = max(known.upto, uids[-1])
        known.mark = max(known.mark, min(known.again, default=known.upto + 1) - 1)
        self._record(look, found, marks=[(known.source_id, known.mark)])

    def _look_back(self, look: _Look, opened: Sequence[FolderStatus]) -> None:
        waits = self.book.to_scan()
        now = self._store.waits.now()
        if not waits:
            return
        if self._look_back_at is not None and now < self._look_back_at:
            look.report.complete = False
            return
        index = QuestionIndex.of(keys_of(wait) for wait in waits)
        since = min(wait.scan_from or wait.created_at for wait in waits)
        complete = look.report.complete
        for status in opened:
            look.session.open(status.name)
            uids = look.session.search(Since(since - _BEFORE), uid_to=max(1, status.uidnext - 1))
            for some in chunks(uids, _BATCH):
                found, unread = self._answers_among(look, status, some, index)
                complete &= not unread
                if look.write:
                    self._record(look, found)
                else:
                    look.report.answers += len(found)
        faultpoint("replies.looked_back")
        look.report.complete = complete
        self._look_back_at = None if complete else now + _LOOK_BACK_AGAIN
        if look.write and complete:
            self._record(look, [], scanned=[wait.id for wait in waits])
            self.book.refresh()

    def _record(
        self, look: _Look, found: Sequence[NewAnswer], *, marks: Sequence[tuple[int, int]] = (),
        scanned: Sequence[int] = (),
    ) -> None:  # fmt: skip
        report, lease = look.report, look.keeper.lease if look.keeper is not None else None
        look.keep()
        report.settled += self._store.waits.collect(found, marks=marks, scanned=scanned, lease=lease)
        report.answers += len(found)
        for one in found:
            wait = self.book.waits.get(one.wait_id)
            refers = one.score >= ENOUGH  # a subject is no secret
            if refers and wait is not None and wait.send_action_id is not None and not wait.sent_at:
                report.proven.add(wait.send_action_id)
        if found:
            self.book.refresh()

    def _answers_among(
        self, look: _Look, status: FolderStatus, uids: Sequence[int], index: QuestionIndex
    ) -> tuple[list[NewAnswer], list[int]]:
        """The answers, and the UIDs of young mails that may be answers and could not be read this time."""
        session, report = look.session, look.report
        generation = self._read[status.name, status.uidvalidity].generation
        light = session.fetch_light(uids)
        report.looked_at += len(light)
        look.keep()
        unread = self._headers_not_shown(look, status)
        wanted = [mail.uid for mail in light if self._finder.may_be_answer(mail, index)]
        found: list[NewAnswer] = []
        if not wanted:
            return found, unread
        failed: dict[int, str] = {}
        faultpoint("replies.before_fetch")
        for fetched in session.fetch_raw(wanted):
            report.fetched += 1
            key = f"{status.name}/{generation}/{fetched.uid}"
            try:
                found += self._finder.answers_in(fetched, key, index, keep=look.write)
            except (MailroomError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - a fault of ours over one mail must not hold up the others
                log.warning("UID %d of %s could not be judged: %s", fetched.uid, status.name, place_of(error))
                failed[fetched.uid] = f"{type(error).__name__} while it was read"
            look.keep()
        failed |= session.fetch_failures
        young = {mail.uid for mail in light if mail.internal_date > self._store.waits.now() - _TRIED_FOR}
        for uid, why in failed.items():
            again = "tried again at the next look" if uid in young else "given up: it is older than a day"
            report.problems.append(f"UID {uid} in {status.name} could not be read ({again}): {why}")
        return found, unread + [uid for uid in failed if uid in young]

    def _headers_not_shown(self, look: _Look, status: FolderStatus) -> list[int]:
        """The UIDs of young mails of which the server did not even show the header this time."""
        session = look.session
        if not (failures := session.light_failures):
            return []
        arrivals, youngest = session.fetch_arrivals(failures), self._store.waits.now() - _TRIED_FOR
        young = [uid for uid, arrived in arrivals.items() if arrived > youngest]
        for uid, why in failures.items():
            again = "tried again at the next look" if uid in young else "given up: not known to be younger than a day"
            look.report.problems.append(f"the header of UID {uid} in {status.name} could not be read ({again}): {why}")
        return young

    def _known(self, look: _Look, status: FolderStatus) -> _Read:
        """How far a folder has been read as it is numbered now."""
        known = self._read.get((status.name, status.uidvalidity))
        if known is not None and not went_back(look.session, status, known.upto):
            return known
        source_id, generation = self._source(look, status)
        mark = self._store.cursors.mark(source_id)
        if mark == 0 and self._store.cursors.get(source_id) is None:
            mark = self._first_mark(look.session, status)
            if look.write:  # answers that come when no question is open any more are late ones, not old mail
                self._record(look, [], marks=[(source_id, mark)])
        known = self._read[status.name, status.uidvalidity] = _Read(source_id, generation, mark, mark)
        return known

    def _source(self, look: _Look, status: FolderStatus) -> tuple[int, str]:
        """What the mark of a folder is filed under; 0 where a dry run finds nothing."""
        store, identity = self._store, (self._tenant, CONNECTOR, f"{self._account.name}/{status.name}")
        ids = {one.generation: one.id for one in store.intake.generations(*identity)}
        generation = generation_of(look.session, status, tuple(ids), lambda one: store.cursors.mark(ids[one]))
        if generation in ids:
            return ids[generation], generation
        if "." in generation:
            look.report.problems.append(
                f"{status.name} numbers its mails as it did before (restored from a backup?): it is read once more"
            )
        return (store.sources.ensure(*identity, generation).id if look.write else 0), generation

    def _first_mark(self, session: ImapSession, status: FolderStatus) -> int:
        """Where to begin in a folder seen for the first time (or numbered anew): before the oldest question.

        Those settled lately count as well: what came before anybody looked is a late answer.
        """
        self.book.refresh()  # the folder is open: what is in it cannot answer a question asked from now on
        asked = [wait.scan_from or wait.sent_at or wait.created_at for wait in self.book.waits.values()]
        if not asked:
            return status.uidnext - 1
        oldest: datetime = min(asked)
        uids = session.search(Since(oldest - _BEFORE))
        return uids[0] - 1 if uids else status.uidnext - 1
