"""Playbook "send email and wait for reply"."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from prefect.client.schemas.objects import State
from pydantic import Field

from flows._asking import ended, send_and_wait
from flows._flow import flow
from tasks.mail._asking import runs_inside_another

Filled = Annotated[str, Field(min_length=1)]
"""A field that a form sends only when something stands in it."""


@flow(name="send email and wait for reply", flow_run_name="ask by {mailbox}")
def send_email_and_wait_for_reply(
    recipients: Filled,
    subject: Filled,
    content: Filled,
    mailbox: str = "default",
    store: str = "default",
    cc: str = "",
    bcc: str = "",
    answers_from: Literal["any", "all", "n"] = "any",
    needed: Annotated[int, Field(ge=1, le=100)] = 1,
    time_limit_hours: Annotated[float, Field(gt=0, le=2160)] = 72,
    reminders_hours: tuple[Annotated[float, Field(gt=0, le=2160)], ...] = (),
    exclusion_subject_regex: str = "",
    exclusion_body_regex: str = "",
    sender_policy: Literal["exact", "alias", "domain", "any"] = "alias",
    folders: str = "",
) -> State[dict[str, Any]]:
    """Ask people by mail; the run is suspended until they have answered, and holds no worker meanwhile.

    The answer is kept in Mailroom's own store (`mailroom replies show ID`); Prefect gets ids and states only. Retry,
    resume and restarts never send the mail a second time.

    Args:
        recipients: Recipients, separated by commas. Each may answer.
        subject: Subject of the question.
        content: The question, as text or HTML.
        mailbox: Name of the "Mailbox Credentials" block that sends it and gets the answers.
        store: Name of the "Alert Store" block.
        cc: Copies, separated by commas; their answers do not count.
        bcc: The same, unseen: in no header.
        answers_from: Answers needed: of any recipient, of all, or of n of them.
        needed: How many, for n.
        time_limit_hours: After this the outcome is "no_answer".
        reminders_hours: Hours after sending when those who have not answered are reminded.
        exclusion_subject_regex: Replies whose subject holds this are passed over; one expression per line.
        exclusion_body_regex: The same for the text of the reply.
        sender_policy: Whose mail counts: exactly the recipients, also their aliases, their domain, or anybody.
        folders: Further folders where answers may arrive, separated by commas; a backslash keeps a comma.

    Returns:
        How it ended, and who answered when. The run's state says it as well: *Completed*, *No answer*, ...
    """
    result = send_and_wait(
        recipients, subject, content, mailbox=mailbox, store=store, cc=cc, bcc=bcc, answers_from=answers_from,
        needed=needed, time_limit_hours=time_limit_hours, reminders_hours=reminders_hours,
        exclusion_subject_regex=exclusion_subject_regex, exclusion_body_regex=exclusion_body_regex,
        sender_policy=sender_policy, folders=folders, step=_step(recipients, subject, content),
    )  # fmt: skip
    return ended(result)


def _step(*words: str) -> str:
    """A run of its own asks once; another one may call this playbook with several questions."""
    if not runs_inside_another():
        return "reply"
    return f"reply {hashlib.sha256(chr(0).join(words).encode('utf-8', 'replace')).hexdigest()[:32]}"
