"""Taking changes back, and taking up what was put off. An undo is a change like any other, and linked."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from mailroom.effects.changes.looking import replaced_since
from mailroom.effects.changes.model import Change, ChangeGate, OpenChangeGate, UndoWish
from mailroom.effects.changes.outcome import ChangeResult, Preview, result_of
from mailroom.effects.changes.registry import CHANGES, change_of
from mailroom.effects.changes.runner import carry_on, change_once, preview_change
from mailroom.errors import MailroomError, RefusedError
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult

log = logging.getLogger(__name__)

_MOST_ATTEMPTS = 5
_PAGE = 500
_TAKEN_UP_WITHIN = timedelta(days=7)
"""A wish this old is not taken up by itself: what was right then need not be right now."""


def undo_once(
    client: MimecastClient, store: Store, action_id: int, *, requested_by: str = "", gate: ChangeGate | None = None,
    mode: str = "manual",
) -> ChangeResult:  # fmt: skip
    """Take one applied action back, once.

    Effect: changes the tenant. Twice: the second call sends nothing.

    Args:
        client: Which tenant.
        store: Whose ledger.
        action_id: The action.
        requested_by: Who wants it, for the history.
        gate: The last check; by default open.
        mode: `manual` or `auto`.

    Returns:
        The outcome of the change that takes it back.

    Raises:
        NotFoundError: there is no such action.
        RefusedError: it was not applied, or cannot be taken back; the message says what can be done instead.
        MailroomError: as `change_once`.
    """
    action = store.ledger.get(action_id)
    if action.state == "undone":
        return _undone(store, action)
    wish = undo_wish(action)
    return change_once(
        client, store, change_of(wish.kind), wish.parameters, tenant=action.tenant, requested_by=requested_by,
        gate=gate, alert_id=action.alert_id, undoes_id=action.id, slot=f"undo:{action.id}", mode=mode,
    )  # fmt: skip


def preview_undo(client: MimecastClient, store: Store, action_id: int) -> Preview:
    """What taking an action back would do. Effect: reads the tenant. Errors as `undo_once`."""
    action = store.ledger.get(action_id)
    wish = undo_wish(action)
    return preview_change(
        client, store, change_of(wish.kind), wish.parameters, tenant=action.tenant, again=f"undo {action.id}"
    )


def undo_wish(action: Action) -> UndoWish:
    """The change that takes an action back. Raises RefusedError when there is none."""
    if action.state != "applied":
        raise RefusedError(
            f"action {action.id} ({action.kind}) is {action.state}, not applied: there is nothing of ours to take back."
        )
    wish = CHANGES[action.kind].undo(action) if action.kind in CHANGES else None
    if wish is None:
        raise RefusedError(f"action {action.id} ({action.kind}) cannot be taken back from here. {action.undo}")
    return wish


def retry_changes(
    client: MimecastClient, store: Store, *, tenants: Collection[str] | None = None, gate: ChangeGate | None = None
) -> list[ChangeResult]:
    """Take up every change that was wanted and is not made: never begun, or certainly not sent.

    What the product refused is not tried again: somebody has to correct it. Unknown ones are looked up by
    `look_up_changes` first.

    Effect: changes the tenant; each change at most once. One that fails does not stop the others.

    Raises:
        RefusedError: the gate is closed.
    """
    gate = gate or OpenChangeGate()
    if reason := gate.closed():
        raise RefusedError(reason)
    results, now = [], store.ledger.now()
    for action in _put_off(store, tenants):
        change = CHANGES[action.kind]
        if why := _outdated(store, change, action, now):
            outdated = ActionResult(action.id, "refused", why, "outdated", retryable=False, attempt=action.attempt)
            store.ledger.settle([outdated])
            continue
        try:
            results.append(carry_on(client, store, change, action, gate))
        except MailroomError as error:
            log.warning("action %d (%s) was not made: %s", action.id, action.kind, error)
            known = store.ledger.get(action.id)
            results.append(ChangeResult(known.state, known.id, known.kind, known.result, str(error)))
    return results


def _put_off(store: Store, tenants: Collection[str] | None) -> Iterator[Action]:
    """What was wanted and not sent, page by page."""
    after = 0
    while page := store.ledger.to_do(
        _PAGE, after_id=after, kinds=CHANGES, states=("intended", "not_applied"), tenants=tenants,
        max_attempts=_MOST_ATTEMPTS,
    ):  # fmt: skip
        yield from page
        after = page[-1].id


def _outdated(store: Store, change: Change, action: Action, now: datetime) -> str:
    """Why a wish that was put off is not taken up any more."""
    if newer := replaced_since(store, change, action):
        return f"replaced by action {newer.id} ({newer.kind})"
    if action.expires_at is not None and action.expires_at <= now:
        return "its end has passed before it was made"
    if action.updated_at <= now - _TAKEN_UP_WITHIN:
        return f"not made within {_TAKEN_UP_WITHIN.days} days; whoever still wants it has to ask again"
    return ""


def _undone(store: Store, action: Action) -> ChangeResult:
    back = [one for one in store.ledger.undoing(action.id) if one.state in {"applied", "already_done", "undone"}]
    if back:
        return result_of(back[-1], recorded=True)
    raise RefusedError(f"action {action.id} ({action.kind}) is no longer in force: {action.detail}.")
