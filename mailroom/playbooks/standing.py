"""What stands in the ledger where a wish belongs: the same wish is taken up, another one is put aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.intents import SUPERSEDED

_SOON = timedelta(hours=1)
_HALF_A_DAY = timedelta(hours=12)
_BEGUN = ("applied", "sending", "unknown")
_NOT_BEGUN = ("proposed", "intended", "not_applied")


@dataclass(frozen=True, slots=True)
class Standing:
    """At most one of both is set."""

    action: Action | None = None
    """Made, under way, or wanted just like this: its parameters count."""
    superseded: int | None = None
    """An action that was not made and wants another thing: `supersede` it before the new wish is written down."""


def standing(store: Store, tenant: str, slot: str, now: datetime, same: Callable[[Action], bool]) -> Standing:
    """What the ledger has in one place. Effect: reads the store.

    Args:
        store: Whose ledger.
        tenant: Name of the tenant in the store.
        slot: The place.
        now: This instant; what ends within an hour is not worth making any more.
        same: Whether an action that was not made wants what is wanted now.
    """
    known = store.ledger.in_slot(tenant, slot)
    if known is None or known.state in _BEGUN:
        return Standing(known)
    if known.state not in _NOT_BEGUN and not (known.state == "failed" and known.retryable):
        return Standing()
    in_time = known.expires_at is None or known.expires_at > now + _SOON
    return Standing(known) if in_time and same(known) else Standing(superseded=known.id)


def meant_alike(store: Store, known: Action, then: datetime | None, now: datetime | None) -> bool:
    """Whether two times, each counted in days from when it was wanted, were the same number of days.

    Args:
        store: Whose ledger.
        known: The older wish.
        then: The time that it names.
        now: The time that is named now.
    """
    if then is None or now is None:
        return then is now
    between = store.ledger.now() - known.created_at
    return abs(now - then - between) < _HALF_A_DAY


def supersede(store: Store, action_id: int | None, *, who: str = "") -> bool:
    """Close a wish in whose place another one is wanted. Effect: writes the store. Twice is harmless.

    Returns:
        Whether it was open still.
    """
    if action_id is None or store.ledger.get(action_id).state not in (*_NOT_BEGUN, "failed"):
        return False
    why = "something else is wanted in its place by now: an approval given for it is void"
    return not store.ledger.settle([ActionResult(action_id, "refused", why, SUPERSEDED, retryable=False)], who=who)
