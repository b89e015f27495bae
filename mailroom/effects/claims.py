"""Right before a call: is what was claimed still ours, and how long may the call last?

A claim as old as `ORPHANED_AFTER` is taken over by others, who look and then do it again. So a call has to end before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.ledger import ORPHANED_AFTER

_MARGIN = timedelta(minutes=1)  # for writing the result down


def still_ours(store: Store, claimed: Sequence[Action]) -> tuple[list[Action], float]:
    """Those of these claims that nobody has taken over, and how many seconds a call for them may last.

    Effect: reads the ledger. The seconds may be negative.
    """
    known = store.ledger.get_many(action.id for action in claimed)
    ours = [action for action in claimed if _same_claim(action, known.get(action.id))]
    now = store.ledger.now()
    oldest = min((action.claimed_at or now for action in claimed), default=now)
    return ours, (oldest + ORPHANED_AFTER - _MARGIN - now).total_seconds()


def in_time(client: MimecastClient, seconds: float) -> MimecastClient:
    """The client, with calls that last no longer than this."""
    return client if seconds >= client.default_deadline else client.within(seconds)


def taken_over(action: Action) -> ActionResult:
    """The result of a claim that is not ours any more; it was not sent by us."""
    return ActionResult(action.id, "not_applied", "not sent: another process has taken it over", "taken_over")


def out_of_time(action: Action) -> ActionResult:
    """The result of a claim that has become too old to be sent."""
    text = "not sent: what came before it took too long; the next run takes it up"
    return ActionResult(action.id, "not_applied", text, "out_of_time")


def _same_claim(action: Action, known: Action | None) -> bool:
    return known is not None and (known.state, known.attempt, known.owner) == ("sending", action.attempt, action.owner)
