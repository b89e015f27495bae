"""Carrying out what was approved: once, through the ledger, with a last look at each action; killed, it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mailroom.effects.carry_out import OnSettled, reconcile
from mailroom.effects.changes import CHANGES, change_of
from mailroom.effects.changes.runner import carry_on
from mailroom.effects.kinds import KINDS
from mailroom.errors import AccessError, MailroomError, RefusedError, ResponseError, TransientError
from mailroom.faults import faultpoint
from mailroom.playbooks import act
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.binding import bind
from mailroom.playbooks.approvals.by_mail import take_answer
from mailroom.playbooks.approvals.deciding import look
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.tenants import is_another, tenant_of
from mailroom.redact import without_mailboxes
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE, OPEN_EFFECTS, Action
from mailroom.store.approval_rows import GRANTED, USED, StoredApproval

_WELL = frozenset({"applied", "already_done"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action of an approval."""

    action_id: int
    alert_id: int | None
    kind: str
    state: str
    detail: str

    def row(self) -> dict[str, Any]:
        """For tables: nobody's address."""
        return {
            "action": self.action_id, "alert": self.alert_id or "", "kind": self.kind, "state": self.state,
            "detail": harmless(without_mailboxes(self.detail), 200),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an approval."""

    approval: StoredApproval
    outcomes: tuple[Outcome, ...] = ()

    @property
    def failed(self) -> list[Outcome]:
        """What is neither done nor void nor forbidden: carrying out again takes it up."""
        return [one for one in self.outcomes if one.state not in _WELL | {"refused", "proposed"}]

    def counts(self) -> dict[str, int]:
        """Actions by state."""
        states = [one.state for one in self.outcomes]
        return {state: states.count(state) for state in sorted(set(states))}


def carry_out_approved(desk: Desk, approval_id: int, *, on_settled: OnSettled = lambda _results: None) -> Report:
    """Do what was approved.

    Effect: changes the tenant, each action once. Twice, or after a kill, it does what is missing.

    Args:
        desk: Tenant, store and policy.
        approval_id: A granted approval, or one that was used and whose actions are not all done.
        on_settled: Told the results of each batch of held messages.

    Raises:
        RefusedError: Nobody has approved it, its time is over, all of it has changed, it is another tenant's, or the
            kill switch is on.
        AccessError, TransientError, ResponseError: The tenant cannot be reached; what is missing stays wanted.
    """
    if _is_anothers(desk, known := desk.store.approvals.get(approval_id)):
        raise RefusedError(
            f"Approval {approval_id} is about the tenant {known.tenant}: use its credentials to carry it out."
        )
    used = _use(desk, approval_id)
    members = desk.store.approvals.members(approval_id)
    actions = [
        one
        for one in desk.store.ledger.get_many([member.action_id for member in members]).values()
        if one.approval_id == approval_id
    ]
    _dispositions(desk, [one for one in actions if one.kind in KINDS], on_settled)
    _changes(desk, [one for one in actions if one.kind in CHANGES])
    faultpoint("approval.carried_out")
    return report_of(desk.store, used)


def report_of(store: Store, approval: StoredApproval) -> Report:
    """What became of each of its actions so far. Effect: reads the store."""
    members = store.approvals.members(approval.id)
    known = store.ledger.get_many([one.action_id for one in members])
    dropped = approval.plan.get("dropped") or {}
    return Report(approval, tuple(
        Outcome(one.id, one.alert_id, one.kind, one.state, str(dropped.get(str(one.id)) or one.detail))
        for _, one in sorted(known.items())
    ))  # fmt: skip


def _is_anothers(desk: Desk, known: StoredApproval) -> bool:
    account = known.plan.get("account")
    return tenant_of(desk.client) != account if account else is_another(desk.client, desk.store, known.tenant)


def _use(desk: Desk, approval_id: int) -> StoredApproval:
    store = desk.store
    known = store.approvals.get(approval_id)
    if known.state == USED:
        return known
    granted = known.state == GRANTED  # whoever approved it may have said something else since
    known = (take_answer if granted else look)(store, desk.policy(), approval_id)
    if not granted or known.state != GRANTED:
        why = f" ({known.reason})" if known.reason else ""
        raise RefusedError(f"Approval {approval_id} is {known.state}{why}: nothing was done.")
    if reason := desk.gate().closed():  # an approval is not spent while nothing may be done
        raise RefusedError(reason)
    members = {one.action_id: one.digest for one in store.approvals.members(approval_id)}
    bound = bind(store, desk.policy(), store.ledger.get_many(members).values())
    dropped = {
        one.action.id: " ".join(one.against) or "the message, the evidence or the rules have changed"
        for one in bound.values()
        if one.against or one.digest != members[one.action.id]
    }
    faultpoint("approval.before_use")
    used = store.approvals.use(approval_id, [one for one in members if one not in dropped], dropped)
    if used.state != USED:
        raise RefusedError(f"Approval {approval_id} is {used.state} ({used.reason}): nothing was done. Ask again.")
    return used


def _dispositions(desk: Desk, actions: list[Action], on_settled: OnSettled) -> None:
    sent = [one.id for one in actions if one.state in OPEN_EFFECTS]
    if sent:
        desk.store.ledger.adopt_orphans()
        reconcile(desk.client, desk.store, sent)
    again = desk.store.ledger.get_many([one.id for one in actions]).values()
    to_do = [one.id for one in again if one.state in CLAIMABLE and (one.state != "failed" or one.retryable)]
    if to_do:
        act.carry_out_wanted(desk, to_do, on_settled=on_settled)


def _changes(desk: Desk, actions: list[Action]) -> None:
    """One after the other; what one of them meets does not keep the others from being made."""
    stop: MailroomError | None = None
    gate = PolicyChangeGate(desk.policy, desk.store)
    for one in actions:
        if one.state in _WELL or (one.state == "failed" and not one.retryable):
            continue
        try:
            carry_on(desk.client, desk.store, change_of(one.kind), one, gate)
        except (AccessError, TransientError, ResponseError, RefusedError) as error:
            stop = stop or error
    if stop is not None:
        raise stop
