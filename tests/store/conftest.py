"""A small world for the store: one source, items, alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mailroom.store import NewAction, NewAlert, Settled, Source, StagedItem, Store

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class World:
    """Shorthands for what most tests need first."""

    start = START

    def __init__(self, store: Store) -> None:
        self.store = store
        self.source: Source = store.sources.ensure("northwind", "held", "hold queue", "1.0")

    def staged(self, number: int) -> StagedItem:
        """The listing entry with this number."""
        return StagedItem(
            f"hold-{number}", f"content-{number}", START + timedelta(seconds=number), {"id": f"hold-{number}"}
        )

    def stage(self, numbers: Sequence[int]) -> None:
        """List entries."""
        self.store.items.stage(self.source.id, None, [self.staged(number) for number in numbers])

    def new_alert(self, key: str, sender: str = "ann@fabrikam.example", at: datetime = START) -> NewAlert:
        """An alert about to be stored."""
        return NewAlert(
            external_key=key, tenant="northwind", title="Invoice", sender=sender,
            sender_domain=sender.rpartition("@")[2], recipient="clara.lindqvist@northwind.example", received_at=at,
            seed_priority=40, priority=40, event={"schema": 1}, hold_id=key, tracking_id=f"track-{key}",
        )  # fmt: skip

    def alerts(self, count: int, sender: str = "ann@fabrikam.example") -> list[int]:
        """Store `count` alerts; returns their ids."""
        first = sum(self.store.items.counts().values())
        self.stage(range(first, first + count))
        pending = self.store.items.pending(self.source.id, limit=count)
        self.store.items.settle(
            self.source.id, None,
            [
                Settled(item.id, "alerted", alert=self.new_alert(item.external_key, sender, item.received_at))
                for item in pending
            ],
        )  # fmt: skip
        return [self.store.alerts.find(item.external_key).id for item in pending]

    def action(self, alert_id: int, kind: str = "release", **changes: object) -> NewAction:
        """A wish to do something about an alert."""
        values: dict[str, object] = {
            "tenant": "northwind", "alert_id": alert_id, "kind": kind, "target": f"hold-{alert_id}",
            "slot": f"disposition:hold-{alert_id}", "requested_by": "triage",
        }  # fmt: skip
        return NewAction(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def world(store: Store) -> World:
    """The small world, on both databases."""
    return World(store)


@pytest.fixture
def make_world() -> Callable[[Store], World]:
    """For tests that open stores themselves."""
    return World
