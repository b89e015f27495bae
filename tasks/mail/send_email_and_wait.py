"""Email action "Send Email and Wait"."""

from __future__ import annotations

from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.mail.compose import looks_like_html
from mailroom.playbooks.ask import ask, outcome, wait_in_place
from mailroom.playbooks.question import Question, reminder_times
from tasks._catalogue import describe
from tasks._resume import resume_run
from tasks._wording import action
from tasks.mail._asking import (
    Mode,
    Policy,
    ReplyResult,
    addresses,
    as_reply_result,
    desk,
    runs_inside_another,
    step_key,
    waiting,
)


@describe(
    effect="sends mail",
    twice="one mail per step: the same step of the same run sends nothing more",
    example='mail.send_email_and_wait("ann@example.com", "Held message", "Do you expect this?", step="ask").state',
)
@task(
    name="Email: Send Email and Wait",
    task_run_name="Send Email and Wait",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def send_email_and_wait(
    recipients: str,
    subject: str,
    content: str,
    *,
    cc: str = "",
    bcc: str = "",
    exclusion_subject_regex: str = "",
    exclusion_body_regex: str = "",
    answers_from: Mode = "any",
    needed: int = 1,
    time_limit_hours: Annotated[float, Field(gt=0, le=2160)] = 72.0,
    reminders_hours: tuple[float, ...] = (),
    sender_policy: Policy = "alias",
    folders: str = "",
    alert_id: int | None = None,
    step: str = "",
    resume_run_id: str = "",
    wait_seconds: float | None = None,
    mailbox: str = "default",
    store: str = "default",
) -> ReplyResult:
    """Send a mail and wait for the answer of those who got it.

    The question is stored before it is sent, and sent once, however often this step runs. In a deployed run use
    `flows._asking.send_and_wait`, which suspends the run meanwhile; this task itself waits in its process.

    Effect: sends mail and reads the mailbox. Twice in one run: the second call finds the first one's question.

    Args:
        recipients: Recipients, separated by commas. Each may answer.
        subject: Subject.
        content: Text, or HTML when it begins with a tag.
        cc: Cc, separated by commas.
        bcc: Bcc, separated by commas.
        exclusion_subject_regex: Replies whose subject holds this are passed over; one expression per line.
        exclusion_body_regex: The same for the text.
        answers_from: `any` one of the recipients, `all` of them, or `n` of them.
        needed: How many, for `n`.
        time_limit_hours: After this the outcome is "no_answer".
        reminders_hours: When to ask again those who have not answered.
        sender_policy: Whose mail counts: exactly the recipients, also their aliases, their domain, or anybody.
        folders: Further folders where answers may arrive, separated by commas; a backslash keeps a comma.
        alert_id: Which alert it is about.
        step: Name of this question in the run. Give one when a run asks more than once, or its words may change. The
            run of a subflow is that of its caller: there each call needs a step of its own.
        resume_run_id: The run to resume when the question is settled.
        wait_seconds: Come back after so long, answered or not; 0 at once, None never before the outcome.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        Who answered what; `state` is "open" only when `wait_seconds` ran out.

    Raises:
        InvalidInputError: an address is none, recipients, subject or content are empty, or the waiting is not possible.
        NotFoundError: there is no such alert.
        RefusedError: a guard, another question under the same step, or a question stored by another version.
        RejectedError: the server refused the mail.
        TransientError: not sent now; Retry sends it.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Send Email and Wait"):
        here = desk(mailbox, store)
        html = looks_like_html(content)
        question = Question(
            to=addresses(recipients, "Recipients"), cc=addresses(cc, "CC"), bcc=addresses(bcc, "Bcc"), subject=subject,
            text="" if html else content, html=content if html else "",
            waiting=waiting(answers_from, needed, time_limit_hours, sender_policy, exclusion_subject_regex,
                            exclusion_body_regex, folders),
            reminders=reminder_times(reminders_hours),
        )  # fmt: skip
        wait = ask(
            here, question, key=step_key(f"ask/{step or 'question'}"), flow_run_id=resume_run_id, alert_id=alert_id,
            words_may_change=bool(step) and not runs_inside_another(),
        )  # fmt: skip
        if wait.is_open and wait_seconds != 0:
            wait_in_place(here, wait.id, seconds=wait_seconds, resume=resume_run)
        return as_reply_result(outcome(here, wait.id))
