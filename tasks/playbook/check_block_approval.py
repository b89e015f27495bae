"""Step "Check Block Approval"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.block_sender import Approved, check_approved
from tasks._wording import action
from tasks.playbook._blocking import PlannedBlock, desk


@task(name="Check Block Approval", task_run_name="Check Block Approval", cache_policy=NO_CACHE, persist_result=False)
def check_block_approval(
    planned: PlannedBlock, digest: str, approved_by: str, *, mimecast: str = "default", store: str = "default",
    policy: str = "default",
) -> None:  # fmt: skip
    """See that an approval covers exactly what would be done now, is young enough, and comes from the right person.

    Effect: reads the store. Twice is harmless.

    Args:
        planned: Result of "Plan Sender Block", as it is now.
        digest: Of the plan that was approved.
        approved_by: Who approved it.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Raises:
        RefusedError: The approval does not count; the message says why.

    Source: https://docs.prefect.io/v3/develop/write-tasks
    """
    with action("Check Block Approval"):
        check_approved(desk(mimecast, store, policy), planned.plan, Approved(digest, approved_by))
