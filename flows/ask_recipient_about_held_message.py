"""Playbook "ask recipient about held message"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from pydantic import Field

from flows._asking import suspendable_run, suspended_until_settled
from flows._flow import flow
from tasks import playbook
from tasks.mail._asking import ReplyResult
from tasks.playbook._recipients import QuestionLanguage


@flow(name="ask recipient about held message", flow_run_name="ask about alert {alert}")
def ask_recipient_about_held_message(
    alert: Annotated[str, Field(examples=["12"])],
    language: QuestionLanguage = "as known",
    hours: Annotated[float, Field(ge=0, le=336)] = 0,
    requested_by: str = "",
    dry_run: bool = False,
    mailbox: str = "default",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """Ask the recipient of a held message whether they expect it; the run is suspended until they have answered.

    They get a new mail with nothing of the held message in it but its domain and day, and three numbers to choose
    from. The answer is evidence: the message is judged again, and what follows is proposed to an analyst. No answer
    before the hold ends goes to an analyst, too. Nobody is asked twice about a message, or twice a day.

    Args:
        alert: The alert of the held message: its number, hold id or tracking id.
        language: Of the question. "as known": as set in the policy, or as they answered before.
        hours: How long they may take; 0 as the policy says. The end of the hold comes first.
        requested_by: Your name, for the history.
        dry_run: Only say whether they would be asked. Nothing is sent or written.
        mailbox: Name of the "Mailbox Credentials" block that asks and gets the answer.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block.

    Returns:
        How the question ended, what was answered, what the rules say now, and which actions stand in the ledger.
    """
    log = get_run_logger()
    blocks: dict[str, Any] = {"mailbox": mailbox, "mimecast": mimecast, "store": store, "policy": policy}
    wanted: dict[str, Any] = {
        "language": "" if language == "as known" else language, "hours": hours, "requested_by": requested_by,
    }  # fmt: skip
    if dry_run:
        return {"state": "shown", **playbook.plan_recipient_question(alert, **wanted, **blocks)}
    run = suspendable_run()

    def look() -> ReplyResult:
        known: ReplyResult = playbook.ask_recipient(
            alert, **wanted, **blocks, resume_run_id=run or "", wait_seconds=None if run is None else 0
        )
        return known

    asked = look() if run is None else suspended_until_settled(look, store, hours or 336, "recipient")
    result: dict[str, Any] = playbook.handle_recipient_answer(asked.question_id, store=store, policy=policy)
    log.info("question %d: %s; the rules say %s, proposed: %s", asked.question_id, result["answer"], result["verdict"],
             result["proposes"])  # fmt: skip
    return {"state": asked.state, "question_id": asked.question_id, **result}
