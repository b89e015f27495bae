"""Step "Carry Out Approved"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import EffectsFailedError
from mailroom.playbooks.approvals import doing
from tasks import _open
from tasks._show import show
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(
    name="Carry Out Approved", task_run_name="Carry Out Approved {approval}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def carry_out_approved(
    approval: int, *, mimecast: str = "default", store: str = "default", policy: str = "default"
) -> dict[str, int]:
    """Do exactly what was approved, each action once, with a last look at message, evidence, rules and time.

    Effect: changes the tenant. Twice is harmless: only what is missing is done.

    Args:
        approval: Number of the approval.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Number of actions by what became of them.

    Raises:
        RefusedError: It counts for nothing any more, or the kill switch is on.
        EffectsFailedError: Not everything was done; Retry does only what is missing.

    Source: https://docs.prefect.io/v3/develop/pause-resume
    """
    with action("Carry Out Approved"):
        report = doing.carry_out_approved(desk(mimecast, store, policy), approval)
        known = report.approval
        show(
            f"approval-{approval}-report",
            [one.row() for one in report.outcomes],
            f"Approval {approval}: what became of each action.",
        )
        _open.store(store).approvals.told(known.id)
        if report.failed:
            msg = f"{len(report.failed)} of {known.targets} approved actions were not done. Retry does only these"
            raise EffectsFailedError(msg)
    return report.counts()
