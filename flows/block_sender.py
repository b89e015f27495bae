"""Playbook "block sender"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows._approving import ask_approval
from flows._changes import fail_if_any, outcome_of
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.playbooks.block_sender.form import Covers, How
from tasks import playbook
from tasks.playbook._blocking import PlannedBlock, split


@flow(
    name="block sender",
    flow_run_name="block sender in {mimecast}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),
)
def block_sender(
    alert: str = "",
    sender: str = "",
    covers: Covers = "address",
    how: How = "automatic",
    recipients: str = "",
    days: Annotated[int, Field(ge=1, le=3650)] = 30,
    never_ends: bool = False,
    case: str = "",
    requested_by: str = "",
    most_wanted_mail: Annotated[int, Field(ge=0, le=1000)] = 20,
    allow_uncounted: bool = False,
    ask_first: bool = False,
    automatic: bool = False,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """Block a sender, with an end and a way back. Start with a dry run to see what would be done.

    Never blocked: our own domains, partners, VIPs, free-mail providers and public suffixes as a whole, domains with
    which we exchange much mail, and senders whose address was forged. The refusal says what to block instead.
    What is blocked already is not blocked twice. Retry on a failed run redoes only what was not made.

    Args:
        alert: The alert that shows why: its number, hold id or tracking id. Its sender is blocked unless you name
            another one, and the block stands in its history.
        sender: Whom to block: an address such as billing@evil.example, or a domain together with "whole domain".
            Empty: the sender of the alert's mail.
        covers: address: only this address. whole domain: everybody there; use it with care.
        how: automatic: an entry of one recipient's list if only this one person got mail from the sender, else a
            policy for everybody. managed sender: entries of single recipients. policy: for everybody.
        recipients: For "managed sender": whose lists, separated by commas. Empty: the recipients of the alert's mail.
        days: The block ends after so many days; "expire blocks" then takes it away.
        never_ends: The block stays until somebody takes it back.
        case: Number of your case; it stands in the policy's description.
        requested_by: Your name, for the history and the policy's description.
        most_wanted_mail: A whole domain is not blocked if more mails than this went to and fro within a month.
        allow_uncounted: Block a whole domain although the archive is refused, so that nobody can tell how much mail
            goes to and fro. Never with "automatic".
        ask_first: Suspend the run and ask a person to approve exactly what would be done. Resume it in the UI with
            the form. Where the policy wants four eyes, what is wide is proposed instead, and somebody else approves it
            by mail or with `mailroom approve`.
        automatic: Nobody asked for this block: the triage policy's mode and limits of block_sender decide whether it
            is done, proposed or only shown.
        dry_run: Only show what would be done. Nothing is changed or written.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (lists, modes, kill switch).

    Returns:
        state (`blocked`, `already blocked`, `proposed`, `declined`, `shown` or `refused`) and numbers.
    """
    log = get_run_logger()
    blocks: dict[str, Any] = {"mimecast": mimecast, "store": store, "policy": policy}
    form: dict[str, Any] = {
        "sender": sender, "alert": alert, "covers": covers, "how": how, "recipients": split(recipients), "days": days,
        "never_ends": never_ends, "case": case, "requested_by": requested_by, "most_wanted_mail": most_wanted_mail,
        "allow_uncounted": allow_uncounted,
    }  # fmt: skip
    with tenant_slot(mimecast):
        planned = playbook.plan_sender_block(form, automatic=automatic, raise_refused=not dry_run, **blocks)
    plan = planned.plan
    if dry_run or planned.ruled.outcome == "observe":
        log.info("nothing was changed: %s", "a dry run" if dry_run else planned.ruled.why)
        return {"state": "refused" if plan.refusals else "shown", "ruling": planned.ruled.outcome, **plan.counts()}
    if not plan.steps:
        log.info("already blocked; nothing to do")
        return {"state": "already blocked", **plan.counts()}
    if planned.needs_somebody_else:
        numbers = playbook.propose_sender_block(planned, **blocks)
        return {"state": "proposed", "actions": numbers, **plan.counts()}
    approved_by = ""
    if ask_first or planned.ruled.outcome == "propose":
        numbers = playbook.propose_sender_block(planned, automatic=automatic and not ask_first, **blocks)
        if not ask_first:
            log.info("proposed, not done: %s", planned.ruled.why)
            return {"state": "proposed", "actions": numbers, **plan.counts()}
        with tenant_slot(mimecast):  # with the words and times that now stand in the ledger
            planned = playbook.plan_sender_block(form, automatic=automatic, **blocks)
        answer = ask_approval(planned)
        approved_by = answer.your_name.strip()
        if answer.decision == "decline":
            why = f"declined: {answer.note}".rstrip(": ")
            playbook.withdraw_sender_block(numbers, why, who=approved_by, **blocks)
            log.info("declined; nothing was changed")
            return {"state": "declined", **plan.counts()}
        playbook.check_block_approval(planned, planned.plan.digest, approved_by, **blocks)
    with tenant_slot(mimecast):
        rows = _apply(planned, approved_by, automatic and not approved_by, blocks)
    playbook.publish_results(
        "sender-blocks", rows, f"Blocking mail of {plan.subject.domain}: what became of each change."
    )
    fail_if_any(rows, "blocks", retry="Retry makes only these; what is made is left alone.")
    return {"state": "blocked", "actions": [row["action"] for row in rows], **plan.counts()}


def _apply(planned: PlannedBlock, approved_by: str, automatic: bool, blocks: dict[str, Any]) -> list[dict[str, Any]]:
    """One task run per change."""
    futures = [
        playbook.apply_sender_block.submit(planned, number, approved_by=approved_by, automatic=automatic, **blocks)
        for number in range(len(planned.plan.steps))
    ]
    return [{"change": str(number), **outcome_of(future)} for number, future in enumerate(futures, 1)]
