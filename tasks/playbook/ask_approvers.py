"""Step "Ask Approvers"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import InvalidInputError
from mailroom.playbooks.approvals.by_mail import ask_approvers as ask_by_mail
from mailroom.playbooks.ask import PostDesk
from tasks import _open
from tasks._wording import action


@task(name="Ask Approvers", task_run_name="Ask Approvers {approval}", cache_policy=NO_CACHE, persist_result=False)
def ask_approvers(
    approval: int, *, run_id: str = "", mailbox: str = "", store: str = "default", policy: str = "default"
) -> bool:
    """Ask the approvers of the policy by mail, once; again only when an answer could not be understood.

    Effect: sends mail. Twice is harmless: the same question is not sent again.

    Args:
        approval: Number of the approval.
        run_id: The flow run to resume when somebody has answered.
        mailbox: Name of the MailboxCredentials block; empty: the one that the policy names.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Whether approvers know by mail. Without approvers or a mailbox that can prove senders nobody is asked by mail,
        and the log says so.

    Source: https://docs.prefect.io/v3/develop/pause-resume
    """
    log = get_run_logger()
    with action("Ask Approvers"):
        rules, kept = _open.policy(policy), _open.store(store)
        name = mailbox or rules.approval_mailbox
        if not name or not rules.approvers:
            log.info("nobody is asked by mail: the policy names no %s", "approvers" if name else "approval mailbox")
            return False
        try:
            known = ask_by_mail(PostDesk(kept, _open.account(name)), rules, approval, flow_run_id=run_id)
        except InvalidInputError as error:
            log.warning("nobody is asked by mail: %s", error)
            return False
    return known.wait_id is not None
