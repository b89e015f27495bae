"""Step "Apply Sender Block": one task run per change."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks import changes
from mailroom.playbooks.block_sender import carry_out_step
from tasks._wording import action
from tasks.playbook._blocking import PlannedBlock, desk


@task(
    name="Apply Sender Block", task_run_name="Apply Sender Block {number}", cache_policy=NO_CACHE, persist_result=False
)
def apply_sender_block(
    planned: PlannedBlock, number: int, *, approved_by: str = "", automatic: bool = False, mimecast: str = "default",
    store: str = "default", policy: str = "default",
) -> dict[str, Any]:  # fmt: skip
    """Make one change of a plan, once, through the ledger.

    Effect: changes the tenant. Twice is harmless: what the ledger has recorded is returned, and nothing is sent.

    Args:
        planned: Result of "Plan Sender Block".
        number: Which change of the plan, from 0.
        approved_by: Who approved it, for the history.
        automatic: No person asked for it.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        state (`applied`, or `already_done`), action (its number in the ledger) and message.

    Raises:
        RefusedError: The kill switch, the policy or a list forbids it now.
        RejectedError, OutcomeUnknownError, TransientError: What became of it, and what Retry will do.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Apply Sender Block"):
        step = planned.plan.steps[number]
        result = carry_out_step(
            desk(mimecast, store, policy), planned.plan, step, approved_by=approved_by, automatic=automatic
        )
        changes.raise_unless_done(result)
    return {
        "state": result.state,
        "action": result.action_id,
        "message": f"{result.state} as action {result.action_id}",
    }
