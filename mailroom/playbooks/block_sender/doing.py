"""Carrying a plan out: each step once, through the ledger, with a last look at the lists."""

from __future__ import annotations

from collections.abc import Callable

from mailroom.effects.changes import ChangeResult, change_of, change_once, undo_once
from mailroom.faults import faultpoint
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.requesting import needs_approval
from mailroom.playbooks.block_sender import refusals
from mailroom.playbooks.block_sender.model import BlockPlan, BlockStep, Subject
from mailroom.playbooks.block_sender.planning import raise_if_refused
from mailroom.playbooks.block_sender.ruling import BLOCK
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.standing import supersede
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult


class BlockGate(PolicyChangeGate):
    """Kill switch, mode of blocking and lists, as they are at this moment."""

    def __init__(self, policy: Callable[[], Policy], subject: Subject, store: Store) -> None:
        super().__init__(policy, store)
        self._policy, self._subject = policy, subject

    def objection(self, action: Action) -> str:
        """Why this must not be blocked now."""
        policy = self._policy()
        asked = action.approval_id is not None or needs_approval(policy, action)
        if asked and (reason := super().objection(action)):
            return reason
        if action.mode == "auto" and policy.rails.modes.get(BLOCK, "observe") != "auto":
            return f"The mode of {BLOCK} is not auto any more: a person has to do it."
        return " ".join(one.text for one in refusals.by_lists(self._subject, policy.ruleset().context))


def carry_out_step(
    desk: Desk, plan: BlockPlan, step: BlockStep, *, approved_by: str = "", automatic: bool = False
) -> ChangeResult:
    """Make one change of a plan, once.

    Effect: changes the tenant. Twice: the second call sends nothing.

    Args:
        desk: Tenant, store and policy.
        plan: The plan.
        step: One of its steps.
        approved_by: Who approved it, for the history.
        automatic: No person asked for it.

    Raises:
        RefusedError: The kill switch is on, or another process is at it.
        AccessError, TransientError, ResponseError: Not sent; it stays wanted.
    """
    gate = BlockGate(desk.policy, plan.subject, desk.store)
    _free_place(desk, step, plan.requested_by)
    faultpoint("block.place_free")
    who = plan.requested_by or ("policy" if automatic else "analyst")
    return change_once(
        desk.client, desk.store, change_of(step.kind), step.parameters, tenant=plan.tenant, slot=step.slot, gate=gate,
        requested_by=f"{who}, approved by {approved_by}" if approved_by else who, alert_id=plan.alert_id,
        expires_at=step.expires_at, mode="auto" if automatic else "manual",
    )  # fmt: skip


def block(desk: Desk, plan: BlockPlan, *, approved_by: str = "", automatic: bool = False) -> list[ChangeResult]:
    """Carry a whole plan out; one result per step. Effect, twice and errors as `carry_out_step`.

    Raises:
        RefusedError: Something stands against it.
    """
    raise_if_refused(plan)
    return [carry_out_step(desk, plan, step, approved_by=approved_by, automatic=automatic) for step in plan.steps]


def _free_place(desk: Desk, step: BlockStep, who: str) -> None:
    """An older block of the same thing that is not in force any more, or was never made, makes room."""
    supersede(desk.store, step.supersedes, who=who)
    if step.ends_first is not None and desk.store.ledger.get(step.ends_first).state == "applied":
        undo_once(desk.client, desk.store, step.ends_first, requested_by=who, gate=PolicyChangeGate(desk.policy))
    if step.gone is not None and desk.store.ledger.get(step.gone).state == "applied":
        why = "its policy is gone: somebody deleted it, or it was removed after its end"
        desk.store.ledger.settle([ActionResult(step.gone, "undone", why, "gone")], who="ledger")
