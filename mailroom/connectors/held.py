"""The held connector: the hold queue of a Mimecast tenant becomes alerts, each message once.

One cycle:

1. lease on the source, so that two workers never write the same queue (a second one is told it is busy);
2. list the window [cursor - overlap, now] page by page and stage every entry by its hold id: what is known already is
   a duplicate and costs no further call, and nothing acts on the queue while it is being paged. The first cycle of a
   day lists everything again: whatever slipped through a list that moved, or appeared very late, is found then;
3. settle what is staged, oldest first, in slices: details fetched in parallel, rows written in one transaction. An
   entry is gone when two cycles in a row looked for it and did not find it. Should the list show it again all the
   same, it is opened again; so is an alert that was closed because its message was not in the queue;
4. the cursor moves in the transaction that settles the last slice, never before, and never past an entry that waits.

Killed anywhere, the next cycle goes on with what is staged. The window's end comes from the server's clock.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from mailroom.bulk_work import bulk_work
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.ahead import ahead
from mailroom.connectors.held_detail import NOT_OURS, Detail, DetailFetcher, group_key
from mailroom.connectors.held_event import alert_of
from mailroom.connectors.held_settings import HeldSettings
from mailroom.connectors.report import QUARANTINE_AFTER, IngestReport, Progress, silent
from mailroom.errors import MailroomError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient, account, held
from mailroom.mimecast.models import HeldMessage
from mailroom.mimecast.presence import still_held
from mailroom.store import Store
from mailroom.store.items import Item, StagedItem
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.leases import Lease
from mailroom.store.settling import Settled

__all__ = ["HeldSettings", "IngestReport", "Progress", "ingest_held"]

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 4_000
"""Each transaction writes every page of an index that it touches once: the more rows, the fewer writes per row."""

_PAGES_AHEAD = 8
"""As many as one transaction of the listing holds: the tenant is not left idle while it is written."""

CONNECTOR = "held"
"""What sources and alerts of the hold queue are filed under."""

WHO = "held connector"
"""Whom the wall names."""

_MISSED = "listed, and not in the queue a moment later"
"""Noted at the first look that does not find an entry; at the second one in a row it is gone."""


def ingest_held(
    client: MimecastClient,
    store: Store,
    settings: HeldSettings,
    *,
    tenant: str = "",
    flow_run_id: str = "",
    owner: str = "",
    clock: Clock = SYSTEM_CLOCK,
    progress: Progress = silent,
) -> IngestReport:
    """Run one cycle of the held connector.

    Effect: reads the tenant; writes only the store. Twice is harmless: the second cycle finds duplicates.

    Args:
        client: Which tenant.
        store: Where the alerts go.
        settings: What to fetch.
        tenant: Name of the tenant in the store; the account code when empty.
        flow_run_id: Id of the flow run, kept with the run's counts.
        owner: Who holds the lease while the cycle runs; this process when empty.
        clock: Measures the time limit.
        progress: Told how far the listing and the settling are.

    Returns:
        The counts of this cycle.

    Raises:
        BusyError: another worker runs a cycle on this source.
        LeaseLostError: this worker slept so long that another one took over; nothing was written since.
        AccessError, TransientError, ResponseError: the tenant could not be read; what was settled stays.
    """
    started = clock.monotonic()
    code = account.get_account(client).code
    tenant = tenant or code
    source = store.sources.ensure(tenant, CONNECTOR, settings.instance, f"{code}/api-{client.generation}")
    lease = store.leases.acquire(f"source:{source.id}", owner)
    try:
        run_id = store.runs.start("ingest held", source_id=source.id, flow_run_id=flow_run_id)
        store.runs.close_lost(source.id, but=run_id)
        cycle = _Cycle(client, store, settings, tenant, source.id, run_id, lease, clock, progress, started)
        try:
            with bulk_work():
                cycle.run()
        except MailroomError as error:
            store.runs.finish(run_id, "failed", cycle.report.counts(), str(error))
            raise
        cycle.report.seconds = clock.monotonic() - started
        store.runs.finish(run_id, "completed", cycle.report.counts())
        return cycle.report
    finally:
        store.leases.release(lease)


@dataclass
class _Cycle:
    client: MimecastClient
    store: Store
    settings: HeldSettings
    tenant: str
    source_id: int
    run_id: int
    lease: Lease
    clock: Clock
    progress: Progress
    started: float
    report: IngestReport = field(default_factory=IngestReport)

    def __post_init__(self) -> None:
        self.keeper = LeaseKeeper(self.store.leases, self.lease, self.clock)

    def run(self) -> None:
        self.report.run_id = self.run_id
        end = self.client.now()
        faultpoint("ingest.before_list")
        self._list(self._start(end), end)
        faultpoint("ingest.after_list")
        self._settle(end)

    def _start(self, end: datetime) -> datetime:
        earliest = end - timedelta(hours=self.settings.max_hours_backwards)
        cursor = self.store.cursors.get(self.source_id)
        if cursor is None:
            return earliest
        start = cursor - timedelta(minutes=self.settings.overlap_minutes)
        return min(start, earliest) if cursor.date() < end.date() else start

    # listing ------------------------------------------------------------------------------------------------

    def _list(self, start: datetime, end: datetime) -> None:
        leftovers = self.store.items.count_pending(self.source_id)
        listed = 0
        unreadable: deque[StagedItem] = deque()  # filled by the thread that fetches the next page

        def keep(raw: object, _error: Exception) -> None:
            unreadable.append(_staged_raw(raw, end))

        rows: list[StagedItem] = []

        def stage() -> None:
            staged = self.store.items.stage(self.source_id, self.run_id, rows, lease=self.lease)
            if staged.known:  # known and settled is a duplicate; known and still waiting is not
                keys = sorted({row.external_key for row in rows})
                self.store.listed_again.open(self.source_id, self.run_id, keys, who=WHO, lease=self.lease)
                self.report.duplicate += self.store.items.count_settled(self.source_id, keys)
            rows.clear()
            faultpoint("ingest.page_staged")

        pages = held.get_hold_message_list(self.client, start=start, end=end, on_unreadable=keep)
        for page in ahead(pages, _PAGES_AHEAD):
            rows += [_staged(entry) for entry in page]
            while unreadable:
                rows.append(unreadable.popleft())
            listed += len(page)
            self.progress("listed", listed, None)
            self.keeper.keep()
            if len(rows) >= _ROWS_AT_ONCE:
                stage()
        if rows:
            stage()
        if leftovers:
            log.info("%d entries were left by an earlier cycle and are taken up first", leftovers)

    # settling -----------------------------------------------------------------------------------------------

    def _settle(self, end: datetime) -> None:
        known, pending = self.report.duplicate, self.store.items.count_pending(self.source_id)
        total = min(pending, self.settings.max_messages) if self.settings.max_messages else pending
        done, after, complete, position = 0, None, False, end
        fetcher = DetailFetcher(self.client, self.settings.workers)
        try:
            while not complete:
                size = self._next_size(done)
                if size == 0:
                    break
                items = self.store.items.pending(self.source_id, limit=size, after=after)
                complete = len(items) < size
                after = (items[-1].received_at, items[-1].id) if items else after
                settled = self._decide(fetcher, items)
                left = {item.id for item in items} - {one.item_id for one in settled}
                position = min([position, *(item.received_at for item in items if item.id in left)])
                faultpoint("ingest.before_commit")
                cursor = position if complete else None
                states = self.store.items.settle(self.source_id, self.run_id, settled, cursor=cursor, lease=self.lease)
                faultpoint("ingest.after_commit")
                self.report.count(states.values())
                done += len(items)
                self.progress("settled", done, total)
                self.keeper.keep()
        finally:
            fetcher.close()
        self.report.waiting = self.store.items.count_pending(self.source_id)
        # Counted from the rows, not from the outcomes: the two must agree, and the store checks that they do.
        self.report.fetched = known + pending - self.report.waiting

    def _next_size(self, done: int) -> int:
        if self.settings.time_limit and self.clock.monotonic() - self.started > self.settings.time_limit:
            log.warning("the time limit of %.0f s is reached; the next cycle goes on", self.settings.time_limit)
            return 0
        # Without details a slice costs nothing to do again, so fewer and larger transactions.
        size = self.settings.slice_size if self.settings.with_detail else _ROWS_AT_ONCE
        return min(size, self.settings.max_messages - done) if self.settings.max_messages else size

    def _decide(self, fetcher: DetailFetcher, items: list[Item]) -> list[Settled]:
        entries: list[tuple[Item, HeldMessage]] = []
        settled: list[Settled] = []
        for item in items:
            try:
                entry = HeldMessage.parse(item.raw)
            except MailroomError as error:
                raw = json.dumps(item.raw, ensure_ascii=False).encode("utf-8", "replace")
                settled.append(Settled(item.id, "quarantined", str(error), quarantine=raw))
                continue
            if reason := self.settings.unwanted(entry):
                settled.append(Settled(item.id, "filtered", reason))
            else:
                entries.append((item, entry))
        details = fetcher.fetch([entry for _, entry in entries]) if self.settings.with_detail else {}
        self._drop_foreign_records(entries, details)
        absent = self._absent(entries, details)
        for item, entry in entries:
            if entry.id in absent:
                if item.reason == _MISSED:
                    settled.append(Settled(item.id, "gone", "handled elsewhere or expired before it was fetched"))
            elif outcome := self._outcome(item, entry, details.get(entry.id, Detail())):
                settled.append(outcome)
        return settled

    def _absent(self, entries: list[tuple[Item, HeldMessage]], details: dict[str, Detail]) -> set[str]:
        """The hold ids that are not in the queue at this moment; noted for the next cycle, which looks again."""
        missing = [
            entry for _, entry in entries if (detail := details.get(entry.id)) and (detail.gone or detail.untracked)
        ]
        present = still_held(self.client, [_Ref(entry.id, entry.to.address, entry.received_at) for entry in missing])
        absent = {entry.id for entry in missing} - present
        first = [item.id for item, entry in entries if entry.id in absent and item.reason != _MISSED]
        found = [item.id for item, entry in entries if entry.id not in absent and item.reason == _MISSED]
        for item_ids, reason in ((first, _MISSED), (found, "")):
            if item_ids:
                self.store.items.note(item_ids, reason, self.lease)
        return absent

    def _drop_foreign_records(self, entries: list[tuple[Item, HeldMessage]], details: dict[str, Detail]) -> None:
        """A record that an earlier cycle gave to another entry of the same recipient is not this entry's."""
        guessed = {
            (detail.tracked.id, entry.to.address): entry.id
            for _, entry in entries
            if (detail := details.get(entry.id)) and detail.tracked and not detail.is_confirmed(entry.id)
        }
        for place, hold_id in self.store.alerts.tracked(guessed).items():
            if guessed[place] != hold_id:
                details[guessed[place]] = Detail(defects=(NOT_OURS,))

    def _outcome(self, item: Item, entry: HeldMessage, detail: Detail) -> Settled | None:
        """What becomes of an entry that is held; None leaves it waiting for the next cycle."""
        defects = detail.defects
        if detail.untracked and self.client.now() - entry.received_at < timedelta(
            minutes=self.settings.patience_minutes
        ):
            return None
        if detail.failure:
            attempts = self.store.items.failed_attempt(item.id, detail.failure)
            if attempts < QUARANTINE_AFTER:
                return None
            # The hold entry itself is readable: an analyst must see it, with what is known.
            defects = (*defects, f"message info unreadable after {attempts} attempts")
        info = detail.info
        if self.settings.with_detail and (
            reason := self.settings.unwanted_in_detail(
                entry, info.risk if info else None, info.queue_reason if info else ""
            )
        ):
            return Settled(item.id, "filtered", reason)
        alert = alert_of(
            entry,
            detail.tracked,
            info,
            tenant=self.tenant,
            environment=self.settings.environment,
            group_key=group_key(entry),
            defects=defects,
        )
        return Settled(item.id, "alerted", alert=alert)


class _Ref(NamedTuple):
    hold_id: str
    recipient: str
    received_at: datetime


def _staged(entry: HeldMessage) -> StagedItem:
    # The same copy of the same mail has this key in every generation of the source, whatever its hold id there.
    key = f"{group_key(entry)}/{entry.to.address.lower()}/{entry.size}"
    return StagedItem(
        entry.id, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest(), entry.received_at, entry.raw
    )


def _staged_raw(raw: object, listed_at: datetime) -> StagedItem:
    """An entry that names no readable id: known by the digest of what was received, settled as quarantined."""
    text = json.dumps(raw, sort_keys=True, default=str)
    digest = "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return StagedItem(digest, digest, listed_at, raw if isinstance(raw, dict) else {"entry": raw})
