"""A named person's yes or no: checked against what is true now, and against who proposed it."""

from __future__ import annotations

from typing import Literal

from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.approvals.people import People
from mailroom.playbooks.approvals.requesting import changed, needs_two
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.approval_rows import UNDECIDED, StoredApproval

Channel = Literal["form", "mail", "command line", "playbook"]


def approve(
    store: Store, policy: Policy, approval_id: int, *, digest: str, by: str, channel: Channel, note: str = ""
) -> StoredApproval:
    """Say yes to exactly what this digest names.

    Effect: writes the store; nothing is carried out yet. Twice by the same person is once.

    Args:
        store: Whose approvals.
        policy: Rules, lists, approvers.
        approval_id: Which one.
        digest: Of what the person was shown.
        by: Who says yes: an account, a name, an address.
        channel: How it came.
        note: For the history.

    Raises:
        RefusedError: It is decided, expired or void by now, or proposer and approver may be one person.
        InvalidInputError: Nobody is named.
    """
    known = look(store, policy, approval_id)
    if needs_two(known) and (why := _against(policy, known, by, channel)):
        raise RefusedError(f"Approval {approval_id} does not count. {why}")
    granted = store.approvals.grant(approval_id, digest=digest, by=by.strip(), channel=channel, note=note)
    faultpoint("approval.granted")
    return granted


def _against(policy: Policy, known: StoredApproval, by: str, channel: Channel) -> str:
    """Why this person's yes to something wide of another person does not count; empty when it does."""
    if channel == "form":
        return (
            "It is wide, and a name in a form is only typed: let somebody else answer the mail or run "
            f"`mailroom approve {known.id}`."
        )
    people = People.of(policy.approvers)
    if known.plan.get("proposed_by") == "run":  # nobody knows who started it; whoever says yes is known
        same = people.are_one(known.proposer, by)
        return "Whoever asked for it in the form of the playbook cannot approve it." if same else ""
    accounts = channel == "command line" and known.plan.get("proposed_by") == "account"
    return people.second_person(known.proposer, by, accounts=accounts)


def decline(
    store: Store, approval_id: int, *, digest: str, by: str, channel: Channel, note: str = ""
) -> StoredApproval:
    """Say no; the proposals are closed. Effect: writes the store. Errors as `approve`; a no may come from anybody."""
    return store.approvals.decline(approval_id, digest=digest, by=by.strip(), channel=channel, note=note)


def look(store: Store, policy: Policy, approval_id: int) -> StoredApproval:
    """The approval as it stands now: ended when its time is over, or when what it is about has changed.

    Effect: writes the store when it ends. Twice is harmless.
    """
    known = store.approvals.get(approval_id)
    if known.state in UNDECIDED and known.expires_at <= store.approvals.now():
        store.approvals.expire()
        known = store.approvals.get(approval_id)
    if known.is_open and (why := changed(store, policy, known)):
        known = store.approvals.void(approval_id, why)
    return known
