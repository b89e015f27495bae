"""The held connector: the hold queue of a Mimecast tenant becomes alerts, each message once.

One cycle:

1. lease on the source, so that two workers never write the same queue (a second one is told it is busy);
2. list the window [cursor - overlap, now] page by page and stage every entry by its hold id: what is known already is
   a duplicate and costs no further call, and nothing acts on the queue while it is being paged;
3. settle what is staged, oldest first, in slices: details fetched in parallel, rows written in one transaction;
4. the cursor moves in the transaction that settles the last slice, never before.

Killed anywhere, the next cycle goes on with what is staged. The window's end comes from the server's clock.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.held_detail import Detail, DetailFetcher, group_key
from mailroom.connectors.held_event import alert_of
from mailroom.errors import InvalidInputError, MailroomError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient, account, held
from mailroom.mimecast.models import HeldMessage
from mailroom.store import Store
from mailroom.store.items import Item, StagedItem
from mailroom.store.leases import Lease
from mailroom.store.settling import Settled

log = logging.getLogger(__name__)

Risk = Literal["negligible", "low", "medium", "high"]
_RISKS: tuple[Risk, ...] = ("negligible", "low", "medium", "high")
_MOST_HOURS = 30 * 24 - 1
_QUARANTINE_AFTER = 3

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(step, done, total)`; total is None while unknown."""


def _silent(_step: str, _done: int, _total: int | None) -> None:
    """Nobody is watching."""


@dataclass(frozen=True)
class HeldSettings:
    """What a cycle fetches and how far it goes.

    Attributes:
        instance: Name of this connector; two instances on one tenant keep separate cursors.
        max_hours_backwards: Reach of the first cycle, in hours; at most 719.
        overlap_minutes: How far each cycle looks back behind the cursor, for entries that appear late.
        max_messages: Settle at most this many per cycle; the rest waits staged for the next. 0 = no limit.
        time_limit: Seconds after which a cycle stops and keeps what it has. 0 = no limit.
        with_detail: Fetch the message info of every entry (levels T1 and T2) or only the list (T1).
        routes: Keep only these routes; empty = all.
        queue_reasons: Keep only entries whose reason or queue reason is listed; empty = all.
        lowest_risk: Drop entries below this risk; empty = keep all. Needs details.
        ingest_without_risk: Keep entries without risk information when `lowest_risk` is set.
        environment: Environment written on the alerts.
        workers: Message infos fetched at a time.
        slice_size: Entries settled per transaction.
    """

    instance: str = "held"
    max_hours_backwards: int = 14 * 24
    overlap_minutes: int = 60
    max_messages: int = 0
    time_limit: float = 0.0
    with_detail: bool = True
    routes: tuple[str, ...] = ()
    queue_reasons: tuple[str, ...] = ()
    lowest_risk: Risk | Literal[""] = ""
    ingest_without_risk: bool = True
    environment: str = "Default Environment"
    workers: int = 8
    slice_size: int = 250

    def __post_init__(self) -> None:
        for name, low, high in (
            ("max_hours_backwards", 1, _MOST_HOURS),
            ("overlap_minutes", 0, 24 * 60),
            ("max_messages", 0, 10_000_000),
            ("workers", 1, 64),
            ("slice_size", 1, 5_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"{name} is {value}: choose a number from {low} to {high}."
                raise InvalidInputError(msg)
        if self.lowest_risk and self.lowest_risk not in _RISKS:
            msg = f"lowest_risk is {self.lowest_risk!r}: choose one of {', '.join(_RISKS)}, or leave it empty."
            raise InvalidInputError(msg)
        if self.lowest_risk and not self.with_detail:
            msg = "lowest_risk needs the message details: switch with_detail on, or leave lowest_risk empty."
            raise InvalidInputError(msg)


@dataclass
class IngestReport:
    """What one cycle did. `fetched` is always the sum of the five outcomes."""

    run_id: int = 0
    fetched: int = 0
    alerted: int = 0
    duplicate: int = 0
    filtered: int = 0
    quarantined: int = 0
    gone: int = 0
    waiting: int = 0
    """Entries staged and left for the next cycle (limits, or details that could not be read yet)."""
    seconds: float = 0.0

    def counts(self) -> dict[str, int]:
        """The conservation counts, as stored with the run."""
        names = ("fetched", "alerted", "duplicate", "filtered", "quarantined", "gone")
        return {name: getattr(self, name) for name in names}


def ingest_held(
    client: MimecastClient,
    store: Store,
    settings: HeldSettings,
    *,
    tenant: str = "",
    flow_run_id: str = "",
    owner: str = "",
    clock: Clock = SYSTEM_CLOCK,
    progress: Progress = _silent,
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
    source = store.sources.ensure(tenant, "held", settings.instance, f"{code}/api-{client.generation}")
    lease = store.leases.acquire(f"source:{source.id}", owner)
    try:
        run_id = store.runs.start("ingest held", source_id=source.id, flow_run_id=flow_run_id)
        store.runs.close_lost(source.id, but=run_id)
        cycle = _Cycle(client, store, settings, tenant, source.id, run_id, lease, clock, progress, started)
        try:
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
        return cursor - timedelta(minutes=self.settings.overlap_minutes)

    # listing ------------------------------------------------------------------------------------------------

    def _list(self, start: datetime, end: datetime) -> None:
        leftovers = self.store.items.count_pending(self.source_id)
        listed = 0
        unreadable: list[StagedItem] = []

        def keep(raw: object, _error: Exception) -> None:
            unreadable.append(_staged_raw(raw, end))

        for page in held.get_hold_message_list(self.client, start=start, end=end, on_unreadable=keep):
            rows = [_staged(entry) for entry in page] + unreadable
            unreadable.clear()
            staged = self.store.items.stage(self.source_id, self.run_id, rows, lease=self.lease)
            if staged.known:  # known and settled is a duplicate; known and still waiting is not
                keys = {row.external_key for row in rows}
                self.report.duplicate += self.store.items.count_settled(self.source_id, keys)
            listed += len(rows)
            self.progress("listed", listed, None)
            self._keep_lease()
            faultpoint("ingest.page_staged")
        if leftovers:
            log.info("%d entries were left by an earlier cycle and are taken up first", leftovers)

    # settling -----------------------------------------------------------------------------------------------

    def _settle(self, end: datetime) -> None:
        known, pending = self.report.duplicate, self.store.items.count_pending(self.source_id)
        total = min(pending, self.settings.max_messages) if self.settings.max_messages else pending
        done, after, complete = 0, None, False
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
                self.report.waiting += len(items) - len(settled)
                faultpoint("ingest.before_commit")
                cursor = end if complete and self.report.waiting == 0 else None
                states = self.store.items.settle(self.source_id, self.run_id, settled, cursor=cursor, lease=self.lease)
                faultpoint("ingest.after_commit")
                self._count(states.values())
                done += len(items)
                self.progress("settled", done, total)
                self._keep_lease()
        finally:
            fetcher.close()
        self.report.waiting = self.store.items.count_pending(self.source_id)
        # Counted from the rows, not from the outcomes: the two must agree, and the store checks that they do.
        self.report.fetched = known + pending - self.report.waiting

    def _next_size(self, done: int) -> int:
        if self.settings.time_limit and self.clock.monotonic() - self.started > self.settings.time_limit:
            log.warning("the time limit of %.0f s is reached; the next cycle goes on", self.settings.time_limit)
            return 0
        if not self.settings.max_messages:
            return self.settings.slice_size
        return min(self.settings.slice_size, self.settings.max_messages - done)

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
            if reason := self._unwanted(entry):
                settled.append(Settled(item.id, "filtered", reason))
            else:
                entries.append((item, entry))
        details = fetcher.fetch([entry for _, entry in entries]) if self.settings.with_detail else {}
        for item, entry in entries:
            if outcome := self._outcome(item, entry, details.get(entry.id, Detail())):
                settled.append(outcome)
        return settled

    def _outcome(self, item: Item, entry: HeldMessage, detail: Detail) -> Settled | None:
        defects = detail.defects
        if detail.gone and not self._still_held(entry):
            return Settled(item.id, "gone", "handled elsewhere or expired before it was fetched")
        if detail.failure:
            attempts = self.store.items.failed_attempt(item.id, detail.failure)
            if attempts < _QUARANTINE_AFTER:
                return None
            # The hold entry itself is readable: an analyst must see it, with what is known.
            defects = (*defects, f"message info unreadable after {attempts} attempts")
        if detail.info is not None and (reason := self._below_risk(detail.info.risk)):
            return Settled(item.id, "filtered", reason)
        if detail.info is not None and (reason := self._other_queue(entry, detail.info.queue_reason)):
            return Settled(item.id, "filtered", reason)
        alert = alert_of(
            entry,
            detail.tracked,
            detail.info,
            tenant=self.tenant,
            environment=self.settings.environment,
            group_key=group_key(entry),
            defects=defects,
        )
        return Settled(item.id, "alerted", alert=alert)

    def _still_held(self, entry: HeldMessage) -> bool:
        start, end = entry.received_at - timedelta(seconds=1), entry.received_at + timedelta(seconds=1)
        pages = held.get_hold_message_list(self.client, start=start, end=end, search_by=("recipient", entry.to.address))
        return any(present.id == entry.id for page in pages for present in page)

    # filters ------------------------------------------------------------------------------------------------

    def _unwanted(self, entry: HeldMessage) -> str:
        routes = {route.lower() for route in self.settings.routes}
        if routes and entry.route not in routes:
            return f"route {entry.route} is not asked for"
        if self.settings.queue_reasons and not self.settings.with_detail:
            return self._other_queue(entry, "")
        return ""

    def _other_queue(self, entry: HeldMessage, queue_reason: str) -> str:
        wanted = {reason.casefold() for reason in self.settings.queue_reasons}
        if not wanted or {entry.reason.casefold(), entry.reason_code.casefold(), queue_reason.casefold()} & wanted:
            return ""
        return "queue reason is not asked for"

    def _below_risk(self, risk: str | None) -> str:
        if not self.settings.lowest_risk:
            return ""
        if risk not in _RISKS:
            return "" if self.settings.ingest_without_risk else "no risk information"
        if _RISKS.index(risk) < _RISKS.index(self.settings.lowest_risk):
            return f"risk {risk} is below {self.settings.lowest_risk}"
        return ""

    # bookkeeping --------------------------------------------------------------------------------------------

    def _count(self, states: Iterable[str]) -> None:
        for state in states:
            setattr(self.report, state, getattr(self.report, state) + 1)

    def _keep_lease(self) -> None:
        self.store.leases.renew(self.lease)


def _staged(entry: HeldMessage) -> StagedItem:
    return StagedItem(entry.id, group_key(entry), entry.received_at, entry.raw)


def _staged_raw(raw: object, listed_at: datetime) -> StagedItem:
    """An entry that names no readable id: known by the digest of what was received, settled as quarantined."""
    text = json.dumps(raw, sort_keys=True, default=str)
    digest = "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return StagedItem(digest, digest, listed_at, raw if isinstance(raw, dict) else {"entry": raw})
