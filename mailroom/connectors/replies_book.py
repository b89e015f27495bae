"""The questions of one mailbox, kept in memory: what a mail is matched with, and which ones are due.

Loaded once; after that a look at the store brings only what changed. So the cost of a look does not grow with the
number of open questions, and neither does the cost of matching one mail.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from mailroom.mail.replies import QuestionIndex, QuestionKeys
from mailroom.store import Store
from mailroom.store.wait_rows import VERSION, Wait

log = logging.getLogger(__name__)

LATE_ANSWERS = timedelta(days=30)
"""How long after its end a question is still recognised, so that late answers are linked to it."""

_OVERLAP = timedelta(seconds=3)
"""A transaction that began earlier may become visible later; what changed in this time is looked at again."""

_COMPARE_ALL = timedelta(minutes=5)
"""How often all questions are compared with the store. One that became visible later than `_OVERLAP` is found then,
and gets a look back for the answers that were passed over meanwhile."""


class QuestionBook:
    """Open and lately settled questions of a mailbox."""

    def __init__(self, store: Store, mailbox: str) -> None:
        self._store = store
        self._mailbox = mailbox
        self._known: dict[int, datetime] = {}
        self._since: datetime | None = None
        self._compared_at: datetime | None = None
        self._stale = 0
        self._reminders: list[tuple[datetime, int]] = []
        self._deadlines: list[tuple[datetime, int]] = []
        self.index = QuestionIndex()
        self.waits: dict[int, Wait] = {}
        self.foreign: dict[int, int] = {}
        """Questions stored in a form this version does not read: id -> form."""

    def refresh(self) -> int:
        """Take over what changed in the store; returns how many questions that were."""
        now = self._store.waits.now()
        before = self._since
        if before is None or self._stale > 1_000 + len(self.waits):
            before = None
            self._forget()
        if before is None or self._compared_at is None or now - self._compared_at > _COMPARE_ALL:
            rows = self._store.waits.live(self._mailbox, now - LATE_ANSWERS)
            self._compared_at = now
        else:
            rows = self._store.waits.changed(self._mailbox, before)
        self._since = now - _OVERLAP
        fresh = [wait_id for wait_id, changed_at in rows if self._known.get(wait_id) != changed_at]
        for wait in self._store.waits.get_many(fresh).values():
            missed = before is not None and wait.id not in self._known and wait.changed_at < before
            self._known[wait.id] = wait.changed_at
            self._take(wait)
            if missed and wait.is_open:
                self._scans.add(wait.id)
        return len(fresh)

    def open_waits(self) -> list[Wait]:
        """Every open question."""
        return [wait for wait in self.waits.values() if wait.is_open]

    def to_scan(self) -> list[Wait]:
        """Open questions about mails sent earlier, whose answers may lie in the mailbox already."""
        return [self.waits[known] for known in sorted(self._scans) if known in self.waits]

    def folders(self) -> tuple[str, ...]:
        """Folders that open questions want looked at besides the account's own."""
        return tuple(sorted(name for name, questions in self._folders.items() if questions))

    def due_reminders(self, now: datetime) -> list[Wait]:
        """Open questions whose next reminder is due."""
        return [w for w in self._due(self._reminders, now) if w.next_reminder_at and w.next_reminder_at <= now]

    def deadline_passed(self, now: datetime) -> bool:
        """Whether any open question has run out of time."""
        return any(wait.deadline <= now for wait in self._due(self._deadlines, now))

    def of_keys(self, keys: Iterable[str]) -> list[Wait]:
        """The questions behind the keys of matches."""
        return [self.waits[int(key)] for key in keys if int(key) in self.waits]

    # -- inside ---------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self.index, self._stale = QuestionIndex(), 0
        self._known, self.waits = {}, {}
        self._reminders, self._deadlines = [], []
        self._scans: set[int] = set()
        self._folders: dict[str, set[int]] = {}

    def _take(self, wait: Wait) -> None:
        if wait.version != VERSION:
            if self.foreign.get(wait.id) != wait.version and wait.is_open:
                log.error("question %d was stored in form %d, this version reads %d: it is left alone", wait.id,
                          wait.version, VERSION)  # fmt: skip
            if wait.is_open:
                self.foreign[wait.id] = wait.version
            else:
                self.foreign.pop(wait.id, None)
            return
        before = self.waits.get(wait.id)
        self.waits[wait.id] = wait
        self._scans.discard(wait.id)
        if wait.is_open:
            heapq.heappush(self._deadlines, (wait.deadline, wait.id))
            if wait.next_reminder_at is not None:
                heapq.heappush(self._reminders, (wait.next_reminder_at, wait.id))
            if wait.scan_from is not None:
                self._scans.add(wait.id)
            for folder in wait.folders:
                self._folders.setdefault(folder, set()).add(wait.id)
        else:
            self._stale += 1
            for folder in wait.folders:
                self._folders.get(folder, set()).discard(wait.id)
        if before is None:
            self.index.add(keys_of(wait))
            return
        new_ids = tuple(one for one in wait.message_ids if one not in before.message_ids)
        new_tokens = tuple(one for one in wait.token_hashes if one and one not in before.token_hashes)
        if new_ids or new_tokens:
            self.index.add(QuestionKeys(str(wait.id), message_ids=new_ids, token_hashes=new_tokens))

    def _due(self, heap: list[tuple[datetime, int]], now: datetime) -> list[Wait]:
        """Open questions whose entry has come up. Entries of settled questions are dropped on the way."""
        due: dict[int, Wait] = {}
        kept: list[tuple[datetime, int]] = []
        while heap and heap[0][0] <= now:
            entry = heapq.heappop(heap)
            wait = self.waits.get(entry[1])
            if wait is not None and wait.is_open and entry in {
                (wait.deadline, wait.id), (wait.next_reminder_at, wait.id)
            }:  # fmt: skip
                due[wait.id] = wait
                kept.append(entry)
        for entry in kept:  # until the store says that it is done
            heapq.heappush(heap, entry)
        return list(due.values())


def keys_of(wait: Wait) -> QuestionKeys:
    """What the answers to a question can be recognised by."""
    return QuestionKeys(
        key=str(wait.id),
        message_ids=wait.message_ids,
        token_hashes=tuple(one for one in wait.token_hashes if one),
        thread_index_prefix=str(wait.question.get("thread_index", "")),
        subject=wait.subject,
        recipients=wait.recipients,
        aliases=_aliases(wait) if wait.sender_policy != "exact" else (),
        others=_others(wait),
    )


def _aliases(wait: Wait) -> tuple[str, ...]:
    return tuple(str(alias) for aliases in (wait.question.get("aliases") or {}).values() for alias in aliases)


def _others(wait: Wait) -> tuple[str, ...]:
    if wait.sender_policy == "domain":
        return tuple(dict.fromkeys("@" + one.rpartition("@")[2] for one in wait.recipients))
    return ("@",) if wait.sender_policy == "any" else ()
