"""Playbook "request approvals"."""

from __future__ import annotations

from typing import Any

from flows._flow import flow
from flows._tenant_slot import tenant_slot
from tasks import playbook


@flow(name="request approvals", flow_run_name="approvals of {mimecast}")
def request_approvals(
    mailbox: str = "", mimecast: str = "default", store: str = "default", policy: str = "default"
) -> dict[str, Any]:
    """Ask for an approval of everything that the rules propose, and look after those that are open.

    Each approval gets one suspended run of "approve action". Approvals that are over or whose object has changed end;
    proposals that the rules do not make any more are withdrawn; runs whose approval was decided elsewhere go on.

    Args:
        mailbox: Name of the "Mailbox Credentials" block that asks the approvers; empty: the one that the policy names.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block.

    Returns:
        Counts and numbers of approvals.
    """
    with tenant_slot(mimecast):
        return playbook.request_approvals(mailbox=mailbox, mimecast=mimecast, store=store, policy=policy)
