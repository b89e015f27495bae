"""Carry out actions on held messages, each at most once.

For every action the order is: gate (kill switch, denials) -> claim (a committed `sending` row) -> look whether the
message is still held -> is it wanted still, and the claim ours? -> send (`sending.py`) -> settle. What is no longer
held is explained after the others have been sent, one by one: that one of them cannot be explained hinders none of its
neighbours. A process killed in between leaves a `sending` row, which counts as unknown. Unknown is resolved by looking
(`reconcile`), and only a message that is seen in the hold queue may be tried again.

Effect: changes the tenant. Calling it twice with the same actions changes nothing the second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mailroom.chunks import chunks
from mailroom.effects.absent import found_absent, looked_up, still_held_result
from mailroom.effects.gate import Gate, OpenGate
from mailroom.effects.look import HeldRef, still_held
from mailroom.effects.sending import not_sent, send_all
from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE, Action, ActionResult

BATCH = 25
"""Actions per call of the product; one call answers for each item separately."""
OnSettled = Callable[[list[ActionResult]], None]


def carry_out(
    client: MimecastClient,
    store: Store,
    action_ids: Sequence[int],
    *,
    owner: str,
    gate: Gate | None = None,
    batch: int = BATCH,
    on_settled: OnSettled = lambda _results: None,
) -> list[ActionResult]:
    """Carry out the actions that the ledger still wants done; the others are left alone.

    Args:
        client: Which tenant.
        store: Whose ledger.
        action_ids: Rows of the ledger. Applied, unknown and foreign rows are skipped.
        owner: Who claims them; a claim of a dead owner is adopted by `reconcile`.
        gate: Last check before the effect; what it objects to is settled as refused.
        batch: Items per call.
        on_settled: Told the results of each batch.

    Returns:
        One result per action that was claimed.

    Raises:
        RefusedError: the gate is closed; what was not done yet stays intended.
        AccessError, TransientError: the tenant refused or could not be reached; the actions of this batch are
            settled as not applied, the later ones stay intended.
    """
    gate = gate or OpenGate()
    results: list[ActionResult] = []
    for chunk in chunks(action_ids, batch):
        faultpoint("effect.before_claim")
        if reason := gate.closed():
            rest = len(action_ids) - len(results)
            msg = f"{reason} {'1 action stays' if rest == 1 else f'{rest} actions stay'} undone."
            raise RefusedError(msg)
        refused, events = _ask(store, chunk, gate)
        results += refused
        claimed = store.ledger.claim(list(events), owner=owner) if events else []
        if not claimed:
            continue
        done, stop = _one_batch(client, store, claimed, events, gate)
        faultpoint("effect.before_settle")
        done = _record(store, claimed, done)
        faultpoint("effect.after_settle")
        unknown = [result.action_id for result in done if result.state == "unknown"]
        if unknown and stop is None:
            found = {result.action_id: result for result in reconcile(client, store, unknown)}
            done = [found.get(result.action_id, result) for result in done]
        results += done
        on_settled(done)
        if stop is not None:
            raise stop
    return results


def reconcile(client: MimecastClient, store: Store, action_ids: Sequence[int]) -> list[ActionResult]:
    """Find out what became of actions whose outcome was not seen.

    Effect: reads the tenant; writes the ledger. Twice is harmless.

    Returns:
        One result per action: `applied`, `not_applied` (still held: may be tried again), `already_done` (somebody
        else was first, or the message expired), or `unknown` still, with what stands in the way of knowing.
    """
    results: list[ActionResult] = []
    for chunk in chunks(action_ids, BATCH):
        actions = [action for action in store.ledger.get_many(chunk).values() if action.state == "unknown"]
        refs = _refs(store, actions)
        present = still_held(client, list(refs.values()))
        alike = Counter(refs[action.id].looks for action in actions if action.target not in present)
        used: set[str] = set()
        found: list[ActionResult] = []
        for action in actions:
            if action.target in present:
                found.append(still_held_result(action))
                continue
            ref = refs[action.id]
            found.append(looked_up(client, store, action, ref, alike=alike[ref.looks], used=used))
            used |= {str((found[-1].result or {}).get("id", ""))}
        faultpoint("reconcile.before_settle")
        known = [result for result in found if result.state != "unknown"]
        results += _record(store, actions, known) + [result for result in found if result.state == "unknown"]
    return results


def _record(store: Store, seen: list[Action], results: list[ActionResult]) -> list[ActionResult]:
    """Settle the results of these attempts; where somebody settled or claimed first, what the ledger says counts."""
    attempts = {action.id: action.attempt for action in seen}
    results = [replace(result, attempt=attempts[result.action_id]) for result in results]
    ignored = set(store.ledger.settle(results))
    if not ignored:
        return results
    recorded = store.ledger.get_many(ignored)
    return [
        ActionResult(known.id, known.state, known.detail, known.code)
        if (known := recorded.get(result.action_id))
        else result
        for result in results
    ]


def _ask(store: Store, action_ids: Sequence[int], gate: Gate) -> tuple[list[ActionResult], dict[int, dict[str, Any]]]:
    """The refusals among these actions, settled; of those that pass, what happened to their messages, by id."""
    actions = [action for action in store.ledger.get_many(action_ids).values() if action.state in CLAIMABLE]
    events = _events(store, actions)
    refused = [
        ActionResult(action.id, "refused", text, "rail")
        for action in actions
        if (text := gate.objection(action, events[action.id]))
    ]
    kept = {result.action_id for result in refused}
    if refused:
        # What another process began to send meanwhile is its own, and no refusal of ours.
        refused = [result for result in _record(store, actions, refused) if result.state == "refused"]
    return refused, {action.id: events[action.id] for action in actions if action.id not in kept}


def _one_batch(
    client: MimecastClient, store: Store, claimed: list[Action], events: dict[int, dict[str, Any]], gate: Gate
) -> tuple[list[ActionResult], Exception | None]:
    """Results for every claimed action, and the error that should end the whole thing, if any."""
    try:
        refs = {action.id: HeldRef.of(events[action.id]) for action in claimed}
        present = still_held(client, list(refs.values()))
        faultpoint("effect.rechecked")
    except Exception as error:  # noqa: BLE001 - whatever it was: nothing has been sent, and the caller gets to hear it
        return [not_sent(action, error) for action in claimed], error
    ready = [action for action in claimed if action.target in present]
    results, stop = send_all(client, store, ready, refs, gate)
    results = _look_at_refusals(client, store, results, ready, refs)
    for action in claimed:
        if action.target in present:
            continue
        if stop is None:
            try:
                results.append(found_absent(client, store, action, refs[action.id]))
            except Exception as error:  # noqa: BLE001 - the results of the others have to be recorded
                stop = error
            else:
                continue
        results.append(not_sent(action, stop))
    return results, stop


def _look_at_refusals(
    client: MimecastClient, store: Store, results: list[ActionResult], sent: list[Action], refs: dict[int, HeldRef]
) -> list[ActionResult]:
    """A refusal may mean that somebody was quicker between the look and the call: look again."""
    refused = {result.action_id for result in results if result.state == "failed"}
    suspects = [action for action in sent if action.id in refused]
    if not suspects:
        return results
    try:
        present = still_held(client, [refs[action.id] for action in suspects])
        absent = [action for action in suspects if action.target not in present]
        found = {action.id: found_absent(client, store, action, refs[action.id]) for action in absent}
    except Exception:  # noqa: BLE001 - whatever it was, the results of the others have to be recorded
        return results  # the refusal stands; Retry looks again
    gone = {known: result for known, result in found.items() if result.state == "already_done"}
    return [gone.get(result.action_id, result) for result in results]


def _refs(store: Store, actions: Sequence[Action]) -> dict[int, HeldRef]:
    return {known: HeldRef.of(event) for known, event in _events(store, actions).items()}


def _events(store: Store, actions: Sequence[Action]) -> dict[int, dict[str, Any]]:
    wanted = {action.id: action.alert_id for action in actions if action.alert_id is not None}
    alerts = store.alerts.get_many(set(wanted.values()))
    missing = [action.id for action in actions if wanted.get(action.id) not in alerts]
    if missing:
        msg = f"actions {missing} belong to no stored alert; the ledger is damaged: run `mailroom check`."
        raise RefusedError(msg)
    return {known: alerts[alert_id].event for known, alert_id in wanted.items()}
