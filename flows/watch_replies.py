"""Playbook "watch replies"."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flows._flow import flow
from tasks import mail as email_actions


@flow(name="watch replies", flow_run_name="replies to {mailbox}")
def watch_replies(
    mailbox: str = "default",
    store: str = "default",
    minutes: Annotated[float, Field(ge=0, le=1440)] = 0,
    dry_run: bool = False,
    policy: str = "default",
) -> dict[str, Any]:
    """Look for answers to open questions, and resume the runs that wait for them.

    One run per mailbox and time. On a schedule it looks once and ends; with minutes it stays connected, and an answer
    resumes its run within seconds.

    Args:
        mailbox: Name of the "Mailbox Credentials" block.
        store: Name of the "Alert Store" block.
        minutes: 0 looks once; otherwise how long to stay.
        dry_run: Only say what would be found: nothing is written, sent or resumed.
        policy: Name of the "Triage Policy" block by which held messages are judged again when their recipients answer.

    Returns:
        Counts and ids of questions.
    """
    return email_actions.watch_replies(
        mailbox=mailbox, store=store, seconds=minutes * 60, dry_run=dry_run, policy=policy
    )
