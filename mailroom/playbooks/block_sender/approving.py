"""Proposals and approvals. An approval is for exactly what was shown; whatever changed since makes it void."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailroom.effects.changes import change_of
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.people import People
from mailroom.playbooks.block_sender.model import MANAGED, POLICY, BlockPlan, BlockStep
from mailroom.playbooks.block_sender.ruling import BLOCK
from mailroom.playbooks.standing import supersede
from mailroom.store.actions import Action, ActionResult, NewAction
from mailroom.triage.approvals import Approval, check_approval


@dataclass(frozen=True, slots=True)
class Approved:
    """What a person answered."""

    digest: str
    """Of the plan that was shown."""
    by: str
    note: str = ""


def propose(desk: Desk, plan: BlockPlan, *, mode: str = "manual", gives_way: bool = False) -> tuple[list[int], int]:
    """Write the steps of a plan down as proposals, and withdraw older ones for the same sender that want another thing.

    Effect: writes the store. Twice is harmless.

    Args:
        desk: Store and policy.
        plan: What is proposed.
        mode: `manual` or `auto`.
        gives_way: Nobody asked for this plan: what is proposed already, or wanted by somebody else, stays.

    Returns:
        Numbers of the actions, and how many older proposals were withdrawn. Planned again, the plan wants exactly
        these actions.

    Raises:
        RefusedError: Another wish has the place, and a proposal is no reason to drop it.
    """
    older = [step.supersedes for step in plan.steps if step.supersedes is not None]
    for one in desk.store.ledger.get_many(older).values():
        decided = one.state in ("intended", "not_applied")
        if decided or (gives_way and (one.state == "proposed" or one.requested_by != plan.requested_by)):
            raise RefusedError(
                f"action {one.id} ({one.state}) wants another thing in the same place: it is made or withdrawn first."
            )
    aside = sum(supersede(desk.store, one, who=plan.requested_by) for one in older)
    wanted = [new_action(plan, step, mode=mode, requested_by=plan.requested_by) for step in plan.steps]
    found = desk.store.ledger.propose_many(wanted)
    for answer in found:
        if isinstance(answer, RefusedError):
            raise answer
    numbers = [answer.id for answer in found if isinstance(answer, Action)]
    waiting = desk.store.ledger.find(plan.tenant, kinds=(MANAGED, POLICY), states=("proposed",))
    stale = [
        one.id
        for one in waiting
        if one.parameters.get("sender") == plan.subject.value and one.id not in numbers
        and not (gives_way and one.requested_by != plan.requested_by)
    ]  # fmt: skip
    return numbers, aside + sum(supersede(desk.store, one, who=plan.requested_by) for one in stale)


def withdraw(desk: Desk, action_ids: Iterable[int], why: str, *, who: str = "") -> int:
    """Close proposals that nobody wants any more. Effect: writes the store. Twice is harmless; returns how many."""
    known = desk.store.ledger.get_many(action_ids).values()
    open_still = [one.id for one in known if one.state == "proposed"]
    results = [ActionResult(one, "refused", why, "withdrawn", retryable=False) for one in open_still]
    if results:
        desk.store.ledger.settle(results, who=who)
    return len(results)


def check_approved(desk: Desk, plan: BlockPlan, approved: Approved) -> None:
    """Whether an approval covers what would be done now. Effect: reads the store.

    Raises:
        InvalidInputError: Nobody says who approved.
        RefusedError: The plan is another one by now, the approval is too old, or a second person is needed.
    """
    if not approved.by.strip():
        raise InvalidInputError("an approval needs the name of whoever gives it")
    people = People.of(desk.policy().approvers)
    now = desk.store.ledger.now()
    asked = asked_at(desk, plan) or now
    lasts = timedelta(hours=desk.policy().rails.approval_ttl_hours)
    known = Approval(approved.digest, plan.requested_by, approved.by, min(asked, now), asked + lasts)
    scope = "domain" if plan.subject.whole_domain else "address"
    against = check_approval(
        known, plan.digest, now, action=BLOCK, parameters={"scope": scope}, targets=len(plan.steps)
    )
    if not against and plan.subject.whole_domain and people.are_one(plan.requested_by, approved.by):
        against = ("A whole domain needs an approver other than the proposer.",)
    if against:
        raise RefusedError(f"The approval does not count. {' '.join(against)}")


def asked_at(desk: Desk, plan: BlockPlan) -> datetime | None:
    """When the oldest step that still waits for an approval was proposed."""
    waiting = [step.action_id for step in plan.steps if step.state == "proposed" and step.action_id is not None]
    known = desk.store.ledger.get_many(waiting).values()
    return min((one.created_at for one in known), default=None)


def new_action(plan: BlockPlan, step: BlockStep, *, mode: str, requested_by: str) -> NewAction:
    """A step as the ledger takes it."""
    return NewAction(
        tenant=plan.tenant, alert_id=plan.alert_id, kind=step.kind,
        target=change_of(step.kind).target(step.parameters), slot=step.slot, parameters=step.parameters, mode=mode,
        requested_by=requested_by, expires_at=step.expires_at,
    )  # fmt: skip
