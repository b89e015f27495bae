"""Step "Watch Replies" of the playbooks: one task run, however many questions are open."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import BusyError, InvalidInputError
from mailroom.playbooks import watch_replies as playbook
from tasks import _open
from tasks._resume import resume_run
from tasks._wording import action
from tasks.playbook._recipients import recipient_answers


@task(name="Watch Replies", task_run_name="Watch Replies", cache_policy=NO_CACHE, persist_result=False)
def watch_replies(
    mailbox: str = "default", store: str = "default", *, seconds: float = 0.0, dry_run: bool = False,
    policy: str = "default",
) -> dict[str, Any]:  # fmt: skip
    """Look for answers, store them, remind, end what has run out of time, and resume the runs that waited.

    Answers of recipients to questions about held messages become evidence, and the messages are judged again.

    Effect: reads the mailbox, writes the store, may send reminders, resumes flow runs. Twice is harmless.

    Args:
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.
        seconds: 0 looks once; otherwise stays and looks whenever the server tells of new mail.
        dry_run: Only say what would be found.
        policy: Name of the TriagePolicy block by which held messages are judged again, if there is one.

    Returns:
        Counts and question ids; `busy` when another watcher looks after this mailbox.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    log = get_run_logger()
    with action("Watch Replies"):
        if not _open.has_store(store):  # the schedule may be there before anything is set up
            log.warning('nothing to watch: there is no "Alert Store" block called %r yet', store)
            return {"not_configured": True}
        kept = _open.store(store)
        try:
            desk = (kept, _open.account(mailbox))
        except InvalidInputError as error:
            if kept.waits.list(state="open", mailbox=mailbox, limit=1):
                raise
            log.warning("nothing to watch: %s", error)
            return {"not_configured": True}
        handlers = (recipient_answers(policy),)
        try:
            if seconds > 0 and not dry_run:
                report = playbook.watch(*desk, resume=resume_run, handlers=handlers, seconds=seconds)
            else:
                report = playbook.watch_once(*desk, resume=resume_run, handlers=handlers, dry_run=dry_run)
        except BusyError as error:
            log.info("%s", error)
            return {"busy": True}
    for problem in report.problems:
        log.warning("%s", problem)
    log.info("%d answers, %d questions settled, %d runs resumed, %d questions open", report.answers,
             len(report.settled), report.resumed, report.open)  # fmt: skip
    return report.as_dict()
