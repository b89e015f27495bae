"""Taking the mails of one folder: lease, scan, batches, marks."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, cast

from mailroom.bulk_work import bulk_work
from mailroom.chunks import chunks
from mailroom.connectors.mailbox.conversations import Conversations, means
from mailroom.connectors.mailbox.folder import RUN_KIND, FolderCycle, FolderReport
from mailroom.connectors.mailbox.marks import MARKED_STATES, UNMARKED, UNMARKED_SINCE, Marker, unclean_since
from mailroom.connectors.mailbox.reading import ATTEMPTS, Place, Reader
from mailroom.connectors.mailbox.scan import Found, Scan, numbered
from mailroom.connectors.mailbox.settings import CONNECTOR
from mailroom.connectors.mailbox.witness import Fetch, Witness
from mailroom.errors import MailroomError, RateLimitError, TransientError
from mailroom.faults import faultpoint
from mailroom.mail.imap import FetchedMail
from mailroom.store.intake import LISTED, Generation, Taken, Waiting
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.leases import Lease

log = logging.getLogger(__name__)

_BATCH_WEIGHT = 16_000_000
"""Characters of text after which a batch is committed."""
_ASKED_AT_ONCE = 32 << 20
"""Octets: mails come one by one, but a cycle that stops early has to read on to the end of what it asked for."""
_STAGED_AT_ONCE = 20_000
_QUEUE = 20_000
"""Items written down that are asked for at once."""


def take_folder(cycle: FolderCycle, most: int) -> FolderReport:
    """Take what is to be taken from an open folder, at most so many mails (0: all).

    Raises:
        BusyError: another worker is at this folder.
        LeaseLostError: this worker slept so long that another one took over.
        TransientError, AccessError, ResponseError, RejectedError: the server failed; what was committed stays.
    """
    name = f"{cycle.account.name}/{cycle.folder}"
    known = cycle.store.intake.generations(cycle.tenant, CONNECTOR, name)
    generation = numbered(cycle.session, cycle.status, cycle.store, known)
    source = cycle.store.sources.ensure(cycle.tenant, CONNECTOR, name, generation)
    earlier = [one for one in known if one.id != source.id]
    since = next((one.created_at for one in known if one.id == source.id), None)
    report = FolderReport(cycle.folder, rebuilt=bool(earlier) and all(one.id != source.id for one in known))
    if report.rebuilt:
        log.warning(
            "%s was rebuilt: its UIDVALIDITY is %s now, it was %s (`.1`: it gives numbers again, as after a backup was "
            "restored). Every mail is compared with what is stored.",
            name, generation, earlier[-1].generation,
        )  # fmt: skip
    lease = cycle.store.leases.acquire(f"source:{source.id}", cycle.owner)
    try:
        scan = Scan(
            cycle.session, cycle.status, cycle.settings, cycle.store, source.id, earlier, cycle.clock.now(), since
        )
        found = scan.look()
        faultpoint("mailbox.searched")
        with bulk_work():
            _Taking(cycle, source.id, generation, earlier, since or cycle.clock.now(), lease, found, report).run(most)
        return report
    finally:
        cycle.store.leases.release(lease)


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
    generation: str
    earlier: list[Generation]
    known_since: datetime
    lease: Lease
    found: Found
    report: FolderReport

    def __post_init__(self) -> None:
        cycle = self.cycle
        self.intake = cycle.store.intake
        self.marker = Marker(cycle.session, cycle.folder)
        self.witness = Witness(cycle.session)
        self.run_id = self.unclean_since = 0
        self.careful = False
        self.failed_now: set[str] = set()
        self.writer: ThreadPoolExecutor | None = None
        self.on_its_way: _Batch | None = None
        self.keeper = LeaseKeeper(cycle.store.leases, self.lease, cycle.clock)
        place = Place(cycle.tenant, cycle.account.name, cycle.folder, cycle.status.uidvalidity, self.generation)
        own = None
        if cycle.settings.skip_own_conversations:
            own = Conversations(cycle.store, cycle.account, cycle.clock, means(cycle.session, cycle.folder))
        self.reader = Reader(cycle.account, cycle.settings, place, cycle.store.blobs, cycle.clock.now(), own)

    def run(self, most: int) -> None:
        found, store = self.found, self.cycle.store
        self.unclean_since = unclean_since(store, self.source_id)
        pending = store.items.count_pending(self.source_id)
        if found.looked_at_day:
            store.cursors.advance(self.source_id, self.cycle.clock.now())
        if not (found.new or found.below or pending or self.unclean_since):
            if found.first:  # it found nothing it wants, and that is settled now
                self.intake.move_mark(self.source_id, found.mark, self.lease)
            return
        self.run_id = self.report.run_id = store.runs.start(
            RUN_KIND, source_id=self.source_id, flow_run_id=self.cycle.flow_run_id
        )
        # A run that ended without a word may have been killed by one of the mails that come now.
        self.careful = store.runs.close_lost(self.source_id, but=self.run_id) > 0
        try:
            if self._marks and self.unclean_since:
                self.marker.catch_up(store, self.source_id, self.unclean_since)
            self._take(most, pending)
        except MailroomError as error:
            self._settle_what_is_on_its_way()
            store.runs.finish(self.run_id, "failed", self._counts(failed=True), str(error))
            raise
        finally:
            if self.writer is not None:
                self.writer.shutdown()
        store.runs.finish(self.run_id, "completed", self._counts())

    def _counts(self, *, failed: bool = False) -> dict[str, int]:
        self.report.unmarked = self.marker.failed
        counts = self.report.counts | {"fetched": self.report.fetched, "waiting": self.report.waiting}
        if self.marker.failed:
            counts[UNMARKED] = self.marker.failed
        if self.marker.failed or failed:
            counts[UNMARKED_SINCE] = self.unclean_since or self.run_id
        return counts

    @property
    def _marks(self) -> bool:
        return self.cycle.settings.mark_as_read and not self.cycle.status.readonly

    # batches ------------------------------------------------------------------------------------------------

    def _take(self, most: int, pending: int) -> None:
        found = self.found
        self._settle_twins()
        fresh = [uid for uid in found.new if uid not in found.twins]
        total = pending + len(found.below) + len(fresh)
        total = min(total, most) if most else total
        if self.careful:
            self._stage(fresh, found.below, found.mark)
        elif found.below:
            self._stage([], found.below, 0)
        done = self._settle_staged(most, 0, total, tried=False)
        if not self.careful:
            done = self._settle_fresh(fresh, most, done, total)
        self._settle_staged(most, done, total, tried=True)
        self.report.waiting = self.cycle.store.items.count_pending(self.source_id)
        self.cycle.watch(self.report.fetched, total)

    def _settle_fresh(self, fresh: Sequence[int], most: int, done: int, total: int) -> int:
        """Take mails that were never seen before; those there is no room or time for are written down as ours."""
        size = self.cycle.settings.batch_size
        if not fresh:
            self.intake.move_mark(self.source_id, self.found.mark, self.lease)
        while fresh and (not most or done < most) and not self.cycle.out_of_time():
            room = min(size, most - done) if most else size
            batch, following = fresh[:room], fresh[room:]
            left = self._batch([Waiting(0, str(uid), 0) for uid in batch], following=following)
            done += len(batch) - len(left)
            fresh = [*left, *following]
            self.cycle.watch(min(done, total), total)
        self._finish()
        if fresh:
            self._stage(fresh, (), self.found.mark)
        return done

    def _stage(self, new: Sequence[int], below: Sequence[int], mark: int) -> None:
        """Write down what is not settled at once: from now on these mails are ours to settle."""
        now = self.cycle.clock.now()
        parts = [new[start : start + _STAGED_AT_ONCE] for start in range(0, len(new), _STAGED_AT_ONCE)] or [()]
        for part in parts:
            last = mark if part is parts[-1] else part[-1]
            keys = [str(uid) for uid in (*(below if part is parts[0] else ()), *part)]
            self.intake.stage(self.source_id, self.run_id, keys, mark=last, lease=self.lease, received_at=now)
            faultpoint("mailbox.staged")

    def _settle_staged(self, most: int, done: int, total: int, *, tried: bool) -> int:
        """Settle what is written down; what was `tried` before comes last and alone, so that it delays nobody."""
        careful_left = self.cycle.settings.batch_size if self.careful else 0
        while not self.cycle.out_of_time() and not (most and done >= most):
            queue = self._queue(tried=tried, most=most - done if most else _QUEUE)
            if not queue:
                break
            at = 0
            while at < len(queue) and not self.cycle.out_of_time():
                size = self.cycle.settings.batch_size
                if tried:
                    size = 1
                    self._need_witness(int(queue[at].external_key))
                if careful_left:
                    careful_left -= 1
                    size = 1
                    if queue[at].attempts < ATTEMPTS:
                        # This mail may have killed a process: the attempt is counted before it is made.
                        self.intake.begin_attempt(queue[at].id, self.lease)
                batch = queue[at : at + size]
                at += size
                done += len(batch) - len(self._batch(batch, alone=size == 1))
                self.cycle.watch(min(done, total), total)
            self._finish()
            if tried:
                break
        return done

    def _queue(self, *, tried: bool, most: int) -> list[Waiting]:
        found = self.intake.waiting(self.source_id, limit=min(most, _QUEUE), tried=tried)
        return [one for one in found if one.external_key not in self.failed_now]

    def _batch(
        self, batch: Sequence[Waiting], *, following: Sequence[int] | None = None, alone: bool = False
    ) -> list[int]:
        """Fetch, read, commit, mark as read.

        Unless it is to stand `alone`, the batch is committed while the next one is read.

        Args:
            batch: What to take.
            following: Mails never seen before that come after these; None: the batch is written down already.
            alone: Nothing is read before it is committed.

        Returns:
            UIDs that were not looked at, because the batch was full or time was up.
        """
        cycle, asked = self.cycle, {int(one.external_key): one for one in batch}
        made = _Batch([], [])
        weight, stopped = 0, False
        mails = cycle.session.fetch_raw(
            asked, max_message=cycle.settings.max_message, max_bytes_per_batch=_ASKED_AT_ONCE, until=cycle.deadline
        )
        fetch = Fetch(mails)
        for mail, sha256 in fetch:
            self.witness.has_read = True
            if "\\Seen" not in mail.flags:
                made.unread.append(mail.uid)
            of = asked[mail.uid]
            taken = self.reader.read(mail, item_id=of.id, attempts=of.attempts, sha256=sha256)
            made.taken.append(taken)
            if taken.alert is not None:
                weight += len(taken.alert["event"].text)
            if weight >= _BATCH_WEIGHT or cycle.out_of_time():
                stopped = True
                break
        if stopped:
            cast("Generator[FetchedMail]", mails).close()
        faultpoint("mailbox.fetched")
        missing = sorted(asked.keys() - {int(one.external_key) for one in made.taken})
        if fetch.error is not None:
            self._broken_off(made, [asked[uid] for uid in missing], following, fetch.error)
        left = missing if stopped else []
        if not stopped:
            made.taken += self._not_fetched([asked[uid] for uid in missing], asked)
        made.taken.sort(key=lambda one: int(one.external_key))  # big mails were read later
        self._repeats(made.taken)
        self._finish()
        mark = 0 if following is None else self._mark_below([*left, *following[:1]])
        if alone or stopped or (following is not None and not following):
            self._account_for(made, self._write(made.taken, mark))
        else:
            if self.writer is None:
                self.writer = ThreadPoolExecutor(1, thread_name_prefix="mailbox-writer")
            made.written = self.writer.submit(self._write, made.taken, mark)
            self.on_its_way = made
        return left

    def _mark_below(self, unsettled: Sequence[int]) -> int:
        """Where the mark belongs when the mails that are still to be taken begin with these; 0: where it is.

        It stays until the end of a folder's first cycle: should that be killed, the next one searches like the first.
        """
        if not unsettled:
            return self.found.mark
        return 0 if self.found.first else min(unsettled) - 1

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

    def _broken_off(
        self, made: _Batch, missing: Sequence[Waiting], following: Sequence[int] | None, error: MailroomError
    ) -> NoReturn:
        """The server failed in the middle of a batch: keep what was read, and note at which mail it was."""
        self._settle_what_is_on_its_way()
        if missing and not self.cycle.session.is_alive and not isinstance(error, RateLimitError):
            # Servers send mails in the order of their UIDs. The next cycle takes the others first, then this one alone.
            failed, *missing = missing
            made.taken.append(self._failed(failed, f"the server broke off when it was to send it: {error}"))
        if made.taken:
            made.taken.sort(key=lambda one: int(one.external_key))
            self._repeats(made.taken)
            unsettled = [*(int(one.external_key) for one in missing), *(following or ())[:1]]
            self._count(made.taken, self._write(made.taken, 0 if following is None else self._mark_below(unsettled)))
            self.marker.failed += len(made.unread) if self._marks else 0
        raise error

    def _need_witness(self, uid: int) -> None:
        """Before a mail that failed is asked for again, which may cost the connection.

        Raises:
            TransientError: No mail can be read now: nothing counts against this one.
        """
        if self.witness.can_read([uid], self._doubtful()) is False:
            raise TransientError(f"{self.cycle.folder}: no mail can be read now, and nothing was counted")

    def _doubtful(self) -> set[int]:
        return {int(one.external_key) for one in self.intake.waiting(self.source_id, limit=_QUEUE, tried=True)}

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

    def _not_fetched(self, missing: Sequence[Waiting], asked: Mapping[int, Waiting]) -> list[Taken]:
        """What the server did not send: gone, or not readable there.

        Raises:
            TransientError: No mail can be read now: nothing counts against these.
        """
        now, failures = self.cycle.clock.now(), self.cycle.session.fetch_failures
        if failures:
            can_read = self.witness.can_read(asked, self._doubtful())
            if can_read is False or (can_read is None and len(asked) > 1):
                raise TransientError(
                    f"{self.cycle.folder}: none of {len(asked)} mails can be read now, and nothing was counted: "
                    + next(iter(failures.values()))
                )
        rest: list[Taken] = []
        for one in missing:
            if (why := failures.get(int(one.external_key))) is not None:
                rest.append(self._failed(one, f"the server does not send it: {why}"))
            else:
                gone = Taken(one.external_key, "gone", now, item_id=one.id, attempts=one.attempts)
                gone.reason = "removed before it was fetched"
                rest.append(gone)
        return rest

    def _failed(self, one: Waiting, why: str) -> Taken:
        """A mail the server did not send: tried again, or quarantined without its bytes."""
        attempts = one.attempts + 1
        state = "quarantined" if attempts >= ATTEMPTS else LISTED
        return Taken(one.external_key, state, self.cycle.clock.now(), reason=why, item_id=one.id, attempts=attempts)

    # generations --------------------------------------------------------------------------------------------

    def _settle_twins(self) -> None:
        """Mails of a rebuilt folder that are alerts already need not be fetched again."""
        found, size = self.found, 1_000
        uids = sorted(found.twins)
        for some in chunks(uids, size):
            taken = [
                Taken(str(uid), "duplicate", found.arrived[uid][0], found.arrived[uid][1],
                      f"stored before the folder was rebuilt, as alert {found.twins[uid]}", alert_id=found.twins[uid])
                for uid in some
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
