"""Step "Look At Approval"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.approvals.by_mail import take_answer
from tasks import _open
from tasks._policy import only_transient
from tasks._wording import action
from tasks.playbook._approvals import ApprovalView, view_of


@task(
    name="Look At Approval",
    task_run_name="Look At Approval {approval}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def look_at_approval(
    approval: int, *, run_id: str = "", mimecast: str = "default", store: str = "default", policy: str = "default"
) -> ApprovalView:
    """See how an approval stands: answers by mail are taken in, and what is over or has changed ends.

    Effect: writes the store; shows a table beside the run. Twice is harmless.

    Args:
        approval: Number of the approval.
        run_id: The flow run that waits for it, so that whoever decides elsewhere can let it go on.
        mimecast: Not used; every step of the playbook takes the same blocks.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        The approval as it stands. Kept nowhere.

    Raises:
        NotFoundError: There is no such approval.

    Source: https://docs.prefect.io/v3/develop/pause-resume
    """
    with action("Look At Approval"):
        kept = _open.store(store)
        if run_id:
            kept.approvals.attach(approval, flow_run_id=run_id)
        known = take_answer(kept, _open.policy(policy), approval)
        if run_id and not known.is_open:
            kept.approvals.told(approval)
        return view_of(kept, known, shown=True)
