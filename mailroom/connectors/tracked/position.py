"""From where to where the next cycle lists: forms that ask for different things may share one position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mailroom.connectors.tracked.listing import Span, span
from mailroom.connectors.tracked.settings import TrackedSettings
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.runs import Run

RUN_KIND = "ingest tracked"
_RUNS_LOOKED_AT = 1_000


def next_span(client: MimecastClient, store: Store, settings: TrackedSettings, source_id: int) -> Span:
    """What the next cycle lists, by the server's clock.

    A cycle that asked for less (other domains, fewer statuses or routes) moved the position on without looking for the
    rest. What was asked for before it is caught up from where it was left; what nobody ever asked for starts now.
    """
    cursor = store.cursors.get(source_id) if source_id else None
    if cursor is None:
        return span(settings, None, None, client.now())
    first = store.runs.first(RUN_KIND, source_id)
    begun = (first.parameters.get("from") if first is not None else None) or ""
    left = min([cursor, *_left_behind(store, settings, source_id)])
    return span(settings, left, datetime.fromisoformat(begun) if begun else None, client.now())


def asked_for(settings: TrackedSettings, cursor: datetime | None, todo: Span) -> dict[str, Any]:
    """What a cycle writes down about itself, for those that come after it."""
    return {
        "domains": list(settings.domains),
        "statuses": list(settings.statuses),
        "routes": list(settings.routes),
        "cursor": cursor.isoformat() if cursor is not None else "",
        "since": todo.since.isoformat() if todo.since is not None else "",
        "from": todo.start.isoformat(),
        "to": todo.end.isoformat(),
    }


def _left_behind(store: Store, settings: TrackedSettings, source_id: int) -> list[datetime]:
    """Where the domains were left that later cycles did not ask for, or did not come to."""
    missing: dict[str, datetime | None] = dict.fromkeys(settings.domains)
    left: list[datetime] = []
    for run in _newest_first(store, source_id):
        reached = _reached(run)
        for domain in [domain for domain in missing if _covers(run.parameters, domain, settings)]:
            left += [position for position in (missing.pop(domain), reached) if position is not None]
        if not missing:
            break
        missing = dict.fromkeys(missing, _moment(run.parameters.get("cursor")))
    return left


def _newest_first(store: Store, source_id: int) -> Iterator[Run]:
    """The last run alone first: nearly always it asked for the same."""
    newest = store.runs.latest(RUN_KIND, 1, source_id=source_id)
    yield from newest
    yield from store.runs.latest(RUN_KIND, _RUNS_LOOKED_AT, source_id=source_id)[len(newest) :]


def _reached(run: Run) -> datetime | None:
    """How far a run came that caught up with what was left behind, and broke off; else the cursor says it."""
    since, cursor = _moment(run.parameters.get("since")), _moment(run.parameters.get("cursor"))
    if since is None or cursor is None or since >= cursor:
        return None
    listed_to, end = _moment(run.counts.get("listed_to")), _moment(run.parameters.get("to"))
    if listed_to is not None and end is not None and listed_to >= end:
        return None
    return max(since, listed_to) if listed_to is not None else since


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _covers(asked: Mapping[str, Any], domain: str, settings: TrackedSettings) -> bool:
    """A cycle that asked for this saw everything of the domain that these settings want."""

    def all_of(wanted: tuple[str, ...], name: str) -> bool:
        listed = asked.get(name) or ()  # nothing: all, also of cycles that did not write it down yet
        return not listed or (bool(wanted) and set(wanted) <= set(listed))

    return (
        domain in asked.get("domains", ())
        and all_of(settings.statuses, "statuses")
        and all_of(settings.routes, "routes")
    )
