"""Listing message tracking: every domain in both directions, window by window, each record once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailroom.connectors.tracked.filters import wrong_status
from mailroom.connectors.tracked.same_message import content_key
from mailroom.connectors.tracked.settings import TrackedSettings
from mailroom.mimecast import MimecastClient, tracking
from mailroom.mimecast.models import TrackedEmail
from mailroom.store.items import StagedItem

log = logging.getLogger(__name__)

REASON = "Mailroom: message tracking connector"
"""Written to Mimecast's audit log with every search."""

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Span:
    """What a cycle lists."""

    start: datetime
    end: datetime
    lost: Window | None = None
    """Since the last cycle, but further back than Mimecast shows: nobody can fetch it any more."""
    gap: Window | None = None
    """Since the last cycle, when that is longer ago than usual: caught up now."""
    notes: tuple[str, ...] = ()
    since: datetime | None = None
    """Up to here everything wanted was listed before."""

    @property
    def length(self) -> timedelta:
        """From start to end."""
        return self.end - self.start


@dataclass
class Windows:
    """A span in pieces, oldest first; the border second belongs to both neighbours.

    Quiet times are asked for in long pieces, busy ones in short ones: each piece is held in memory while it is listed.
    """

    span: Span
    length: timedelta

    def __iter__(self) -> Iterator[Window]:
        at = self.span.start
        while True:
            end = min(at + self.length, self.span.end)
            yield at, end
            if end >= self.span.end:
                return
            at = end

    def showed(self, records: int) -> None:
        """So many records were in the last piece."""
        if records < _FEW:
            self.length = min(self.length * 2, _LONGEST)
        elif records > _MANY:
            self.length = max(self.length / 2, _SHORTEST)


_FEW, _MANY = 1_000, 5_000
_LONGEST, _SHORTEST = timedelta(days=7), timedelta(hours=1)
_USUAL = timedelta(hours=2)
"""Cycles run at least hourly; a longer pause is worth a word."""


def span(
    settings: TrackedSettings, cursor: datetime | None, first_start: datetime | None, end: datetime
) -> Span:  # fmt: skip
    """What the next cycle lists.

    Args:
        settings: How far to look.
        cursor: Up to where everything is written down; None before the first cycle.
        first_start: Where the first cycle began, as far as that is known.
        end: Now, by the server's clock.
    """
    earliest = end - tracking.REACH
    notes: list[str] = []
    if cursor is None:
        start = end - timedelta(hours=settings.max_hours_backwards)
        if start < earliest:
            notes.append("Mimecast shows 29 days and 23 hours, not 30 days: the first cycle starts there")
        return Span(max(start, earliest), end, notes=tuple(notes))
    start = min(cursor, end) - timedelta(minutes=settings.overlap_minutes)
    if settings.look_back_hours and cursor.date() < end.date() and first_start is not None:
        start = min(start, max(end - timedelta(hours=settings.look_back_hours), first_start))
    lost = (cursor, earliest) if cursor < earliest else None
    gap = (max(cursor, earliest), end) if end - cursor > _USUAL else None
    return Span(max(start, earliest), end, lost, gap, tuple(notes), cursor)


@dataclass
class Listing:
    """Walks windows. Reads the tenant.

    A record is yielded once, however many domains, directions, pages and split windows show it.
    """

    client: MimecastClient
    settings: TrackedSettings
    on_warning: Callable[[str], None]
    _seen: set[str] = field(default_factory=set)
    _before: set[str] = field(default_factory=set)
    """What the window before showed: its border second is shown again."""

    def pages(self, window: Window) -> Iterator[list[StagedItem]]:
        """The records of one window, as they are to be written down.

        Raises:
            AccessError, TransientError, ResponseError: the list could not be read to its end.
        """
        self._before, self._seen = self._seen, set()
        unreadable: deque[StagedItem] = deque()

        def keep(raw: object, _error: Exception) -> None:
            unreadable.append(staged_raw(raw, window[1]))

        for domain in self.settings.domains:
            for direction in ("to", "from"):
                walk = tracking.search(
                    self.client,
                    start=window[0],
                    end=window[1],
                    status=self.settings.statuses,
                    route=self.settings.routes,
                    options={direction: domain},
                    page_size=self.settings.page_size,
                    reason=REASON,
                    check=False,
                    on_warning=self.on_warning,
                    on_unreadable=keep,
                )
                for page in walk:
                    yield self._fresh([self._staged(record) for record in page] + self._drain(unreadable))
                if unreadable:
                    yield self._fresh(self._drain(unreadable))

    def _staged(self, record: TrackedEmail) -> StagedItem:
        # A record left out for its status comes back under the same id when its status changes, should the tenant's
        # ids not tell the status: so it is not filed under the id that its alert would have.
        key = f"{record.id}@{record.status}" if wrong_status(self.settings, record) else record.id
        return StagedItem(key, content_key(record), record.received_at, record.raw)

    def _fresh(self, rows: list[StagedItem]) -> list[StagedItem]:
        fresh = []
        for row in rows:
            if row.external_key not in self._seen:
                self._seen.add(row.external_key)
                if row.external_key not in self._before:
                    fresh.append(row)
        return fresh

    @staticmethod
    def _drain(unreadable: deque[StagedItem]) -> list[StagedItem]:
        rows = list(unreadable)
        unreadable.clear()
        return rows


def staged_raw(raw: Any, listed_at: datetime) -> StagedItem:
    """A record that cannot be read: known by the digest of what was received, settled as quarantined."""
    text = json.dumps(raw, sort_keys=True, default=str)
    digest = "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return StagedItem(digest, "", listed_at, raw if isinstance(raw, dict) else {"entry": raw})
