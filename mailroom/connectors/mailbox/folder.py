"""One folder in one cycle: lease, scan, batches, marks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from mailroom.bulk_work import bulk_work
from mailroom.clock import Clock
from mailroom.connectors.mailbox.conversations import Conversations
from mailroom.connectors.mailbox.marks import MARKED_STATES, Marker
from mailroom.connectors.mailbox.reading import ATTEMPTS, Place, Reader
from mailroom.connectors.mailbox.scan import Found, Scan
from mailroom.connectors.mailbox.settings import CONNECTOR, MailboxSettings
from mailroom.errors import MailroomError
from mailroom.faults import faultpoint
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import FetchedMail, FolderStatus, ImapSession
from mailroom.store import Store
from mailroom.store.intake import LISTED, Generation, Taken, Waiting
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.leases import Lease

log = logging.getLogger(__name__)

RUN_KIND = "ingest mailbox"
_BATCH_WEIGHT = 16_000_000
"""Characters of text after which a batch is committed."""
_STAGED_AT_ONCE = 20_000
_QUEUE = 20_000
"""Items written down that are asked for at once."""
_RUNS_LOOKED_AT = 50

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
    """Takes what is to be taken from one open folder."""

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

    def run(self, most: int) -> FolderReport:
        """Take at most so many mails (0: all).

        Raises:
            BusyError: another worker is at this folder.
            LeaseLostError: this worker slept so long that another one took over.
            TransientError, AccessError, ResponseError, RejectedError: the server failed; what was committed stays.
        """
        name = f"{self.account.name}/{self.folder}"
        generation = str(self.status.uidvalidity)
        known = self.store.intake.generations(self.tenant, CONNECTOR, name)
        source = self.store.sources.ensure(self.tenant, CONNECTOR, name, generation)
        earlier = [one for one in known if one.id != source.id]
        since = next((one.created_at for one in known if one.id == source.id), self.clock.now())
        report = FolderReport(self.folder, rebuilt=bool(earlier) and all(one.id != source.id for one in known))
        if report.rebuilt:
            log.warning(
                "%s was rebuilt: its UIDVALIDITY is %s now, it was %s. Every mail is compared with what is stored.",
                name, generation, earlier[-1].generation,
            )  # fmt: skip
        lease = self.store.leases.acquire(f"source:{source.id}", self.owner)
        try:
            scan = Scan(self.session, self.status, self.settings, self.store, source.id, earlier, self.clock.now())
            found = scan.look()
            faultpoint("mailbox.searched")
            with bulk_work():
                _Taking(self, source.id, earlier, since, lease, found, report).run(most)
            return report
        finally:
            self.store.leases.release(lease)

    def out_of_time(self) -> bool:
        """The cycle has used up its time."""
        return self.deadline is not None and self.clock.monotonic() >= self.deadline


@dataclass
class _Batch:
    """Mails that were read together."""

    taken: list[Taken]
    unread: list[int]
    written: Future[dict[str, int]] | None = None


@dataclass
class _Taking:
    cycle: FolderCycle
    source_id: int
    earlier: list[Generation]
    known_since: datetime
    lease: Lease
    found: Found
    report: FolderReport

    def __post_init__(self) -> None:
        cycle = self.cycle
        self.intake = cycle.store.intake
        self.marker = Marker(cycle.session, cycle.folder)
        self.run_id = 0
        self.careful = False
        self.failed_now: set[str] = set()
        self.writer: ThreadPoolExecutor | None = None
        self.on_its_way: _Batch | None = None
        self.keeper = LeaseKeeper(cycle.store.leases, self.lease, cycle.clock)
        place = Place(cycle.tenant, cycle.account.name, cycle.folder, cycle.status.uidvalidity)
        own = Conversations(cycle.store, cycle.account, cycle.clock) if cycle.settings.skip_own_conversations else None
        self.reader = Reader(cycle.account, cycle.settings, place, cycle.store.blobs, cycle.clock.now(), own)

    def run(self, most: int) -> None:
        found, store = self.found, self.cycle.store
        unclean = self._unclean_runs()
        pending = store.items.count_pending(self.source_id)
        if found.looked_at_day:
            store.cursors.advance(self.source_id, self.cycle.clock.now())
        if not (found.new or found.below or pending or unclean):
            if found.first:  # it found nothing it wants, and that is settled now
                self.intake.move_mark(self.source_id, found.mark, self.lease)
            return
        self.run_id = self.report.run_id = store.runs.start(
            RUN_KIND, source_id=self.source_id, flow_run_id=self.cycle.flow_run_id
        )
        # A run that ended without a word may have been killed by one of the mails that come now.
        self.careful = store.runs.close_lost(self.source_id, but=self.run_id) > 0
        try:
            if self._marks:
                self.marker.catch_up(store, self.source_id, unclean)
            self._take(most, pending)
        except MailroomError as error:
            self._settle_what_is_on_its_way()
            store.runs.finish(self.run_id, "failed", self._counts(), str(error))
            raise
        finally:
            if self.writer is not None:
                self.writer.shutdown()
        store.runs.finish(self.run_id, "completed", self._counts())

    def _counts(self) -> dict[str, int]:
        self.report.unmarked = self.marker.failed
        counts = self.report.counts | {"fetched": self.report.fetched, "waiting": self.report.waiting}
        return counts | ({"unmarked": self.marker.failed} if self.marker.failed else {})

    @property
    def _marks(self) -> bool:
        return self.cycle.settings.mark_as_read and not self.cycle.status.readonly

    def _unclean_runs(self) -> list[int]:
        """Runs since the last good one: they may have stored mails that they did not mark."""
        unclean = []
        for run in self.cycle.store.intake.last_runs(RUN_KIND, self.source_id, limit=_RUNS_LOOKED_AT):
            if run.state == "completed" and not run.counts.get("unmarked"):
                break
            unclean.append(run.id)
        return unclean

    # batches ------------------------------------------------------------------------------------------------

    def _take(self, most: int, pending: int) -> None:
        found, size = self.found, self.cycle.settings.batch_size
        self._settle_twins()
        fresh = [uid for uid in (*found.below, *found.new) if uid not in found.twins]
        direct = not (pending or self.careful or found.below) and len(fresh) <= (min(most, size) if most else size)
        total = pending + len(fresh)
        total = min(total, most) if most else total
        done = 0
        if direct:
            done = self._batch([Waiting(0, str(uid), 0) for uid in fresh], mark=found.mark, alone=True)
        else:
            self._stage([uid for uid in found.new if uid not in found.twins], found.below, found.mark)
        self._settle_staged(most, done, total)
        self.report.waiting = self.cycle.store.items.count_pending(self.source_id)
        self.cycle.watch(self.report.fetched, total)

    def _stage(self, new: Sequence[int], below: Sequence[int], mark: int) -> None:
        """Write down what does not fit into one transaction: from now on these mails are ours to settle."""
        now = self.cycle.clock.now()
        parts = [new[start : start + _STAGED_AT_ONCE] for start in range(0, len(new), _STAGED_AT_ONCE)] or [()]
        for part in parts:
            last = mark if part is parts[-1] else part[-1]
            keys = [str(uid) for uid in (*(below if part is parts[0] else ()), *part)]
            self.intake.stage(self.source_id, self.run_id, keys, mark=last, lease=self.lease, received_at=now)
            faultpoint("mailbox.staged")

    def _settle_staged(self, most: int, done: int, total: int) -> None:
        """Settle what is written down; what failed before comes last, so that it delays nobody."""
        careful_left = self.cycle.settings.batch_size if self.careful else 0
        for tried in (False, True):
            while queue := self._queue(tried=tried, most=most - done if most else _QUEUE):
                at = 0
                while at < len(queue) and not self.cycle.out_of_time():
                    size = self.cycle.settings.batch_size
                    if careful_left:
                        careful_left -= 1
                        size = 1
                        if queue[at].attempts < ATTEMPTS:
                            # This mail may have killed a process: the attempt is counted before it is made.
                            self.intake.begin_attempt(queue[at].id, self.lease)
                    batch = queue[at : at + size]
                    at += size
                    done += self._batch(batch, alone=size == 1)
                    self.cycle.watch(min(done, total), total)
                self._finish()
                if self.cycle.out_of_time() or (most and done >= most):
                    return
                if tried:
                    break

    def _queue(self, *, tried: bool, most: int) -> list[Waiting]:
        found = self.intake.waiting(self.source_id, limit=min(most, _QUEUE), tried=tried)
        return [one for one in found if one.external_key not in self.failed_now]

    def _batch(self, batch: Sequence[Waiting], *, mark: int = 0, alone: bool = False) -> int:
        """Fetch, read, commit, mark as read; returns how many mails were looked at.

        Unless it is to stand `alone`, the batch is committed while the next one is being read.
        """
        cycle, asked = self.cycle, {int(one.external_key): one for one in batch}
        made = _Batch([], [])
        weight, stopped = 0, False
        mails = cycle.session.fetch_raw(asked, max_message=cycle.settings.max_message)
        for mail in mails:
            one = asked[mail.uid]
            result = self.reader.read(mail, item_id=one.id, attempts=one.attempts)
            made.taken.append(result)
            if "\\Seen" not in mail.flags:
                made.unread.append(mail.uid)
            if result.alert is not None:
                weight += len(result.alert["event"].text)
            if weight >= _BATCH_WEIGHT or cycle.out_of_time():
                stopped = True
                break
        if stopped:
            cast("Generator[FetchedMail]", mails).close()
        faultpoint("mailbox.fetched")
        seen = {int(one.external_key) for one in made.taken}
        made.taken += self._not_fetched(asked, seen, stopped=stopped)
        self._repeats(made.taken)
        self._finish()
        if alone or mark or stopped:
            self._account_for(made, self._write(made.taken, mark))
        else:
            if self.writer is None:
                self.writer = ThreadPoolExecutor(1, thread_name_prefix="mailbox-writer")
            made.written = self.writer.submit(self._write, made.taken, mark)
            self.on_its_way = made
        return len(made.taken)

    def _write(self, taken: Sequence[Taken], mark: int) -> dict[str, int]:
        faultpoint("mailbox.before_commit")
        counts = self.intake.commit(self.source_id, CONNECTOR, self.run_id, taken, lease=self.lease, mark=mark)
        faultpoint("mailbox.after_commit")
        return counts

    def _finish(self) -> None:
        """Wait for the batch that is being committed, then mark its mails as read."""
        batch, self.on_its_way = self.on_its_way, None
        if batch is not None and batch.written is not None:
            self._account_for(batch, batch.written.result())

    def _settle_what_is_on_its_way(self) -> None:
        """After a failure: what was committed counts, and is marked by the next cycle."""
        batch, self.on_its_way = self.on_its_way, None
        if batch is not None and batch.written is not None:
            with suppress(MailroomError):
                self._count(batch.taken, batch.written.result())
                self.marker.failed += len(batch.unread) if self._marks else 0

    def _account_for(self, batch: _Batch, counts: dict[str, int]) -> None:
        self._count(batch.taken, counts)
        if self._marks:
            states = {int(one.external_key): one.state for one in batch.taken}
            self.marker.mark([uid for uid in batch.unread if states[uid] in MARKED_STATES])
        self.keeper.keep()

    def _count(self, taken: Sequence[Taken], counts: dict[str, int]) -> None:
        for state, number in counts.items():
            self.report.counts[state] = self.report.counts.get(state, 0) + number
        self.failed_now |= {one.external_key for one in taken if one.state == LISTED and one.attempts}

    def _not_fetched(self, asked: dict[int, Waiting], seen: set[int], *, stopped: bool) -> list[Taken]:
        """What the server did not send: gone, not readable there, or not its turn yet."""
        now, failures = self.cycle.clock.now(), self.cycle.session.fetch_failures
        rest: list[Taken] = []
        for uid in sorted(asked.keys() - seen):
            one = asked[uid]
            taken = Taken(one.external_key, LISTED, now, item_id=one.id, attempts=one.attempts)
            if stopped and one.id:
                continue  # written down already
            if uid in failures:
                taken.attempts += 1
                taken.reason = f"the server does not send it: {failures[uid]}"
                taken.state = "quarantined" if taken.attempts >= ATTEMPTS else LISTED
            elif not stopped:
                taken.state, taken.reason = "gone", "removed before it was fetched"
            rest.append(taken)
        return rest

    # generations --------------------------------------------------------------------------------------------

    def _settle_twins(self) -> None:
        """Mails of a rebuilt folder that are alerts already need not be fetched again."""
        found, size = self.found, 1_000
        uids = sorted(found.twins)
        for start in range(0, len(uids), size):
            taken = [
                Taken(str(uid), "duplicate", found.arrived[uid][0], found.arrived[uid][1],
                      f"stored before the folder was rebuilt, as alert {found.twins[uid]}", alert_id=found.twins[uid])
                for uid in uids[start : start + size]
            ]  # fmt: skip
            self._count(taken, self._write(taken, 0))

    def _repeats(self, taken: Sequence[Taken]) -> None:
        """The same for mails whose size or time the server reports differently now: compared by content."""
        wanted = {one.alert["group_key"] for one in taken if one.alert} if self.earlier else set()
        if not wanted:
            return
        known = self.intake.same_group([one.id for one in self.earlier], wanted)
        for one in taken:
            if one.alert and one.received_at < self.known_since and (alert_id := known.get(one.alert["group_key"])):
                one.state, one.reason = "duplicate", f"stored before the folder was rebuilt, as alert {alert_id}"
                one.alert, one.more_alerts, one.alert_id = None, (), alert_id
