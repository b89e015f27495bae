"""What a cycle would fetch, and what would become of each message: reads only, stores nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailroom.connectors.message_infos import MessageInfos
from mailroom.connectors.tracked.cycle import tracked_source
from mailroom.connectors.tracked.deciding import Decided, Decider
from mailroom.connectors.tracked.listing import Listing, Windows
from mailroom.connectors.tracked.position import next_span
from mailroom.connectors.tracked.same_message import SameMessages
from mailroom.connectors.tracked.settings import TrackedSettings
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.items import Item

_MOST = 1_000
"""Messages shown when the settings know no limit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preview:
    """One message that the next cycle would take."""

    tracking_id: str
    received_at: datetime | None
    status: str
    sender: str
    recipients: int
    subject: str
    outcome: str
    """`alerted`, `duplicate`, `filtered`, `quarantined` or `gone`, as of now; `tried again` when it cannot be read."""
    reason: str


def preview_tracked(
    client: MimecastClient, store: Store, settings: TrackedSettings, *, tenant: str = ""
) -> list[Preview]:
    """Look at what the next cycle would take, oldest first. Effect: reads tenant and store, changes neither.

    Args:
        client: Which tenant.
        store: What is known already.
        settings: What to fetch; `max_messages` counts here too.
        tenant: As for `ingest_tracked`.

    Raises:
        AccessError, TransientError, ResponseError: the tenant could not be read.
    """
    source, name = tracked_source(client, store, settings, tenant, make=False)
    most = settings.max_messages or _MOST
    items = store.items.pending(source.id, limit=most) if source.id else []
    listing = Listing(client, settings, lambda _text: None)
    fresh: list[Item] = []
    windows = Windows(next_span(client, store, settings, source.id), timedelta(hours=settings.window_hours))
    for window in windows:
        listed = 0
        for page in listing.pages(window):
            listed += len(page)
            keys = [row.external_key for row in page]
            known = store.items.known(source.id, keys) if source.id else set()
            fresh += [
                Item(0, row.external_key, row.content_key, row.received_at, row.raw, 0, None)
                for row in page
                if row.external_key not in known
            ]
        windows.showed(listed)
        if len(items) + len(fresh) >= most:
            break
    taken = [*items, *sorted(fresh, key=lambda item: item.received_at)][:most]
    numbered = [Item(-number, *_rest(item)) for number, item in enumerate(taken, 1)]
    with MessageInfos(client, settings.workers) as infos:
        decider = Decider(settings, infos, SameMessages(store, source.id, infos), name)
        decided = decider.decide(numbered)
    return _rows(numbered, decided)


def _rest(item: Item) -> tuple[str, str, datetime, dict[str, object], int, int | None]:
    return item.external_key, item.content_key, item.received_at, item.raw, item.attempts, item.first_run_id


def _rows(items: list[Item], decided: Decided) -> list[Preview]:
    outcomes = {one.item_id: (one.state, one.reason) for one in decided.settled}
    rows = []
    for item in items:
        record = decided.subjects.get(item.id)
        outcome, reason = outcomes.get(item.id) or ("tried again", decided.failed.get(item.id, ""))
        rows.append(
            Preview(
                record.id if record else item.external_key,
                record.received_at if record else None,
                record.status if record else "",
                (record.from_header.address or record.from_envelope.address) if record else "",
                len(record.to) if record else 0,
                record.subject if record else "",
                outcome,
                reason,
            )
        )
    return rows
