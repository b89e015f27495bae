"""Acting on held messages through ledger and rails: one message on request, or everything that is wanted.

Effect: changes the tenant, each message at most once, however often it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from mailroom.effects.carry_out import OnSettled, carry_out, reconcile
from mailroom.effects.disposition_parameters import check_parameters
from mailroom.effects.kinds import KINDS, RELEASE_TO_SANDBOX, slot
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mimecast import MimecastClient
from mailroom.playbooks.tenants import is_another, names_of
from mailroom.store import Store
from mailroom.store.actions import OPEN_EFFECTS, Action, ActionResult, NewAction
from mailroom.store.alerts import Alert
from mailroom.store.intents import SUPERSEDED
from mailroom.store.owners import process_owner

if TYPE_CHECKING:
    from mailroom.playbooks.gate import PolicyGate
    from mailroom.playbooks.policy import Policy

_TO_SEND = ("intended", "not_applied", "failed")
_ROUNDS = 2  # one attempt, and one more when looking showed that the first did not happen


@dataclass
class Desk:
    """What a playbook works with: a tenant, a store, and the policy as it is at the moment of asking."""

    client: MimecastClient
    store: Store
    policy: Callable[[], Policy]
    owner: str = field(default_factory=lambda: process_owner("desk"))

    def gate(self) -> PolicyGate:
        """The last check before an effect."""
        from mailroom.playbooks.gate import PolicyGate  # whoever only looks does without the rules

        return PolicyGate(self.policy, self.store)


def dispose(
    desk: Desk, kind: str, message_id: str, parameters: dict[str, Any], *, requested_by: str = "analyst"
) -> ActionResult:
    """Release or reject one held message, once.

    An equal action that people want already is taken up (that is how a failed step is retried); one of the same kind
    with other parameters that was not applied is withdrawn, and so is whatever could not be sent so far, or triage
    wanted by itself and nobody has sent; one that is applied is reported as applied.

    Args:
        desk: Tenant, store and policy.
        kind: `release`, `release_to_sandbox` or `reject`.
        message_id: Alert id, hold id or tracking id of an ingested message.
        parameters: What the action needs beyond the message.
        requested_by: Who wants it, for the history.

    Raises:
        NotFoundError: no alert has this id.
        InvalidInputError: not about one held message, or a parameter cannot be meant; nothing was written.
        RefusedError: the ledger holds a contrary action, the message is another tenant's, or the kill switch is on.
    """
    alert = held_alert(desk.store, message_id)
    refuse_another(desk, alert.tenant)
    return _carry_through(desk, _wanted(desk.store, alert, kind, parameters, requested_by))


def carry_out_action(desk: Desk, action_id: int) -> ActionResult:
    """Carry out one action that the ledger wants; one that it does not want any more is left alone, and said.

    Args:
        desk: Tenant, store and policy.
        action_id: The action, as triage named it.

    Raises:
        NotFoundError: no such action.
        RefusedError: the kill switch is on, it is another tenant's, or somebody is sending it.
    """
    action = desk.store.ledger.get(action_id)
    refuse_another(desk, action.tenant)
    return _carry_through(desk, action)


def _carry_through(desk: Desk, action: Action) -> ActionResult:
    result = _result_of(action)
    gate = desk.gate()
    for _ in range(_ROUNDS):
        looked_up = _take_over(desk, action) if action.state in OPEN_EFFECTS else []
        done = carry_out(desk.client, desk.store, [action.id], owner=desk.owner, gate=gate)
        action = desk.store.ledger.get(action.id)
        result = (done or looked_up or [_result_of(action)])[0]
        if action.state not in {"not_applied", "unknown"}:
            break
    return _result_of(action) if result.state != action.state else result


def carry_out_wanted(
    desk: Desk, action_ids: list[int], *, on_settled: OnSettled = lambda _results: None
) -> list[ActionResult]:
    """Carry out many actions in batches; what looking shows as not applied is tried once more.

    Raises:
        RefusedError: one of them is another tenant's, and nothing was done; or the kill switch is on.
        AccessError, TransientError: the tenant refused or could not be reached.
    """
    for tenant in sorted({action.tenant for action in desk.store.ledger.get_many(action_ids).values()}):
        refuse_another(desk, tenant)
    results = {r.action_id: r for r in _round(desk, action_ids, on_settled)}
    again = [known for known, result in results.items() if result.state == "not_applied" and not result.code]
    if again:
        results |= {r.action_id: r for r in _round(desk, again, on_settled)}
    return list(results.values())


def look_up_unknown(desk: Desk, *, all_owners: bool = False) -> list[ActionResult]:
    """Resolve every action of this tenant whose outcome nobody saw, by looking: held mail, and other changes.

    Args:
        desk: Tenant, store and policy.
        all_owners: Also take over actions that another process seems to be sending; only when no run is under way.
    """
    if all_owners:
        desk.store.ledger.adopt_orphans(alive=lambda _owner: False)
    else:
        desk.store.ledger.adopt_orphans()
    if not desk.store.ledger.open_effects(states=("unknown",), limit=1):
        return []
    from mailroom.effects.changes import CHANGES, look_up_changes  # slow to import, and seldom needed

    unknown = desk.store.ledger.open_effects(states=("unknown",), kinds=KINDS)
    others = {name for name in {action.tenant for action in unknown} if is_another(desk.client, desk.store, name)}
    found = reconcile(desk.client, desk.store, [action.id for action in unknown if action.tenant not in others])
    changed = desk.store.ledger.open_effects(states=("unknown",), kinds=CHANGES)
    if changed:
        names = names_of(desk.client, desk.store)  # a store may hold changes of several tenants
        found += look_up_changes(desk.client, desk.store, [action for action in changed if action.tenant in names])
    return found


def refuse_another(desk: Desk, tenant: str) -> None:
    """Let nothing be done to, or be concluded about, a message of another tenant than the desk's. Effect: reads.

    Raises:
        RefusedError: it is another's.
    """
    if is_another(desk.client, desk.store, tenant):
        raise RefusedError(f"The message is held for the tenant {tenant}: use its credentials to act on it.")


def _round(desk: Desk, action_ids: list[int], on_settled: OnSettled) -> list[ActionResult]:
    return carry_out(desk.client, desk.store, action_ids, owner=desk.owner, gate=desk.gate(), on_settled=on_settled)


def held_alert(store: Store, message_id: str) -> Alert:
    """The alert that somebody means who wants to release or reject: where message tracking made one, the hold queue's.

    Raises:
        NotFoundError: none fits.
        InvalidInputError: several copies are held; the message names their alerts.
    """
    alert = store.alerts.find_one(message_id)
    if alert.hold_id or not alert.tracking_id:
        return alert
    same = store.alerts.find_one(alert.tracking_id)
    return same if same.hold_id else alert


def check_wish(alert: Alert, kind: str, parameters: Mapping[str, Any]) -> None:
    """Whether such a wish can be meant at all; reads and writes nothing.

    Raises:
        InvalidInputError: no such effect, the alert is not about a held message, or a parameter cannot be meant.
    """
    if kind not in KINDS:
        msg = f"{kind!r} is not an effect on a held message; choose one of {', '.join(KINDS)}."
        raise InvalidInputError(msg)
    if not alert.hold_id:
        msg = f"alert {alert.id} is not about a held message; there is nothing to {kind}."
        if alert.event.get("status") == "held":
            msg = (
                f"alert {alert.id} came in by message tracking, and its message not yet from the hold queue: take that "
                f"in first (`mailroom ingest held`), then {kind} it by the same id."
            )
        raise InvalidInputError(msg)
    if kind == RELEASE_TO_SANDBOX.name and not alert.tracking_id:
        raise InvalidInputError(
            f"alert {alert.id} has no tracking id, which a release to the sandbox needs: release it without the "
            "sandbox, or in the administration console"
        )
    check_parameters(parameters)


def standing_wish(store: Store, new: NewAction) -> Action | None:
    """The row that stands for this wish already: one that is done or being sent, or an equal one that may be. Reads."""
    known = store.ledger.for_alert(new.alert_id or 0)
    held = any(one.is_live and one.slot == new.slot and one.digest != new.digest for one in known)
    for action in reversed(known):
        unsent = action.state in _TO_SEND
        equal = action.digest == new.digest and not gives_way(action) and not held
        taken_up = equal if unsent else action.is_live
        if action.kind == new.kind and taken_up:
            return action
    return None


def gives_way(action: Action) -> bool:
    """Whether it is a disposition that triage wanted by itself and nobody has sent: what a person wants goes before."""
    by_itself = action.mode == "auto" and action.approval_id is None
    return by_itself and action.kind in KINDS and action.state in _TO_SEND


def _waits(action: Action) -> bool:
    """Whether it is a disposition that could not be sent, and would be tried again."""
    return action.kind in KINDS and action.state in _TO_SEND and not action.is_live


def new_disposition(alert: Alert, kind: str, parameters: Mapping[str, Any], requested_by: str) -> NewAction:
    """A person's wish as the ledger would take it; writes nothing."""
    wanted = dict(parameters)
    if kind == RELEASE_TO_SANDBOX.name:
        wanted["tracking_id"] = alert.tracking_id
    hold_id = alert.hold_id or ""
    return NewAction(
        tenant=alert.tenant, alert_id=alert.id, kind=kind, target=hold_id, slot=slot(hold_id), parameters=wanted,
        mode="manual", requested_by=requested_by,
    )  # fmt: skip


def _wanted(store: Store, alert: Alert, kind: str, parameters: dict[str, Any], requested_by: str) -> Action:
    """The ledger row that stands for this wish: one that is there, or a new intent."""
    check_wish(alert, kind, parameters)
    new = new_disposition(alert, kind, parameters, requested_by)
    if (standing := standing_wish(store, new)) is not None:
        return standing
    again = f"withdrawn: {requested_by} wants the same with other parameters"
    instead = f"withdrawn: {requested_by} wants {kind}"
    older = [
        ActionResult(
            action.id, "refused", again if action.kind == kind and not gives_way(action) else instead, SUPERSEDED,
            retryable=False, attempt=action.attempt,
        )
        for action in store.ledger.for_alert(alert.id)
        if gives_way(action) or (action.state in _TO_SEND and (action.kind == kind or _waits(action)))
    ]  # fmt: skip

    def replace(tx: Connection) -> Action:
        store.ledger.settle(older, tx, who=requested_by)  # an older wish must not speak for this one
        return store.ledger.intend(new, tx)

    return store.run(replace)


def _take_over(desk: Desk, action: Action) -> list[ActionResult]:
    """Look up an action that somebody sent; refuse if that somebody is still at it."""
    if action.state == "sending":
        adopted = {orphan.id for orphan in desk.store.ledger.adopt_orphans()}
        if action.id not in adopted and desk.store.ledger.get(action.id).state == "sending":
            msg = f"{action.kind} of this message is being sent by {action.owner} right now; try again in a minute."
            raise RefusedError(msg)
    return reconcile(desk.client, desk.store, [action.id])


def _result_of(action: Action) -> ActionResult:
    return ActionResult(action.id, action.state, action.detail, action.code)
