"""Playbook "ask recipients"."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flows._flow import flow
from flows._tenant_slot import tenant_slot
from tasks import playbook


@flow(name="ask recipients", flow_run_name="recipients of {mimecast}")
def ask_recipients(
    requested_by: str = "",
    most: Annotated[int, Field(ge=1, le=10_000)] = 1_000,
    dry_run: bool = False,
    mailbox: str = "default",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """Ask the recipients of all held messages for which the rules propose it, and make use of the answers there are.

    No run waits for an answer: the questions are rows in the store, "watch replies" finds the answers, and each message
    is judged again. Without a name in requested_by the policy's mode of "ask recipient" must be auto.

    Args:
        requested_by: Your name, if you want them asked. Empty: the policy decides, within its limits.
        most: Most questions of this run; the rest waits for the next one.
        dry_run: Only count. Nothing is sent or written.
        mailbox: Name of the "Mailbox Credentials" block that asks and gets the answers.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block.

    Returns:
        Counts.
    """
    with tenant_slot(mimecast):
        counts: dict[str, Any] = playbook.ask_recipients(
            requested_by=requested_by, most=most, dry_run=dry_run, mailbox=mailbox, mimecast=mimecast, store=store,
            policy=policy,
        )  # fmt: skip
    return counts
