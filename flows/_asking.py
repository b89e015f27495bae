"""Asking people from any flow: `send_and_wait(...)` suspends a deployed run and waits in place everywhere else.

A suspended run holds no worker. When the watcher has settled the question it resumes the run, which starts from its
first line again: the step below finds its question in the store, sends nothing, and returns the outcome.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from prefect import get_run_logger, suspend_flow_run
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed
from pydantic import ValidationError

from mailroom.playbooks.watch_replies import cancel
from tasks import _open
from tasks import mail as email_actions
from tasks._resume import WaitOutcome
from tasks.mail._asking import ReplyResult

_GRACE_SECONDS = 86_400
"""Prefect's own time limit comes a day after ours, and should never be reached."""

_MOST_SUSPENSIONS = 1_000


def send_and_wait(
    recipients: str, subject: str, content: str, *, mailbox: str = "default", store: str = "default",
    time_limit_hours: float = 72.0, step: str = "", **options: Any,
) -> ReplyResult:  # fmt: skip
    """Ask people by mail and come back with the outcome.

    Call it in the body of a flow, not in a task. Everything before it in the flow runs again when the run is resumed:
    keep effects in tasks that go through the ledger.

    Args:
        recipients: Recipients, separated by commas.
        subject: Subject.
        content: Text, or HTML.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.
        time_limit_hours: After this the outcome is "no_answer".
        step: Name of this question in the run; needed when a run asks more than once.
        **options: As of the task "Email: Send Email and Wait".

    Returns:
        The outcome; never "open".
    """
    given = {"mailbox": mailbox, "store": store, "time_limit_hours": time_limit_hours, "step": step, **options}
    run = suspendable_run()
    if run is None:
        done: ReplyResult = email_actions.send_email_and_wait(recipients, subject, content, **given)
        return done

    def look() -> ReplyResult:
        known: ReplyResult = email_actions.send_email_and_wait(
            recipients, subject, content, **given, resume_run_id=run, wait_seconds=0
        )
        return known

    return suspended_until_settled(look, store, time_limit_hours, step)


def wait_for_email(
    message_id: str, *, mailbox: str = "default", store: str = "default", time_limit_hours: float = 72.0,
    step: str = "", **options: Any,
) -> ReplyResult:  # fmt: skip
    """The same for the answers to a mail sent earlier; see the task "Email: Wait for Email from User"."""
    given = {"mailbox": mailbox, "store": store, "time_limit_hours": time_limit_hours, "step": step, **options}
    run = suspendable_run()
    if run is None:
        done: ReplyResult = email_actions.wait_for_email_from_user(message_id, **given)
        return done

    def look() -> ReplyResult:
        known: ReplyResult = email_actions.wait_for_email_from_user(
            message_id, **given, resume_run_id=run, wait_seconds=0
        )
        return known

    return suspended_until_settled(look, store, time_limit_hours, step or message_id)


def ended(result: ReplyResult) -> State[dict[str, Any]]:
    """How a question ended, as the end of its run: people see in the list of runs whether anybody answered."""
    number, how = result.question_id, result.state.replace("_", " ")
    said = f"question {number}: {how}, {result.replied} of {len(result.recipients)} people answered"
    get_run_logger().info(said)
    name = {"answered": "Completed", "cancelled": "Given up"}.get(result.state, how.capitalize())
    return Completed(data=result.facts(), name=name, message=f"{said}. `mailroom replies show {number}`")


def suspendable_run() -> str | None:
    """The id of this run if Prefect can suspend it: deployed, and nobody's subflow."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return None
    run = context.flow_run
    return str(run.id) if run.deployment_id is not None and run.parent_task_run_id is None else None


def suspended_until_settled(
    look: Callable[[], ReplyResult], store: str, time_limit_hours: float, step: str
) -> ReplyResult:
    """Suspend this run until its question is settled; `look` asks, once, and says how it stands.

    Args:
        look: Runs each time the run is resumed; must send nothing the second time.
        store: Name of the AlertStore block.
        time_limit_hours: Of the question.
        step: Name of the question in this run.
    """
    result = look()
    log = get_run_logger()
    name = hashlib.sha256(step.encode()).hexdigest()[:12]
    for number in range(1, _MOST_SUSPENSIONS):
        if not result.is_open:
            return result
        log.info("question %d is open; the run is suspended until it is settled", result.question_id)
        # Suspending under a key that has been used comes back at once, with what the run was resumed with.
        try:
            given = suspend_flow_run(
                wait_for_input=WaitOutcome,
                key=f"answer-{name}-{result.question_id}-{number}",
                timeout=int(time_limit_hours * 3600) + _GRACE_SECONDS,
            )
        except ValidationError:  # resumed without saying anything
            given = None
        if given is not None and given.outcome == "cancelled" and given.question_id in {0, result.question_id}:
            cancel(_open.store(store), result.question_id, "somebody resumed the run with `cancelled`")
        result = look()
    return result
