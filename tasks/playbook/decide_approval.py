"""Step "Decide Approval"."""

from __future__ import annotations

from typing import Literal

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import RefusedError
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.by_mail import close_question
from mailroom.redact import without_mailboxes
from tasks import _open
from tasks._wording import action
from tasks.playbook._approvals import ApprovalView, view_of


@task(name="Decide Approval", task_run_name="Decide Approval {approval}", cache_policy=NO_CACHE, persist_result=False)
def decide_approval(
    approval: int, decision: Literal["approve", "decline"], digest: str, your_name: str, *, note: str = "",
    store: str = "default", policy: str = "default",
) -> ApprovalView:  # fmt: skip
    """Write down what a person has decided in a form.

    Effect: writes the store. Twice is harmless. A decision that does not count (it is over, it has changed, it is wide
    and the same person proposed it) changes nothing, and the log says why.

    Args:
        approval: Number of the approval.
        decision: What the person chose.
        digest: Of what the person was shown.
        your_name: Who decided.
        note: Why, for the history.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        The approval as it stands then. Kept nowhere.

    Source: https://docs.prefect.io/v3/develop/pause-resume
    """
    with action("Decide Approval"):
        kept = _open.store(store)
        try:
            if decision == "approve":
                known = deciding.approve(
                    kept, _open.policy(policy), approval, digest=digest, by=your_name, channel="form", note=note
                )
            else:
                known = deciding.decline(kept, approval, digest=digest, by=your_name, channel="form", note=note)
        except RefusedError as error:
            get_run_logger().warning("the decision does not count: %s", without_mailboxes(str(error)))
            known = kept.approvals.get(approval)
        close_question(kept, known)
        if not known.is_open:
            kept.approvals.told(approval)
        return view_of(kept, known)
