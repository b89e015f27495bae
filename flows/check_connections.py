"""Playbook "check connections"."""

from __future__ import annotations

from flows._flow import flow
from flows._tenant_slot import tenant_slot
from tasks import playbook


@flow(name="check connections", flow_run_name="check {mimecast}")
def check_connections(
    mimecast: str = "default", store: str = "default", policy: str = "default", mailbox: str = "default"
) -> list[dict[str, str]]:
    """Test everything a run needs, stage by stage, and say what is missing and what to do about it.

    DNS, TCP, TLS, clock, credentials, each permission, one read; the mailbox, when there is one: IMAP and SMTP up to
    the login; the store and its schema; the rules and lists; who can reach this Prefect API.

    Args:
        mimecast: Name of the "Mimecast Credentials" block; where there is only a mailbox, it is passed over.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block.
        mailbox: Name of the "Mailbox Credentials" block; where there is none, it is passed over.

    Returns:
        One row per stage.
    """
    with tenant_slot(mimecast):
        tenant = playbook.check_tenant(mimecast=mimecast, mailbox=mailbox)
    stages = [*tenant, *playbook.check_mailbox(mailbox=mailbox, store=store)]
    rows = [*stages, *playbook.check_our_side(store=store, policy=policy, mimecast=mimecast)]
    playbook.publish_check_report(rows)
    return rows
