"""A wide change that one person asks for is not made: it becomes a proposal that somebody else approves."""

from __future__ import annotations

from mailroom.effects.changes import Change, ChangeResult
from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.requesting import ProposedBy, needs_approval, request
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.tenants import tenant_of
from mailroom.store.actions import NewAction

PROPOSED = "proposed"


def propose_instead(desk: Desk, change: Change, new: NewAction, proposed_by: ProposedBy) -> ChangeResult | None:
    """Propose a wide change and ask for an approval of it; None when it may be made, or was begun.

    Effect: reads the tenant, writes the store. Twice is harmless: the same wish has one proposal and one approval.

    Args:
        desk: Tenant, store and policy.
        change: Which kind.
        new: What is wanted, in mode `manual`.
        proposed_by: How the proposer is known.

    Raises:
        RefusedError: Another action holds its place, or nobody may approve it now.
        MailroomError: The tenant cannot be read.
    """
    policy, store = desk.policy(), desk.store
    if not needs_approval(policy, new):
        return None
    known = store.ledger.in_slot(new.tenant, new.slot)
    if known is not None and known.digest == new.digest and (known.is_live or (known.approval_id and known.retryable)):
        return None  # it was approved, or made before; the gate looks at that
    there = change.already(desk.client, new.parameters)
    if there is not None and there.state == "applied":
        return ChangeResult("already_done", 0, change.kind, there.result, there.detail, there.code, recorded=True)
    if reason := PolicyChangeGate(desk.policy, store).closed():
        raise RefusedError(reason)
    [answer] = store.ledger.propose_many([new])
    if isinstance(answer, RefusedError):
        raise answer
    if answer.state != PROPOSED:
        raise RefusedError(
            f"Action {answer.id} wanted the same and is {answer.state} ({answer.detail}); with --again (`again`) it is "
            "proposed anew."
        )
    faultpoint("wide.proposed")
    asked = request(
        store, policy, [answer.id], proposer=new.requested_by, proposed_by=proposed_by, account=tenant_of(desk.client)
    )
    if asked.approval is None:
        raise RefusedError(f"It needs an approval, and nobody can give it now: {'; '.join(asked.left_out.values())}")
    number = asked.approval.id
    text = (
        f"it is wide, so it is proposed as approval {number} and nothing was changed; somebody else approves it with "
        f"`mailroom approve {number}`"
    )
    return ChangeResult(PROPOSED, answer.id, change.kind, {"approval": number}, text, expires_at=new.expires_at)
