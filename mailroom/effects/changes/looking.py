"""Finding out what became of changes whose outcome was not seen: by looking, never by doing them again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from mailroom.effects.changes.model import Change, Ended
from mailroom.effects.changes.outcome import past_of
from mailroom.effects.changes.registry import CHANGES
from mailroom.errors import MailroomError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult

log = logging.getLogger(__name__)

_REPLACEABLE = {"unknown": "failed", "intended": "refused", "not_applied": "refused", "failed": "refused"}


def look_up_changes(
    client: MimecastClient, store: Store, actions: Iterable[Action] | None = None
) -> list[ActionResult]:
    """Resolve changes that are `unknown`, by looking at the tenant.

    Effect: reads the tenant; writes the ledger. Twice is harmless. A look that fails leaves its change as it is.

    Args:
        client: Which tenant.
        store: Whose ledger.
        actions: These; by default every unknown change.

    Returns:
        One result per action: `applied`, `already_done`, `not_applied` (it may be done again), or `unknown` still.
    """
    if actions is None:
        actions = store.ledger.open_effects(states=("unknown",), kinds=CHANGES)
    results: list[ActionResult] = []
    for action in actions:
        if action.state != "unknown" or action.kind not in CHANGES:
            continue
        change = CHANGES[action.kind]
        result = replace(_finding(client, store, change, action), attempt=action.attempt)
        faultpoint("change.before_settle_found")
        if result.state != "unknown":
            result = settle(store, change, action, result)
        results.append(result)
    return results


def settle(store: Store, change: Change, action: Action, result: ActionResult) -> ActionResult:
    """Record the result of one attempt; once it is as wanted, what it takes back, ends or replaces is not in force.

    Returns:
        What counts: the result, or what the ledger says where somebody settled it, or sent it again, meanwhile.
    """
    done = result.state in {"applied", "already_done"}

    def record(tx: Connection) -> ActionResult:
        if store.ledger.settle([result], tx):
            known = store.ledger.get(action.id, tx)
            return ActionResult(known.id, known.state, known.detail, known.code, attempt=known.attempt)
        if done:
            store.ledger.settle(_ended(store, change, store.ledger.get(action.id, tx), tx), tx, who="ledger")
        return result

    return store.run(record)


def _ended(store: Store, change: Change, action: Action, tx: Connection) -> list[ActionResult]:
    found: dict[int, Action] = {}
    if action.undoes_id is not None:
        found[action.undoes_id] = store.ledger.get(action.undoes_id, tx)
    for ended in change.ends(action):
        found |= {old.id: old for old in _older(store, action, ended, tx)}
    results = []
    for old in found.values():
        why = f"{'taken back' if old.id == action.undoes_id else 'replaced'} by action {action.id} ({action.kind})"
        if old.state == "applied":
            results.append(ActionResult(old.id, "undone", why))
        elif old.state in _REPLACEABLE and old.id != action.undoes_id:
            results.append(ActionResult(old.id, _REPLACEABLE[old.state], why, "replaced", retryable=False))
    return results


def _older(store: Store, action: Action, ended: Ended, tx: Connection) -> list[Action]:
    """What was tried before this action was: an old wish may be taken up late."""
    found = store.ledger.find(
        action.tenant, kinds=ended.kinds, states=("applied", *_REPLACEABLE), target=ended.target,
        result_id=ended.result_id, tx=tx,
    )  # fmt: skip
    return [old for old in found if old.id != action.id and tried_at(old) <= tried_at(action)]


def contrary_under_way(store: Store, change: Change, action: Action) -> Action | None:
    """An action that another process is sending at this moment and that contradicts this one."""
    for ended in change.ends(action):
        for other in store.ledger.find(
            action.tenant, kinds=ended.kinds, states=("sending",), target=ended.target, result_id=ended.result_id
        ):
            if other.id != action.id:
                return other
    return None


def replaced_since(store: Store, change: Change, action: Action) -> Action | None:
    """A later change that made the contrary of a wish which was put off."""
    for ended in change.ends(action):
        for other in store.ledger.find(
            action.tenant, kinds=ended.kinds, states=("applied",), target=ended.target, result_id=ended.result_id
        ):
            if other.id != action.id and tried_at(other) > tried_at(action):
                return other
    return None


def tried_at(action: Action) -> datetime:
    """When it was sent last, or wanted."""
    return action.claimed_at or action.created_at


def _finding(client: MimecastClient, store: Store, change: Change, action: Action) -> ActionResult:
    now = store.ledger.now()
    try:
        found = change.look(client, action, now - action.created_at)
    except MailroomError as error:
        log.warning("the outcome of action %d (%s) could not be looked up: %s", action.id, action.kind, error)
        return ActionResult(action.id, "unknown", f"could not be looked up: {error}", type(error).__name__)
    if found.state == "applied":
        state = "already_done" if found.code else "applied"
        detail = found.detail or past_of(change, action.target)
        return ActionResult(action.id, state, detail, found.code, result={**action.result, **found.result})
    if found.state == "not_applied" and now - tried_at(action) < change.absence_tells_after:
        minutes = change.absence_tells_after.total_seconds() / 60
        text = f"{found.detail}; it may still appear: look again {minutes:.0f} minutes after it was sent"
        return ActionResult(action.id, "unknown", text, "too_early")
    return ActionResult(action.id, found.state, found.detail, found.code)
