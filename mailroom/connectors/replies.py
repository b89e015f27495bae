"""The reply watcher of one mailbox: new mails become answers to the questions that are open.

One look:

1. what changed among the questions is taken over into memory;
2. per folder, the UIDs above the mark: header fields of all, whole mails only of those that may be an answer;
3. each is matched, classified and judged; answers, settled questions and the mark are written in one transaction;
4. questions about mails sent earlier get one look back;
5. questions whose deadline had passed when the look began are settled, now that everything before was read.

Nothing in the mailbox is changed. Killed anywhere, the next look begins at the mark. The caller holds the session and
decides when to look; IDLE may tell it that looking is worth while.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.replies_book import QuestionBook, keys_of
from mailroom.connectors.replies_judge import bounced, judge
from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FetchedMail, FolderStatus, ImapSession, LightMail
from mailroom.mail.imap.criteria import Since
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse_safely
from mailroom.mail.replies import Match, QuestionIndex, classify, facts_of_header, match
from mailroom.store import Store
from mailroom.store.leases import Lease
from mailroom.store.wait_rows import NewAnswer, Wait

log = logging.getLogger(__name__)

CONNECTOR = "replies"
"""What the marks are filed under, in `sources`."""

_TRIED_FOR = timedelta(days=1)
"""How long a mail that cannot be read holds the mark back."""
_BATCH = 200
_BEFORE = timedelta(minutes=5)
_REPORTS = (b"multipart/report", b"x-failed-recipients:", b"mailer-daemon", b"postmaster@", b"return-path: <>")


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

    def as_dict(self) -> dict[str, object]:
        """Counts."""
        return {
            "looked_at": self.looked_at, "fetched": self.fetched, "answers": self.answers,
            "settled": [{"question": wait.id, "state": wait.state} for wait in self.settled],
            "problems": self.problems,
        }  # fmt: skip


class ReplyWatcher:
    """Looks into one mailbox for answers. One at a time per mailbox; the lease sees to that."""

    def __init__(self, store: Store, account: MailAccount, *, tenant: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._account = account
        self._tenant = tenant
        self._clock = clock
        self.book = QuestionBook(store, account.name)
        self._marks: dict[tuple[str, int], tuple[int, int]] = {}

    @property
    def lease_name(self) -> str:
        """What the lease of this mailbox is called."""
        return f"replies:{self._account.name}"

    def look(self, session: ImapSession, lease: Lease | None = None, *, write: bool = True) -> LookReport:
        """One look at all folders. Effect: reads the mailbox; writes the store, unless `write` is off.

        Raises:
            TransientError: the connection was lost; what was committed stays.
            LeaseLostError: another watcher has taken over.
        """
        report = LookReport()
        began = self._store.waits.now()
        self.book.refresh()
        faultpoint("replies.refreshed")
        opened: list[FolderStatus] = []
        for name in dict.fromkeys((*self._account.folders, *self.book.folders())):
            try:
                status = session.open(session.resolve(name))
            except NotFoundError as error:
                report.problems.append(str(error))
                continue
            opened.append(status)
            self._new_mails(session, status, report, lease, write=write)
        self._look_back(session, opened, report, lease, write=write)
        report.problems += [
            f"question {known} was stored in form {form}; this version of Mailroom does not read it and leaves it alone"
            for known, form in sorted(self.book.foreign.items())
        ]
        if write and self.book.deadline_passed(began):
            report.settled += self._store.waits.expire(self._account.name, began)
        return report

    def is_behind(self, status: FolderStatus) -> bool:
        """Whether a folder, just opened, holds mails this watcher has not looked at."""
        known = self._marks.get((status.name, status.uidvalidity))
        return known is None or status.uidnext - 1 > known[1]

    # -- inside ---------------------------------------------------------------------------------------------------

    def _new_mails(
        self, session: ImapSession, status: FolderStatus, report: LookReport, lease: Lease | None, *, write: bool
    ) -> None:
        source_id, mark = self._mark(session, status, lease, write=write)
        if status.uidnext - 1 <= mark:
            return
        uids = session.search(uid_from=mark + 1)
        # A question is stored before it is sent, so whatever these mails answer is known to the store by now.
        self.book.refresh()
        stuck = 0
        for start in range(0, len(uids), _BATCH):
            batch = uids[start : start + _BATCH]
            found, unread = self._answers_among(session, status, batch, self.book.index, report, keep=write)
            if not write:
                report.answers += len(found)
                continue
            # What may be an answer and could not be read is tried again; the mails behind it are not held up.
            stuck = min((*unread, *((stuck,) if stuck else ())), default=0)
            mark = max(mark, min(batch[-1], stuck - 1) if stuck else batch[-1])
            self._record(found, [(source_id, mark)], (), report, lease)
        if write:
            if status.uidnext - 1 > mark and not uids:  # what came went away again
                mark = status.uidnext - 1
                self._store.waits.collect([], marks=[(source_id, mark)], lease=lease)
            self._marks[status.name, status.uidvalidity] = (source_id, mark)

    def _look_back(
        self, session: ImapSession, opened: Sequence[FolderStatus], report: LookReport, lease: Lease | None, *,
        write: bool,
    ) -> None:  # fmt: skip
        waits = self.book.to_scan()
        if not waits:
            return
        index = QuestionIndex.of(keys_of(wait) for wait in waits)
        since = min(wait.scan_from or wait.created_at for wait in waits)
        found: list[NewAnswer] = []
        for status in opened:
            session.open(status.name)
            uids = session.search(Since(since - _BEFORE), uid_to=max(1, status.uidnext - 1))
            for start in range(0, len(uids), _BATCH):
                batch = uids[start : start + _BATCH]
                found += self._answers_among(session, status, batch, index, report, keep=write)[0]
        faultpoint("replies.looked_back")
        if write:
            self._record(found, (), [wait.id for wait in waits], report, lease)
            self.book.refresh()
        else:
            report.answers += len(found)

    def _record(
        self, found: Sequence[NewAnswer], marks: Sequence[tuple[int, int]], scanned: Sequence[int],
        report: LookReport, lease: Lease | None,
    ) -> None:  # fmt: skip
        report.settled += self._store.waits.collect(found, marks=marks, scanned=scanned, lease=lease)
        report.answers += len(found)
        for one in found:
            wait = self.book.waits.get(one.wait_id)
            if wait is not None and wait.send_action_id is not None and not wait.sent_at:
                report.proven.add(wait.send_action_id)
        if found:
            self.book.refresh()

    def _answers_among(
        self, session: ImapSession, status: FolderStatus, uids: Sequence[int], index: QuestionIndex,
        report: LookReport, *, keep: bool,
    ) -> tuple[list[NewAnswer], list[int]]:  # fmt: skip
        """The answers, and the UIDs of young mails that may be answers and could not be read this time."""
        light = session.fetch_light(uids)
        report.looked_at += len(light)
        wanted = [mail.uid for mail in light if self._may_be_answer(mail, index)]
        found: list[NewAnswer] = []
        unread: list[int] = []
        if wanted:
            young = {mail.uid for mail in light if mail.internal_date > self._store.waits.now() - _TRIED_FOR}
            faultpoint("replies.before_fetch")
            for fetched in session.fetch_raw(wanted):
                report.fetched += 1
                key = f"{status.name}/{status.uidvalidity}/{fetched.uid}"
                found += self._judged(fetched, key, index, keep=keep)
            for uid, why in session.fetch_failures.items():
                again = "tried again at the next look" if uid in young else "given up: it is older than a day"
                report.problems.append(f"UID {uid} in {status.name} could not be read ({again}): {why}")
                unread += [uid] if uid in young else []
        return found, unread

    def _may_be_answer(self, mail: LightMail, index: QuestionIndex) -> bool:
        """Also reports of any kind: what they are about stands in their body."""
        facts = facts_of_header(mail.header, gmail_thread=mail.gmail_thread)
        if match(facts, index, by_subject=True):
            return True
        head = mail.header.lower()
        return len(index) > 0 and any(sign in head for sign in _REPORTS)

    def _judged(self, fetched: FetchedMail, key: str, index: QuestionIndex, *, keep: bool) -> Iterator[NewAnswer]:
        mail = parse_safely(fetched.raw, internal_date=fetched.internal_date, truncated=fetched.truncated)
        matches = match(mail, index, by_subject=True)
        if not matches:
            return
        meant, ambiguous = self._meant(matches)
        for wait, one in meant:
            kind = classify(mail, own_addresses=self._account.own_addresses, question_sent_at=wait.sent_at)
            if kind.kind == "own":
                continue
            keep_it = keep and not fetched.truncated
            sha256 = self._store.blobs.put(fetched.raw) if keep_it else mail.sha256
            answer = judge(mail, fetched, key, wait, one, kind, self._account, sha256)
            if ambiguous and answer.accepted:
                answer = replace(answer, accepted=False, why="several open questions have this subject")
            if keep:
                answer = replace(answer, kept=self._kept(mail, fetched, answer))
            yield answer
            yield from _further_bounces(answer, bounced(kind, wait))

    def _meant(self, matches: Sequence[Match]) -> tuple[list[tuple[Wait, Match]], bool]:
        """The questions with the best evidence, and whether nobody can say which of them is meant.

        Many may have the same subject: where nothing else fits, the newest one gets the mail.
        """
        best = [(wait, one) for one in matches if one.score == matches[0].score
                for wait in self.book.of_keys([one.question_key])]  # fmt: skip
        if not best or any(one.code != "E7" for one in matches[0].evidence):
            return best, False
        still_open = [pair for pair in best if pair[0].is_open]
        return [max(still_open or best, key=lambda pair: pair[0].id)], len(still_open) > 1

    def _kept(self, mail: Mail, fetched: FetchedMail, answer: NewAnswer) -> tuple[tuple[str, int], ...]:
        """The mail, which is a blob already, and the files of an answer that counts."""
        kept = [(answer.raw_sha256, len(fetched.raw))] if not fetched.truncated else []
        if answer.accepted and answer.classification == "human":
            kept += [
                (self._store.blobs.put(one.content), one.size) for one in mail.attachments if one.content is not None
            ]
        return tuple(kept)

    def _mark(self, session: ImapSession, status: FolderStatus, lease: Lease | None, *, write: bool) -> tuple[int, int]:
        """(source id, highest UID read) of a folder as it is numbered now."""
        known = self._marks.get((status.name, status.uidvalidity))
        if known is not None:
            return known
        source = self._store.sources.ensure(
            self._tenant, CONNECTOR, f"{self._account.name}/{status.name}", str(status.uidvalidity)
        )
        mark = self._store.cursors.mark(source.id)
        if mark == 0 and self._store.cursors.get(source.id) is None:
            mark = self._first_mark(session, status)
            if write:  # answers that come when no question is open any more are late ones, not old mail
                self._store.waits.collect([], marks=[(source.id, mark)], lease=lease)
        self._marks[status.name, status.uidvalidity] = (source.id, mark)
        return source.id, mark

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


def _further_bounces(first: NewAnswer, gone: Sequence[str]) -> Iterator[NewAnswer]:
    """One bounce may name several people; each gets a row of its own."""
    for number, recipient in enumerate(gone[1:], 2):
        key, sha256 = f"{first.external_key}#{number}", f"{first.raw_sha256}#{number}"
        yield replace(first, recipient=recipient, external_key=key, raw_sha256=sha256, kept=())
