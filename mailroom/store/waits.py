"""Questions by mail and their answers. A question is a row, not a process: nothing is lost when whoever asked ends.

Everything found in one look at a mailbox is written in one transaction with the mark that says how far was read, so a
look that is killed is simply done again. The unique key (question, folder/UIDVALIDITY/UID) makes that harmless.
"""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.faults import faultpoint
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.leases import Lease, Leases
from mailroom.store.schema import answers, blobs, waits
from mailroom.store.sources import Cursors
from mailroom.store.wait_lists import WaitLists
from mailroom.store.wait_outcomes import Outcome, evaluate, why_undeliverable
from mailroom.store.wait_rows import (
    EARLIER_TOKENS,
    OPEN,
    VERSION,
    NewAnswer,
    NewWait,
    StoredAnswer,
    Wait,
    answer_of,
    answer_row,
    wait_of,
    wait_row,
)

_AT_ONCE = 250
"""Questions that end in one transaction: a twentieth of a second."""
Once = tuple[str, timedelta]
"""(beginning of keys, time): at most one question whose key begins so within this time."""


class Waits(WaitLists):
    """The repository of questions."""

    def __init__(self, db: Database, events: Events, leases: Leases, cursors: Cursors) -> None:
        super().__init__(db)
        self._events = events
        self._leases = leases
        self._cursors = cursors

    # -- asking ---------------------------------------------------------------------------------------------------

    def ask(self, new: NewWait, *, once: Once | None = None) -> Wait:
        """Write a question down, or return the one with the same key (`created` is False then).

        Args:
            new: The question.
            once: Refused while another one of these is younger than this.

        Raises:
            RefusedError: a question with this key is there, but it went to other people or waits for another mail; or
                `once` forbids it.
        """
        if not new.recipients or not 1 <= new.needed <= len(new.recipients):
            msg = f"{new.needed} answers are wanted of {len(new.recipients)} people; ask somebody, and at most of all."
            raise InvalidInputError(msg)

        def enter(tx: Connection) -> Wait:
            row = wait_row(new, self._db.now(tx))
            if once is not None and self._one(tx, waits.c.key == new.key) is None:
                self._check_once(tx, once)
            made = self._db.insert_rows(tx, waits, [row], waits.c.id)
            found = self._one(tx, waits.c.key == new.key)
            if found is None:  # another key, but the same token: cannot happen with 130 random bits
                raise RefusedError("the question's token is taken; ask again")
            if made:
                self._tell(tx, [found], "wait.asked", f"asked {len(new.recipients)} by mail")
                return replace(found, created=True)
            return found

        faultpoint("waits.before_ask")
        wait = self._db.run(enter)
        faultpoint("waits.after_ask")
        if not wait.created:
            wait.check_version()
            same = set(wait.recipients) == set(new.recipients) and wait.kind == new.kind
            if not same or (new.kind == "mail" and not set(new.message_ids) <= set(wait.message_ids)):
                msg = (
                    f"question {wait.id} has the key {new.key!r} and went to other people: nothing was sent. Give each "
                    "question of a run its own step (`step=`)."
                )
                raise RefusedError(msg)
        return wait

    def prepare_sending(self, wait_id: int, token_hash: str, *, beside: bool = False) -> None:
        """Replace the token before an attempt to send; only its hash was kept of the one before.

        With `beside` the one before stays good as well: somebody has a mail with it, and may answer with it.
        """

        def write(tx: Connection) -> None:
            wait = self._locked(tx, [wait_id])[wait_id]
            changes: dict[str, Any] = {"token_hash": token_hash}
            if beside and wait.token_hash:
                changes["question"] = wait.question | {EARLIER_TOKENS: [*wait.token_hashes[1:], wait.token_hash]}
            self._set(tx, wait_id, **changes)

        self._db.run(write)

    def sent(
        self, wait_id: int, *, action_id: int, sent_at: datetime | None, refused: Mapping[str, str], detail: str = ""
    ) -> Wait:
        """Record what became of the sending. People the server refused are undeliverable at once."""

        def write(tx: Connection) -> Wait:
            wait = self._locked(tx, [wait_id])[wait_id]
            people = [
                {"address": one} | ({"refused": words} if (words := refused.get(one) or wait.refused.get(one)) else {})
                for one in wait.recipients
            ]
            when = wait.sent_at or sent_at
            next_at = wait.next_reminder_at
            if next_at is None and when and wait.reminded < len(wait.reminders):
                next_at = when + timedelta(seconds=wait.reminders[wait.reminded])
            if (wait.refused, wait.sent_at, wait.send_action_id, wait.detail) == (
                {one["address"]: one["refused"] for one in people if "refused" in one}, when, action_id, detail
            ):  # fmt: skip
                return wait
            self._set(
                tx, wait_id, recipients=people, sent_at=when, send_action_id=action_id, next_reminder_at=next_at,
                detail=detail,
            )  # fmt: skip
            changed = self._locked(tx, [wait_id])[wait_id]
            resolved = self._settle_if_over(tx, changed)
            return resolved or changed

        return self._db.run(write)

    # -- reading --------------------------------------------------------------------------------------------------

    def get(self, wait_id: int) -> Wait:
        """The question. Raises NotFoundError."""
        found = self._db.read(lambda tx: self._one(tx, waits.c.id == wait_id))
        if found is None:
            raise NotFoundError(f"There is no question {wait_id}; `mailroom replies` lists them.")
        return found

    def by_key(self, key: str) -> Wait | None:
        """The question with this key."""
        return self._db.read(lambda tx: self._one(tx, waits.c.key == key))

    def answers_of(self, ids: Iterable[int]) -> dict[int, builtins.list[StoredAnswer]]:
        """Everything that came back to these questions, by arrival."""
        wanted = builtins.list(ids)
        return self._db.read(lambda tx: self._answers(tx, wanted))

    def answers(self, wait_id: int) -> builtins.list[StoredAnswer]:
        """Everything that came back, by arrival."""
        return self._db.read(lambda tx: self._answers(tx, [wait_id]).get(wait_id, []))

    def progress(self, wait: Wait) -> Outcome:
        """What the answers so far amount to."""
        ended = wait.state == "no_answer"
        return evaluate(wait.recipients, wait.refused, wait.needed, self.answers(wait.id), ended=ended)

    # -- for the watcher ------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time the rows go by."""
        return self._db.read(self._db.now)

    def collect(
        self,
        found: Sequence[NewAnswer],
        *,
        marks: Sequence[tuple[int, int]] = (),
        scanned: Iterable[int] = (),
        lease: Lease | None = None,
    ) -> builtins.list[Wait]:
        """Write down what a look at the mailbox found, and how far it read, in one transaction.

        Args:
            found: Mails that belong to questions.
            marks: (source id, highest UID read).
            scanned: Questions whose look-back is done.
            lease: Refused when it was lost.

        Returns:
            The questions this settled.

        Raises:
            LeaseLostError: another watcher has taken over; nothing was written.
        """
        ids, looked_back = sorted({one.wait_id for one in found}), builtins.list(scanned)

        def write(tx: Connection) -> builtins.list[Wait]:
            if lease is not None:
                self._leases.check(tx, lease)
            now = self._db.now(tx)
            open_waits = self._locked(tx, ids)
            known = {(one.wait_id, one.raw_sha256) for many in self._answers(tx, ids).values() for one in many}
            rows = []
            for one in found:
                wait = open_waits.get(one.wait_id)
                # The same mail in another folder, or under a new UIDVALIDITY, is the same answer.
                if wait is None or (one.raw_sha256 and (one.wait_id, one.raw_sha256) in known):
                    continue
                known.add((one.wait_id, one.raw_sha256))
                # The mail server's clock may be ahead: what is here before the deadline came before it.
                late = not wait.is_open or wait.deadline < min(one.received_at, now)
                rows.append(answer_row(one, late=late, now=now))
            kept = {
                sha256: {"sha256": sha256, "size": size, "created_at": now}
                for one in found
                for sha256, size in one.kept
            }
            if kept:
                tx.execute(self._db.insert_or_ignore(blobs), list(kept.values()))
            fresh = self._db.insert_rows(tx, answers, rows, answers.c.id, answers.c.wait_id)
            touched = {row.wait_id for row in fresh}
            settled = [
                done
                for wait in open_waits.values()
                if wait.id in touched and (done := self._settle_if_over(tx, wait)) is not None
            ]
            for wait_id in touched - {wait.id for wait in settled}:
                # Somebody who changed their mind after the question was settled is heard once more.
                again = {"handled_at": None} if open_waits[wait_id].handled_at is not None else {}
                self._set(tx, wait_id, **again)
            for wait_id in looked_back:
                self._set(tx, wait_id, scan_from=None)
            for source_id, mark in marks:
                self._cursors.advance_mark(source_id, mark, tx)
            faultpoint("replies.before_commit")
            return settled

        settled = self._db.run(write)
        faultpoint("replies.after_commit")
        return settled

    def expire(self, mailbox: str, now: datetime, why: str = "the deadline passed") -> builtins.list[Wait]:
        """Settle every open question whose deadline has passed at `now`, when the mailbox was read completely.

        Some at a time, each in a transaction of its own: thousands that end together keep nobody from writing.
        """
        due = select(waits.c.id).where(
            waits.c.state == OPEN, waits.c.deadline <= now, waits.c.mailbox == mailbox, waits.c.version == VERSION
        )
        some = due.order_by(waits.c.id).limit(_AT_ONCE)

        def write(tx: Connection) -> builtins.list[Wait]:
            rows = self._locked(tx, tx.execute(some).scalars().all())
            over = [wait for wait in rows.values() if wait.is_open and wait.deadline <= now]
            return self._resolve(tx, over, "no_answer", why)

        settled: builtins.list[Wait] = []
        while self._db.first(due.limit(1)):
            settled += self._db.run(write)
            faultpoint("waits.some_expired")
        return settled

    def reminded(self, wait_id: int, number: int) -> None:
        """Reminder `number` (from 1) has gone out, or will never; the next one is due."""

        def write(tx: Connection) -> None:
            wait = self._locked(tx, [wait_id])[wait_id]
            if wait.reminded >= number:
                return
            more = number < len(wait.reminders) and wait.sent_at is not None
            at = wait.sent_at + timedelta(seconds=wait.reminders[number]) if more and wait.sent_at else None
            self._set(tx, wait_id, reminded=number, next_reminder_at=at)

        self._db.run(write)

    def add_message_id(self, wait_id: int, message_id: str) -> None:
        """Answers to this mail count too (a reminder)."""

        def write(tx: Connection) -> None:
            wait = self._locked(tx, [wait_id])[wait_id]
            if message_id not in wait.message_ids:
                self._set(tx, wait_id, message_ids=[*wait.message_ids, message_id])

        self._db.run(write)

    def to_resume(self, mailbox: str | None = None, limit: int = 500) -> builtins.list[Wait]:
        """Settled questions whose run has not been resumed yet: never tried, then tried longest ago."""
        query = select(waits).where(waits.c.state != OPEN, waits.c.flow_run_id != "", waits.c.resumed_at.is_(None))
        if mailbox is not None:
            query = query.where(waits.c.mailbox == mailbox)
        query = query.order_by(waits.c.resume_tried_at.is_not(None), waits.c.resume_tried_at, waits.c.id).limit(limit)
        return [wait_of(row) for row in self._db.rows(query)]

    def resumed(self, wait_id: int, note: str = "") -> None:
        """The run has been told, or can never be; `note` says so."""
        self._change(wait_id, resumed_at=self._db.clock.now(), resume_note=note)

    def not_resumed(self, notes: Mapping[int, str]) -> None:
        """Not yet, and why, by question: each is tried again when all others have had their turn."""

        def write(tx: Connection) -> None:
            now = self._db.now(tx)
            known = self._locked(tx, sorted(notes))
            self._db.update_rows(tx, waits, [{"id": one, "resume_tried_at": now} for one in known])
            for wait in known.values():
                if wait.resume_note != notes[wait.id]:  # watchers read anew what has changed
                    self._set(tx, wait.id, resume_note=notes[wait.id])

        if notes:
            self._db.run(write)

    def handled(self, ids: Iterable[int]) -> None:
        """The outcome of these settled questions was made use of. A later answer of a person opens that again."""
        wanted = sorted(set(ids))

        def write(tx: Connection) -> None:
            now = self._db.now(tx)
            for some in chunks(wanted, CHUNK):
                condition = waits.c.id.in_(some), waits.c.state != OPEN
                tx.execute(waits.update().where(*condition).values(handled_at=now))

        if wanted:
            self._db.run(write)

    # -- ending ---------------------------------------------------------------------------------------------------

    def cancel(self, wait_id: int, why: str, *, state: str = "cancelled") -> Wait:
        """Stop waiting. A question that is settled stays as it is; answers that come are linked as late."""

        def write(tx: Connection) -> Wait:
            wait = self._locked(tx, [wait_id]).get(wait_id)
            if wait is None:
                raise NotFoundError(f"There is no question {wait_id}; `mailroom replies` lists them.")
            return self._resolve(tx, [wait], state, why)[0] if wait.is_open else wait

        return self._db.run(write)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _check_once(self, tx: Connection, once: Once) -> None:
        prefix, within = once
        if not self._db.is_sqlite:  # there one writer at a time is the rule
            number = int.from_bytes(hashlib.sha256(prefix.encode()).digest()[:8], "big", signed=True)
            tx.execute(select(func.pg_advisory_xact_lock(number)))
        since = self._db.now(tx) - within
        young = self._begins(prefix), waits.c.created_at > since
        known = tx.execute(select(waits.c.id).where(*young).limit(1)).scalar()
        if known is not None:
            hours = within.total_seconds() / 3600
            raise RefusedError(f"question {known} went to the same person within {hours:.0f} hours: one is enough.")

    def _settle_if_over(self, tx: Connection, wait: Wait) -> Wait | None:
        if not wait.is_open:
            return None
        outcome = self._outcome(tx, wait)
        if not outcome.state:
            return None
        if outcome.state == "answered":
            why = f"{outcome.replied} of {len(wait.recipients)} answered"
        else:
            why = why_undeliverable(outcome, wait.refused)
        return self._resolve(tx, [wait], outcome.state, why)[0]

    def _resolve(self, tx: Connection, over: Sequence[Wait], state: str, why: str) -> builtins.list[Wait]:
        now, ids = self._db.now(tx), [wait.id for wait in over]
        answers_of, ended = self._answers(tx, ids), state == "no_answer"
        outcomes = (evaluate(w.recipients, w.refused, w.needed, answers_of.get(w.id, []), ended=ended) for w in over)
        self._db.update_rows(tx, waits, [
            {"id": wait.id, "state": state, "outcome": outcome.as_json(wait.needed), "detail": why, "resolved_at": now,
             "changed_at": now, "scan_from": None, "next_reminder_at": None}
            for wait, outcome in zip(over, outcomes, strict=True)
        ])  # fmt: skip
        self._tell(tx, over, f"wait.{state}", why)
        return builtins.list(self._locked(tx, ids).values())

    def _outcome(self, tx: Connection, wait: Wait) -> Outcome:
        return evaluate(wait.recipients, wait.refused, wait.needed, self._answers(tx, [wait.id]).get(wait.id, []))

    def _tell(self, tx: Connection, some: Sequence[Wait], kind: str, why: str) -> None:
        what = kind.partition(".")[2]
        self._events.add_many(tx, [
            NewEvent(kind, "replies", f"question {wait.id} {what}", wait.alert_id, why=why)
            for wait in some if wait.alert_id is not None
        ])  # fmt: skip

    def _change(self, wait_id: int, **values: Any) -> None:
        self._db.run(lambda tx: self._set(tx, wait_id, **values))

    def _set(self, tx: Connection, wait_id: int, **values: Any) -> None:
        tx.execute(waits.update().where(waits.c.id == wait_id).values(changed_at=self._db.now(tx), **values))

    def _one(self, tx: Connection, condition: ColumnElement[bool]) -> Wait | None:
        row = tx.execute(select(waits).where(condition)).first()
        return wait_of(row) if row is not None else None

    def _locked(self, tx: Connection, ids: Sequence[int]) -> dict[int, Wait]:
        found: dict[int, Wait] = {}
        for some in chunks(ids, CHUNK):
            query = select(waits).where(waits.c.id.in_(some))
            found |= {row.id: wait_of(row) for row in tx.execute(query.order_by(waits.c.id).with_for_update())}
        return found

    def _answers(self, tx: Connection, ids: Sequence[int]) -> dict[int, builtins.list[StoredAnswer]]:
        found: dict[int, builtins.list[StoredAnswer]] = {}
        for some in chunks(ids, CHUNK):
            query = select(answers).where(answers.c.wait_id.in_(some))
            for row in tx.execute(query.order_by(answers.c.received_at, answers.c.id)):
                found.setdefault(row.wait_id, []).append(answer_of(row))
        return found
