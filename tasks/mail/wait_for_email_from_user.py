"""Email action "Wait for Email from User"."""

from __future__ import annotations

from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.playbooks.ask import outcome, wait_for, wait_in_place
from tasks._catalogue import describe
from tasks._resume import resume_run
from tasks._wording import action
from tasks.mail._asking import Mode, Policy, ReplyResult, addresses, as_reply_result, desk, step_key, waiting


@describe(
    effect="writes the store",
    twice="one wait per step",
    example="mail.wait_for_email_from_user(sent.message_id, time_limit_hours=24.0).state",
)
@task(
    name="Email: Wait for Email from User",
    task_run_name="Wait for Email from User",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def wait_for_email_from_user(
    message_id: str,
    *,
    recipients: str = "",
    answers_from: Mode = "any",
    needed: int = 1,
    folders: str = "",
    exclusion_subject_regex: str = "",
    exclusion_body_regex: str = "",
    time_limit_hours: Annotated[float, Field(gt=0, le=2160)] = 72.0,
    sender_policy: Policy = "alias",
    step: str = "",
    resume_run_id: str = "",
    wait_seconds: float | None = None,
    mailbox: str = "default",
    store: str = "default",
) -> ReplyResult:
    """Wait for the answers to a mail sent earlier, by its Message-ID.

    Answers that have come before are found as well. Attachments of an answer are listed with name, size and SHA-256.

    Effect: reads the mailbox, writes the store. Twice in one run is one wait.

    Args:
        message_id: Of the mail sent earlier, as "Send Email" returned it.
        recipients: Who may answer, separated by commas; empty: whoever that mail went to (its copy in Sent tells).
        answers_from: `any` one of them, `all` of them, or `n` of them.
        needed: How many, for `n`.
        folders: Further folders to check, separated by commas.
        exclusion_subject_regex: Replies whose subject holds this are passed over; one expression per line.
        exclusion_body_regex: The same for the text.
        time_limit_hours: After this the outcome is "no_answer".
        sender_policy: Whose mail counts: exactly the recipients, also their aliases, their domain, or anybody.
        step: Name of this wait in the run, when a run waits more than once for the same mail.
        resume_run_id: The run to resume when the wait is over.
        wait_seconds: Come back after so long, answered or not; 0 at once, None never before the outcome.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        Who answered what; `state` is "open" only when `wait_seconds` ran out.

    Raises:
        InvalidInputError: nobody is named and the mail is not in the Sent folder.
        RefusedError: this step of the run waits for other answers already.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Wait for Email from User"):
        here = desk(mailbox, store)
        how = waiting(
            answers_from, needed, time_limit_hours, sender_policy, exclusion_subject_regex, exclusion_body_regex,
            folders,
        )  # fmt: skip
        wait = wait_for(
            here, message_id, how, key=step_key(f"wait/{step or message_id}"), flow_run_id=resume_run_id,
            recipients=tuple(one.rpartition("<")[2].rstrip(">") for one in addresses(recipients, "Recipients")),
        )  # fmt: skip
        if wait.is_open and wait_seconds != 0:
            wait_in_place(here, wait.id, seconds=wait_seconds, resume=resume_run)
        return as_reply_result(outcome(here, wait.id))
