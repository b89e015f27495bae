"""One cycle of the tracking connector."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailroom.bulk_work import bulk_work
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.connectors.ahead import ahead
from mailroom.connectors.message_infos import MessageInfos
from mailroom.connectors.report import IngestReport, Progress, silent
from mailroom.connectors.tracked.deciding import Decider
from mailroom.connectors.tracked.listing import Listing, Span, Window, Windows
from mailroom.connectors.tracked.position import RUN_KIND, asked_for, next_span
from mailroom.connectors.tracked.same_message import SameMessages
from mailroom.connectors.tracked.settings import CONNECTOR, TrackedSettings
from mailroom.errors import MailroomError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient, account
from mailroom.store import Store
from mailroom.store.items import StagedItem
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.leases import Lease
from mailroom.store.sources import Source

log = logging.getLogger(__name__)

_MOMENT = 10.0
"""Seconds a first slice may take at least."""


@dataclass
class TrackedReport(IngestReport):
    """What one cycle did, and what it could not do."""

    listed_to: datetime | None = None
    """Everything up to here is written down."""
    gap: Window | None = None
    """No cycle ran in this time; it was caught up, or the next cycles go on with it."""
    lost: Window | None = None
    """Nobody looked in this time, and Mimecast shows it no longer."""
    unknown: Counter[str] = field(default_factory=Counter)
    """`field=value` of what this version does not know, by number of messages."""
    warnings: list[str] = field(default_factory=list)
    """Seconds that cannot be listed completely, a reach that had to be shortened, and so on."""

    def kept(self) -> dict[str, Any]:
        """What is stored with the run: the counts, and what an operator must hear of."""
        more: dict[str, Any] = {"waiting": self.waiting}
        for name in ("gap", "lost"):
            if (window := getattr(self, name)) is not None:
                more[name] = [moment.isoformat() for moment in window]
        if self.listed_to is not None:
            more["listed_to"] = self.listed_to.isoformat()
        if self.unknown:
            more["unknown"] = dict(self.unknown.most_common(50))
        if self.warnings:
            more["warnings"] = self.warnings[:50]
        return self.counts() | more


def ingest_tracked(
    client: MimecastClient,
    store: Store,
    settings: TrackedSettings,
    *,
    tenant: str = "",
    flow_run_id: str = "",
    owner: str = "",
    catch_up: bool = False,
    clock: Clock = SYSTEM_CLOCK,
    progress: Progress = silent,
) -> TrackedReport:
    """Run one cycle of the tracking connector.

    Effect: reads the tenant; writes only the store. Twice is harmless: the second cycle finds duplicates.

    Args:
        client: Which tenant.
        store: Where the alerts go.
        settings: What to fetch.
        tenant: Name of the tenant in the store; the account code when empty.
        flow_run_id: Id of the flow run, kept with the counts.
        owner: Who holds the lease while the cycle runs; this process when empty.
        catch_up: Take the whole backlog window by window, without limit on number and time.
        clock: Measures the time limit.
        progress: Told how far the listing and the settling are.

    Returns:
        The counts of this cycle, and what it could not do.

    Raises:
        BusyError: another worker runs a cycle on this source.
        LeaseLostError: this worker slept so long that another one took over; nothing was written since.
        AccessError, TransientError, ResponseError: the tenant could not be read; what was settled stays.
    """
    started = clock.monotonic()
    if catch_up:
        settings = dataclasses.replace(settings, max_messages=0, time_limit=0.0)
    source, tenant = tracked_source(client, store, settings, tenant)
    lease = store.leases.acquire(f"source:{source.id}", owner)
    try:
        todo = next_span(client, store, settings, source.id)
        about = asked_for(settings, store.cursors.get(source.id), todo) | {"catch_up": catch_up}
        run_id = store.runs.start(RUN_KIND, source_id=source.id, flow_run_id=flow_run_id, parameters=about)
        store.runs.close_lost(source.id, but=run_id)
        cycle = _Cycle(client, store, settings, tenant, source.id, run_id, lease, clock, progress, started, todo)
        try:
            with bulk_work():
                cycle.run(catch_up=catch_up)
        except MailroomError as error:
            store.runs.finish(run_id, "failed", cycle.report.kept(), str(error))
            raise
        cycle.report.seconds = clock.monotonic() - started
        store.runs.finish(run_id, "completed", cycle.report.kept(), cycle.message)
        return cycle.report
    finally:
        store.leases.release(lease)


def tracked_source(
    client: MimecastClient, store: Store, settings: TrackedSettings, tenant: str, *, make: bool = True
) -> tuple[Source, str]:
    """The source of these settings, and the tenant's name in the store. Not made: an unknown source has id 0."""
    code = account.get_account(client).code
    identity = (tenant or code, CONNECTOR, settings.instance, f"{code}/api-{client.generation}")
    if make:
        return store.sources.ensure(*identity), identity[0]
    known = store.intake.generations(*identity[:3])
    found = next((one.id for one in known if one.generation == identity[3]), 0)
    return Source(found, *identity), identity[0]


@dataclass
class _Cycle:
    client: MimecastClient
    store: Store
    settings: TrackedSettings
    tenant: str
    source_id: int
    run_id: int
    lease: Lease
    clock: Clock
    progress: Progress
    started: float
    span: Span
    report: TrackedReport = field(default_factory=TrackedReport)
    message: str = ""

    def run(self, *, catch_up: bool) -> None:
        """List, settle; in a catch-up in turns, so that every window is done before the next one is asked for."""
        report = self.report
        report.run_id, report.gap, report.lost = self.run_id, self.span.gap, self.span.lost
        report.warnings += self.span.notes
        self._say_what_is_lost()
        self._keeper = LeaseKeeper(self.store.leases, self.lease, self.clock)
        self._known = self._handled = 0
        self._failed: set[int] = set()
        self._pending = self.store.items.count_pending(self.source_id)
        faultpoint("tracked.before_list")
        with MessageInfos(self.client, self.settings.workers) as infos:
            same = SameMessages(self.store, self.source_id, infos)
            self._decider = Decider(self.settings, infos, same, self.tenant)
            listing = Listing(self.client, self.settings, self._warn)
            windows = Windows(self.span, timedelta(hours=self.settings.window_hours))
            for window in windows:
                windows.showed(self._list(listing, window))
                self.progress("hours listed", _hours(window[1] - self.span.start), _hours(self.span.length))
                if catch_up:
                    self._settle()
                if self._out_of_time():
                    self._warn_once("the time limit was reached while listing; the next cycle goes on")
                    break
            faultpoint("tracked.after_list")
            self._settle()
        report.waiting = self.store.items.count_pending(self.source_id)
        # Counted from the rows, not from the outcomes: the two must agree, and the store checks that they do.
        report.fetched = self._known + self._pending - report.waiting

    # listing ------------------------------------------------------------------------------------------------

    def _list(self, listing: Listing, window: Window) -> int:
        """Write down what a window shows. The cursor moves with the last of it, never before."""
        waiting: list[StagedItem] = []
        listed = 0
        for page in ahead(listing.pages(window)):
            if waiting:
                self._stage(waiting)
            waiting = page
            listed += len(page)
            self.progress("listed", listed, None)
        self._stage(waiting, cursor=window[1])
        self.report.listed_to = window[1]
        return listed

    def _stage(self, rows: list[StagedItem], cursor: datetime | None = None) -> None:
        staged = self.store.items.stage(self.source_id, self.run_id, rows, lease=self.lease, cursor=cursor)
        self._pending += staged.new
        if staged.known:  # known and settled is a duplicate; known and still waiting is not
            known = self.store.items.count_settled(self.source_id, {row.external_key for row in rows})
            self.report.duplicate += known
            self._known += known
        self._keeper.keep()
        faultpoint("tracked.page_staged")

    # settling -----------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Settle what is written down, oldest first, slice by slice, as far as limit and time allow."""
        after = None
        first = True
        while first or not self._out_of_time():
            size = self._next_size()
            items = self.store.items.pending(self.source_id, limit=size, after=after) if size else []
            if not items:
                break
            after = (items[-1].received_at, items[-1].id)
            items = [item for item in items if item.id not in self._failed]
            if not items:
                continue  # each is tried once per cycle, however many windows a catch-up has
            decided = self._decider.decide(items, until=self._until(patient=first))
            faultpoint("tracked.before_commit")
            states = self.store.items.settle(self.source_id, self.run_id, decided.settled, lease=self.lease)
            for item_id, why in decided.failed.items():
                self.store.items.failed_attempt(item_id, why)
                self._failed.add(item_id)
            faultpoint("tracked.after_commit")
            self.report.count(states.values())
            self.report.unknown.update(decided.unknown)
            self._handled += decided.asked
            first = False
            self.progress("settled", self._handled, self._pending)
            self._keeper.keep()
            if decided.unasked:
                break

    def _next_size(self) -> int:
        if not self.settings.max_messages:
            return self.settings.slice_size
        return max(0, min(self.settings.slice_size, self.settings.max_messages - self._handled))

    def _until(self, *, patient: bool) -> float | None:
        """When to stop asking. A first slice gets a moment even when listing took all the time."""
        if not self.settings.time_limit:
            return None
        until = self.started + self.settings.time_limit
        return max(until, self.clock.monotonic() + _MOMENT) if patient else until

    def _out_of_time(self) -> bool:
        return bool(self.settings.time_limit) and self.clock.monotonic() - self.started >= self.settings.time_limit

    # bookkeeping --------------------------------------------------------------------------------------------

    def _warn(self, text: str) -> None:
        if text not in self.report.warnings:
            self.report.warnings.append(text)

    def _warn_once(self, text: str) -> None:
        log.warning("%s", text)
        self._warn(text)

    def _say_what_is_lost(self) -> None:
        if self.span.lost is None:
            return
        since, to = self.span.lost
        self.message = (
            f"Messages received from {since:%Y-%m-%d %H:%M} to {to:%Y-%m-%d %H:%M} UTC were never looked at and cannot "
            "be fetched any more: Mimecast shows 29 days and 23 hours. Look into the archive for that time."
        )
        log.error("%s", self.message)
        self._warn(self.message)


def _hours(span: timedelta) -> int:
    return max(1, round(span / timedelta(hours=1)))
