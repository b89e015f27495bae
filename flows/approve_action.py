"""Playbook "approve action"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from pydantic import Field

from flows._asking import suspendable_run
from flows._asking_approval import ask_in_form
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.errors import InvalidInputError
from tasks import playbook


@flow(name="approve action", flow_run_name="approval {approval} in {mimecast}")
def approve_action(
    approval: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[1])],
    mailbox: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """Wait for a person's yes or no about proposed actions, and do exactly what was approved, once.

    The run is suspended and holds no worker. Whoever answers first decides: the form of this run (Resume), an approver
    of the policy by mail, or `mailroom approve`. If a message, the evidence, the rules or an action change before,
    the approval is void and nothing is done. Retry on a failed run does only what is missing.

    Args:
        approval: Number of the approval, from `mailroom approvals list`.
        mailbox: Name of the "Mailbox Credentials" block that asks the approvers; empty: the one that the policy names.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (approvers, how long an approval counts, kill switch).

    Returns:
        state (`used`, `declined`, `expired` or `void`) and numbers.
    """
    log = get_run_logger()
    run_id = suspendable_run() or ""
    blocks: dict[str, Any] = {"mimecast": mimecast, "store": store, "policy": policy}
    kept: dict[str, Any] = {"store": store, "policy": policy}
    seen = playbook.look_at_approval(approval, run_id=run_id, **blocks)
    number = 0
    while seen.is_open:
        if not run_id:
            raise InvalidInputError(
                f"approval {approval} waits for a person, which needs a deployed run. Run the deployment `approve "
                f"action`, or `mailroom approve {approval}`"
            )
        playbook.ask_approvers(approval, run_id=run_id, mailbox=mailbox, **kept)
        number += 1
        answer = ask_in_form(seen, number)
        if answer is not None and answer.decision != "look again":
            name = answer.your_name.strip()
            seen = playbook.decide_approval(approval, answer.decision, seen.digest, name, note=answer.note, **kept)
        if seen.is_open:
            seen = playbook.look_at_approval(approval, run_id=run_id, **blocks)
    counts: dict[str, int] = {}
    if seen.is_approved:
        with tenant_slot(mimecast):
            counts = playbook.carry_out_approved(approval, **blocks)
    else:
        log.info("nothing was done: the approval is %s", seen.state)
    return {"state": "used" if counts else seen.state, "approval": approval, "actions": counts}
