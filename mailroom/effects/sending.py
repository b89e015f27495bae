"""Sending what was claimed: as few calls as the product allows, each looked at once more right before it goes."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from mailroom.effects.claims import in_time, out_of_time, still_ours, taken_over
from mailroom.effects.copies import unwanted_copies
from mailroom.effects.gate import Gate
from mailroom.effects.kinds import KINDS, RELEASE, RELEASE_TO_SANDBOX
from mailroom.effects.look import HeldRef
from mailroom.errors import (
    AccessError,
    InvalidInputError,
    MailroomError,
    NotFoundError,
    NotOfferedError,
    RefusedError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient, held
from mailroom.mimecast.outcomes import EffectUnknownError, Outcome
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult
from mailroom.store.intents import SUPERSEDED

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Left:
    """What of a call may still be sent, and the results of what may not."""

    ours: list[Action]
    results: list[ActionResult]
    seconds: float = 0.0
    """How long the call may last."""
    stop: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came of a call."""

    results: list[ActionResult]
    stop: Exception | None = None
    one_by_one: bool = False
    """Refused as a whole, perhaps because of one of them: one at a time tells which."""


def send_all(
    client: MimecastClient, store: Store, ready: list[Action], refs: dict[int, HeldRef], gate: Gate
) -> tuple[list[ActionResult], Exception | None]:
    """Results for all of these claimed actions, and the error that ended it, if any.

    Effect: changes the tenant. Nothing is recorded here but what is refused at the last moment.

    Args:
        client: Which tenant.
        store: Whose ledger.
        ready: Claimed actions whose messages are held.
        refs: What is known of each message, by action.
        gate: Asked right before each call.
    """
    results: list[ActionResult] = []
    stop: Exception | None = None
    calls = deque(_calls(ready))
    while calls:
        kind, parameters, actions = calls.popleft()
        if stop is not None:
            results += [not_sent(action, stop) for action in actions]
            continue
        left = _right_before(store, actions, gate)
        results += left.results
        stop = left.stop
        if not left.ours:
            continue
        sent = _one_call(client, store, kind, parameters, left, refs)
        results += sent.results
        stop = sent.stop
        if sent.one_by_one:
            calls.extendleft((kind, parameters, [action]) for action in reversed(left.ours))
    return results, stop


def not_sent(action: Action, error: Exception) -> ActionResult:
    """The result of an action that an error kept from being sent."""
    name = type(error).__name__
    # Words of an error that is not ours may hold anything.
    return ActionResult(
        action.id, "not_applied", f"not sent: {error if isinstance(error, MailroomError) else name}", name
    )


def _right_before(store: Store, actions: list[Action], gate: Gate) -> _Left:
    """Is the gate still open, is each of these wanted still, and its claim still ours?"""
    try:
        closed = gate.closed()
        withdrawn = [] if closed else _withdraw(store, actions, gate.outdated(actions))
        ours, seconds = still_ours(store, actions)
    except Exception as error:  # noqa: BLE001 - nothing has been sent, and the caller gets to hear it
        return _Left([], [not_sent(action, error) for action in actions], stop=error)
    if closed:
        refused = RefusedError(closed)
        return _Left([], [not_sent(action, refused) for action in actions], stop=refused)
    gone = {result.action_id for result in withdrawn}
    results = [*withdrawn, *(taken_over(one) for one in actions if one not in ours and one.id not in gone)]
    if seconds <= 0:
        return _Left([], results + [out_of_time(action) for action in ours])
    return _Left(ours, results, seconds)


def _withdraw(store: Store, actions: Sequence[Action], why: Mapping[int, str]) -> list[ActionResult]:
    """Refuse what nobody wants any more, at once: what is sent beside it must not count on it. It is judged again."""
    results = [
        ActionResult(one.id, "refused", why[one.id], SUPERSEDED, retryable=False, attempt=one.attempt)
        for one in actions
        if one.id in why
    ]

    def write(tx: Connection) -> None:
        others = set(store.ledger.settle(results, tx))
        ours = [one for one in actions if one.id in why and one.id not in others]
        store.verdicts.retire([one.alert_id for one in ours if one.alert_id is not None], tx)

    if results:
        store.run(write)
    return results


def _one_call(
    client: MimecastClient, store: Store, kind: str, parameters: dict[str, object], left: _Left,
    refs: dict[int, HeldRef],
) -> _Sent:  # fmt: skip
    """One call of the product, and what it says about each action."""
    actions = left.ours
    try:
        if kind == RELEASE_TO_SANDBOX.name:
            _check_copies(client, store, str(parameters["tracking_id"]), actions, refs)
        outcomes = _send(in_time(client, left.seconds), kind, parameters, actions)
    except EffectUnknownError as error:
        log.warning("the outcome of %d x %s was not seen: %s", len(error.unknown), kind, error)
        return _Sent(_results(actions, error.outcomes, str(error)))
    except (InvalidInputError, NotOfferedError) as error:  # nothing was sent, and trying again cannot help
        text, code = str(error), type(error).__name__
        return _Sent([ActionResult(action.id, "failed", text, code, retryable=False) for action in actions])
    except (RejectedError, NotFoundError) as error:
        if len(actions) > 1 and kind != RELEASE_TO_SANDBOX.name:
            return _Sent([], one_by_one=True)
        code = getattr(error, "code", "") or type(error).__name__
        return _Sent([ActionResult(action.id, "failed", str(error), code) for action in actions])
    except (AccessError, TransientError, ResponseError) as error:
        return _Sent([not_sent(action, error) for action in actions], error)
    except Exception as error:  # noqa: BLE001 - nobody knows whether it was sent; the caller gets to hear it
        return _Sent(
            _results(actions, {}, f"{type(error).__name__} while it was sent: nobody saw the end of it"), error
        )
    return _Sent(_results(actions, outcomes, "the answer names no result for this message"))


def _results(actions: list[Action], outcomes: Mapping[str, Outcome], unknown: str) -> list[ActionResult]:
    """What the product said about each message; where it said nothing, `unknown` says why."""
    return [
        _settled(action, outcomes[action.target])
        if action.target in outcomes
        else ActionResult(action.id, "unknown", unknown, "unknown")
        for action in actions
    ]


def _check_copies(
    client: MimecastClient, store: Store, tracking_id: str, actions: list[Action], refs: dict[int, HeldRef]
) -> None:
    """Raises RejectedError: the call would free copies of people whom nobody has decided about."""
    number = unwanted_copies(client, store, tracking_id, refs[actions[0].id], {action.target for action in actions})
    if number:
        what = "a copy of another recipient is" if number == 1 else f"copies of {number} other recipients are"
        raise RejectedError(
            f"not sent: {what} held too, and a release to the sandbox frees every copy. Ask for it for each of them: "
            "it is sent with the last one. Or release this copy without the sandbox",
            "other_recipients",
        )


def _calls(actions: list[Action]) -> Iterator[tuple[str, dict[str, object], list[Action]]]:
    """Actions that one call of the product can carry: same kind, same parameters."""
    groups: dict[tuple[str, str], list[Action]] = defaultdict(list)
    for action in actions:
        groups[action.kind, repr(sorted(action.parameters.items()))].append(action)
    for (kind, _), members in groups.items():
        yield kind, dict(members[0].parameters), members


def _send(
    client: MimecastClient, kind: str, parameters: dict[str, object], actions: list[Action]
) -> dict[str, Outcome]:
    targets = [action.target for action in actions]
    faultpoint("effect.before_send")
    if kind == RELEASE.name:
        outcomes = held.hold_release(client, targets)
    elif kind == RELEASE_TO_SANDBOX.name:
        outcome = held.release_to_sandbox(client, str(parameters["tracking_id"]))  # of all copies of the message
        outcomes = dict.fromkeys(targets, outcome)
    else:
        outcomes = held.hold_reject(
            client,
            targets,
            note=str(parameters.get("note", "")),
            reason=str(parameters.get("reason", "Select One")),
            notify_sender=parameters.get("notify_sender") is True,
        )
    faultpoint("effect.after_send")
    return outcomes


def _settled(action: Action, outcome: Outcome) -> ActionResult:
    if outcome.ok:
        kind = KINDS[action.kind]
        return ActionResult(action.id, "applied", kind.past, handling=kind.handling)
    return ActionResult(action.id, "failed", outcome.message, outcome.code)
