"""Put alerts of every kind into campaigns, and show a campaign. Grouping only: no alert or case is changed by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mailroom.cases.campaign import campaign_of, explain_campaign, parts_of, shared
from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.campaigns import NONE, CampaignRow

CONNECTORS = ("held", "mailbox", "tracked")
"""As they call themselves; importing them here would cost every run that groups alerts the mail library."""
_PAGE = 500
_MOST_RELATED = 10
_MOST_PER_CYCLE = 2_000
_LOOK_BACK = 5_000
"""Alerts before the newest grouped one that are looked at again: some may have become visible late."""


@dataclass(frozen=True)
class CampaignStory:
    """One campaign: what it is, why, what is in it, what else looks like it."""

    row: CampaignRow
    why: list[tuple[str, str]]
    """(what, value); values are hostile data."""
    alerts: list[Alert]
    """The newest ones."""
    cases: list[int]
    related: list[tuple[str, list[str]]]
    """(key of another campaign, what the two share)."""


def group_alerts(store: Store, alerts: Iterable[Alert]) -> int:
    """Work out the campaigns of these alerts and write them down; returns how many are new. Twice is harmless.

    Effect: writes the store.
    """
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    for alert in alerts:
        campaign = campaign_of(parts_of(alert.event))
        found[alert.id] = (campaign.key, campaign.parts) if campaign else (NONE, {})
    return store.campaigns.write(found)


def group_new(store: Store) -> int:
    """Put what came in lately into campaigns; returns how many were looked at. For the end of each cycle of ingestion.

    Effect: writes the store. Twice is harmless. A large backlog is left to later cycles, or to who asks for campaigns.
    """
    return group_all(store, after_id=max(0, store.campaigns.newest() - _LOOK_BACK), most=_MOST_PER_CYCLE)


def group_all(
    store: Store, *, after_id: int = 0, most: int = 0, progress: Callable[[int], None] = lambda _done: None
) -> int:
    """Put every alert that is in no campaign yet into one; returns how many were looked at.

    Effect: writes the store, page by page. Twice is harmless: nothing is left.
    """
    looked_at, after = 0, after_id
    while page := store.campaigns.without(CONNECTORS, after_id=after, limit=_PAGE):
        after = page[-1].id
        group_alerts(store, page)
        faultpoint("campaigns.page")
        looked_at += len(page)
        progress(looked_at)
        if 0 < most <= looked_at:
            break
    return looked_at


def campaign_story(store: Store, text: str, *, most_alerts: int = 20) -> CampaignStory:
    """Everything known about a campaign.

    Args:
        store: Where.
        text: Its key or the beginning of it, or the number of an alert in it.
        most_alerts: Alerts named.

    Raises:
        NotFoundError: there is no such campaign, or the beginning fits several.
    """
    key = _key(store, text.strip())
    ids = store.campaigns.alert_ids(key)
    rows = store.campaigns.list(keys=[key], least=1)
    if not ids or not rows:
        raise NotFoundError(f"No campaign is called {text[:60]!r}; `mailroom campaign list` shows them.")
    row = rows[0]
    known = store.alerts.get_many(ids[:most_alerts])
    cases = sorted({case for many in store.cases.for_alerts(ids).values() for case in many})
    return CampaignStory(
        row=row,
        why=explain_campaign(row.parts),
        alerts=[known[one] for one in ids[:most_alerts] if one in known],
        cases=cases,
        related=_related(store, key, row.parts),
    )


def _key(store: Store, text: str) -> str:
    if text.isascii() and text.isdigit():
        found = store.campaigns.of([int(text)])
        return found[int(text)][0] if int(text) in found else ""
    return store.campaigns.find(text)


def _related(store: Store, key: str, parts: dict[str, Any]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for other, theirs in store.campaigns.latest_parts():
        if other != key and other not in found and (common := shared(parts, theirs)):
            found[other] = common
            if len(found) == _MOST_RELATED:
                break
    return list(found.items())
