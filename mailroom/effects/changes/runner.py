"""Change the tenant, once: gate -> intent -> claim -> look just before -> send -> settle.

The same parameters again are the same wish: what the ledger has recorded is returned, and nothing is sent. A process
killed in between leaves a `sending` row, which counts as unknown and is looked up; what cannot be looked up stays
unknown and is never repeated by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mailroom.effects.changes.looking import contrary_under_way, look_up_changes, settle
from mailroom.effects.changes.model import Change, ChangeGate, Found, OpenChangeGate, Parameters
from mailroom.effects.changes.outcome import ChangeResult, Preview, past_of, result_of
from mailroom.effects.changes.registry import CHANGES
from mailroom.effects.claims import in_time, out_of_time, still_ours, taken_over
from mailroom.errors import (
    AccessError,
    InvalidInputError,
    MailroomError,
    NotFoundError,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE, OPEN_EFFECTS, Action, ActionResult, NewAction
from mailroom.store.owners import process_owner

log = logging.getLogger(__name__)

_ROUNDS = 2  # one attempt, and one more when looking showed that the first did not happen


def change_once(
    client: MimecastClient,
    store: Store,
    change: Change,
    parameters: Mapping[str, Any],
    *,
    tenant: str,
    requested_by: str = "",
    gate: ChangeGate | None = None,
    alert_id: int | None = None,
    again: str = "",
    expires_at: datetime | None = None,
    undoes_id: int | None = None,
    slot: str = "",
    mode: str = "manual",
) -> ChangeResult:
    """Make one change unless the ledger says that it was made.

    Effect: changes the tenant. Twice with the same parameters: the second call sends nothing.

    Args:
        client: Which tenant.
        store: Whose ledger.
        change: Which kind, from `CHANGES`.
        parameters: What the kind takes.
        tenant: Name of the tenant in the store.
        requested_by: Who wants it, for the history.
        gate: The last check; by default open.
        alert_id: Which alert it is about.
        again: Any text names a new wish: the change is made although it was made before.
        expires_at: When its time is over, so that somebody ends it; by default when it ends by itself.
        undoes_id: The action that it takes back.
        slot: Its place in the ledger, for callers with an identity of their own.
        mode: `manual` (a person) or `auto` (a policy; the gate asks for its mode).

    Returns:
        What the ledger says now. An `unknown` outcome has been looked up already.

    Raises:
        InvalidInputError, NotOfferedError: before anything was written or sent.
        RefusedError: the gate is closed, or another process is at it.
        AccessError, TransientError, ResponseError: not sent; the change stays wanted.
    """
    gate = gate or OpenChangeGate()
    wanted = change.checked(parameters)
    new = NewAction(
        tenant=tenant, alert_id=alert_id, kind=change.kind, target=change.target(wanted),
        slot=slot or change.slot(wanted) + (f":{again}" if again else ""), parameters=wanted, mode=mode,
        requested_by=requested_by, expires_at=expires_at or change.expires_at(wanted), undoes_id=undoes_id,
    )  # fmt: skip
    known = store.ledger.in_slot(tenant, new.slot)
    if known is not None and known.state == "applied":
        return result_of(known, recorded=True)
    faultpoint("change.before_gate")
    if reason := gate.closed():
        raise RefusedError(reason)
    if known is None or known.state not in OPEN_EFFECTS:
        change.check_now(client, wanted)
        check_end(client, expires_at)
    return carry_on(client, store, change, store.ledger.intend(new), gate)


def check_end(client: MimecastClient, expires_at: datetime | None) -> None:
    """Raises InvalidInputError: what is made now would be over already. Makes no call."""
    if expires_at is not None and expires_at <= client.now():
        raise InvalidInputError(
            f"the end has passed already ({expires_at:%Y-%m-%d %H:%M} UTC): give a later one, or none"
        )


def carry_on(client: MimecastClient, store: Store, change: Change, action: Action, gate: ChangeGate) -> ChangeResult:
    """Take an action of the ledger to its end. Errors and effect as `change_once`."""
    looked: list[ActionResult] = []
    acted = False
    for attempt in range(_ROUNDS):
        if action.state == "sending":
            store.ledger.adopt_orphans()
            action = store.ledger.get(action.id)
        if action.state == "unknown":
            looked = look_up_changes(client, store, [action])
            action = store.ledger.get(action.id)
        if action.state not in CLAIMABLE or (attempt and action.state == "failed"):
            break
        if reason := gate.closed():
            raise RefusedError(reason)
        if reason := gate.objection(action):
            store.ledger.settle([ActionResult(action.id, "refused", reason, "rail", attempt=action.attempt)])
            break
        claimed = store.ledger.claim([action.id], owner=process_owner("change"))
        if not claimed:
            break
        if other := contrary_under_way(store, change, claimed[0]):  # seen by at least one of two that claim at once
            text = f"action {other.id} ({other.kind}) is about the same and is being sent right now; try again later."
            store.ledger.settle([ActionResult(action.id, "not_applied", text, "busy", attempt=claimed[0].attempt)])
            raise RefusedError(text)
        stop, acted = _attempt(client, store, change, claimed[0], gate), True
        action, looked = store.ledger.get(action.id), []
        if stop is not None:
            raise stop
    else:
        looked = look_up_changes(client, store, [action])
    return _outcome(store, store.ledger.get(action.id), looked, acted=acted)


def preview_change(
    client: MimecastClient, store: Store, change: Change, parameters: Mapping[str, Any], *, tenant: str, again: str = ""
) -> Preview:
    """What a change would do, and what is there now. Effect: reads the tenant; changes and writes nothing.

    Raises:
        InvalidInputError, NotOfferedError: it could not be done.
        MailroomError: the tenant cannot be read.
    """
    wanted = change.checked(parameters)
    change.check_now(client, wanted)
    known = store.ledger.in_slot(tenant, change.slot(wanted) + (f":{again}" if again else ""))
    lines = change.preview(wanted) + ([f"note: {change.note}"] if change.note else [])
    done = known.id if known is not None and known.state == "applied" else None
    return Preview(change.kind, wanted, tuple(lines), change.already(client, wanted), done)


def _outcome(store: Store, action: Action, looked: list[ActionResult], *, acted: bool) -> ChangeResult:
    """What the caller gets to hear.

    Raises:
        RefusedError: somebody else is at it, or another action has its place.
    """
    if action.state == "sending":
        raise RefusedError(f"action {action.id} is being sent by {action.owner} right now; try again later.")
    outcome = result_of(action, recorded=action.state == "applied" and not acted and not looked)
    if action.state in CLAIMABLE and action.retryable:
        held = store.ledger.in_slot(action.tenant, action.slot)
        if held is not None and held.id != action.id:
            raise RefusedError(f"action {action.id} cannot be tried again: action {held.id} has its place by now.")
    if action.state == "unknown" and looked:
        outcome = replace(outcome, detail=f"{action.detail}; {looked[0].detail}", code=looked[0].code)
    return outcome


def _attempt(
    client: MimecastClient, store: Store, change: Change, action: Action, gate: ChangeGate
) -> Exception | None:
    """One attempt of a claimed action, settled; returns the error that the caller has to hear of."""
    stop: Exception | None = None
    try:
        there = change.already(client, action.parameters)
        made = None if there else change.made_before(client, action, store.ledger.now() - action.created_at)
        theirs = _theirs(store, action, there)
        ours, seconds = still_ours(store, [action])
        faultpoint("change.looked")
    except (RejectedError, NotFoundError, InvalidInputError, NotOfferedError) as error:
        result = _failed(action, error)
    except Exception as error:  # noqa: BLE001 - whatever it was: nothing has been sent, and the caller gets to hear it
        stop, result = error, _not_sent(action, error)
    else:
        if there is not None and there.state == "applied":
            result = _as_wanted(action, there)
        elif made is not None:
            result = ActionResult(action.id, "applied", made.detail, result={**action.result, **made.result})
        elif theirs:
            result = ActionResult(action.id, "refused", theirs, "changed_by_hand")
        elif not ours:
            result = taken_over(action)
        elif seconds <= 0:
            result = out_of_time(action)
        elif (shut := _shut(gate, action)) is not None:
            result, stop = shut
        else:
            before = dict(there.result) if there is not None else {}
            if before:
                store.ledger.keep(action.id, action.attempt, before)
            result, stop = _sent(in_time(client, seconds), change, action, before)
    faultpoint("change.before_settle")
    settle(store, change, action, replace(result, attempt=action.attempt))
    faultpoint("change.after_settle")
    return stop


def _shut(gate: ChangeGate, action: Action) -> tuple[ActionResult, Exception] | None:
    """What comes of a gate that was closed since the claim: to look may have taken minutes."""
    try:
        reason = gate.closed()
    except Exception as error:  # noqa: BLE001 - nothing has been sent, and the caller gets to hear it
        return _not_sent(action, error), error
    refused = RefusedError(reason)
    return (_not_sent(action, refused), refused) if reason else None


def _theirs(store: Store, action: Action, there: Found | None) -> str:
    """Why what an action would take back is somebody else's by now; "" when it is ours, or it takes nothing back."""
    if action.undoes_id is None or there is None:
        return ""
    made = store.ledger.get(action.undoes_id)
    change = CHANGES.get(made.kind)
    if change is None:
        return ""
    later = store.ledger.find(made.tenant, kinds=CHANGES, states=("applied",), target=str(there.result.get("id") or ""))
    return change.changed_since(max([made, *later], key=lambda one: one.id), there.result)


def _sent(
    client: MimecastClient, change: Change, action: Action, before: Parameters
) -> tuple[ActionResult, Exception | None]:
    faultpoint("change.before_send")
    try:
        made = change.send(client, action)
    except OutcomeUnknownError as error:
        log.warning("the outcome of action %d (%s) was not seen: %s", action.id, action.kind, error)
        return ActionResult(action.id, "unknown", str(error), "unknown"), None
    except NotFoundError as error:
        if change.gone_is_done():
            return _confirmed(client, change, action, error), None
        return _failed(action, error), None
    except RejectedError as error:
        if change.refused_as_done(error.code):
            return _confirmed(client, change, action, error), None
        return _failed(action, error), None
    except (InvalidInputError, NotOfferedError) as error:
        return _failed(action, error), None
    except (AccessError, TransientError, ResponseError) as error:
        return _not_sent(action, error), error
    except Exception as error:  # noqa: BLE001 - nobody knows whether it was sent; the caller gets to hear it
        text = f"{type(error).__name__} while it was sent: nobody saw the end of it"
        return ActionResult(action.id, "unknown", text, "unknown"), error
    faultpoint("change.after_send")
    text = past_of(change, action.target)
    return ActionResult(action.id, "applied", text, result={**before, **made}), None


def _confirmed(client: MimecastClient, change: Change, action: Action, error: MailroomError) -> ActionResult:
    """The refusal says that it is as wanted: somebody was quicker between the look and the call. Look again."""
    try:
        there = change.already(client, action.parameters)
    except MailroomError as failed:
        return _failed(action, failed)
    if there is not None and there.state == "unknown" and change.gone_is_done():
        return ActionResult(action.id, "already_done", "Mimecast says that it is gone", "gone")
    return _as_wanted(action, there) if there is not None and there.state == "applied" else _failed(action, error)


def _as_wanted(action: Action, there: Found) -> ActionResult:
    return ActionResult(action.id, "already_done", there.detail, there.code, result=there.result)


def _failed(action: Action, error: MailroomError) -> ActionResult:
    code = getattr(error, "code", "") or type(error).__name__
    retryable = not isinstance(error, InvalidInputError | NotOfferedError)
    return ActionResult(action.id, "failed", str(error), code, retryable=retryable)


def _not_sent(action: Action, error: Exception) -> ActionResult:
    name = type(error).__name__
    # Words of an error that is not ours may hold anything.
    return ActionResult(
        action.id, "not_applied", f"not sent: {error if isinstance(error, MailroomError) else name}", name
    )
