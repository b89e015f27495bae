"""Step "Block Harmful Content": one task run per link or file."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks import changes
from mailroom.playbooks.remediate import RemediationPlan
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(
    name="Block Harmful Content", task_run_name="Block Harmful Content {number}", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def block_harmful_content(
    plan: RemediationPlan, number: int, *, mimecast: str = "default", store: str = "default", policy: str = "default"
) -> dict[str, Any]:
    """Block the link or the file of one item for everybody, once.

    Effect: changes the tenant. Twice is harmless: what the ledger has recorded is returned.

    Args:
        plan: Result of "Find Harmful Mail".
        number: Which item of the plan, from 0; one that is a URL or a file hash.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        state, action (its number in the ledger) and message.

    Raises:
        RefusedError: The kill switch is on.
        RejectedError, OutcomeUnknownError, TransientError: What became of it, and what Retry will do.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    item = plan.items[number]
    wanted: dict[str, Any] = {"url": item.value, "comment": str(item.parameters["reason"])[:100]}
    kind = "create_managed_url"
    if item.search_by == "hash":
        kind, wanted = "block_file_hash", {"file_hash": item.value, "description": str(item.parameters["reason"])[:20]}
    with action("Block Harmful Content"):
        result = changes.change(
            desk(mimecast, store, policy), kind, wanted, requested_by=plan.requested_by or "analyst",
            tenant=plan.tenant, alert_id=item.alert_id,
        )  # fmt: skip
        changes.raise_unless_done(result)
    return {
        "state": result.state,
        "action": result.action_id,
        "message": f"{result.state} as action {result.action_id}",
    }
