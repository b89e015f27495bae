"""A block for a whole domain or for everybody that one person asks for: somebody else approves it first."""

from __future__ import annotations

from mailroom.errors import RefusedError
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.requesting import ProposedBy, needs_approval, request
from mailroom.playbooks.block_sender.approving import new_action, propose
from mailroom.playbooks.block_sender.model import BlockPlan
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.tenants import tenant_of
from mailroom.store.approval_rows import StoredApproval


def needs_somebody_else(policy: Policy, plan: BlockPlan) -> bool:
    """Whether any of it is wide and neither made nor approved yet."""
    return any(
        needs_approval(policy, new_action(plan, step, mode="manual", requested_by=plan.requested_by))
        for step in plan.steps
        if step.state in ("", "proposed")
    )


def ask_somebody_else(desk: Desk, plan: BlockPlan, proposed_by: ProposedBy) -> tuple[list[int], StoredApproval]:
    """Propose the whole plan, and ask for one approval of it, which carries it out.

    Effect: writes the store. Twice is harmless.

    Returns:
        Numbers of the actions, and the approval.

    Raises:
        RefusedError: Another action holds the same place, or nobody may approve it now.
    """
    numbers, _ = propose(desk, plan)
    who = plan.requested_by or "somebody"
    asked = request(
        desk.store, desk.policy(), numbers, proposer=who, proposed_by=proposed_by, account=tenant_of(desk.client)
    )
    if asked.approval is None:
        why = "; ".join(sorted(set(asked.left_out.values())))
        raise RefusedError(f"It needs an approval, and nobody can give it now: {why}")
    return numbers, asked.approval
