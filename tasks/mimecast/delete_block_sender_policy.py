"""Mimecast action "Delete Block Sender Policy"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.DELETE_POLICY,
        capabilities.REST_DELETE_POLICY,
        capabilities.GET_POLICY,
    ),
    effect="changes the tenant",
    twice="harmless: what is gone is gone",
    example="mimecast.delete_block_sender_policy(policy_id)",
    undo='"Undo Action" makes the policy again, under a new id',
)
@task(
    name="Mimecast: Delete Block Sender Policy",
    task_run_name="Delete Block Sender Policy",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def delete_block_sender_policy(
    policy_id: str,
    *,
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Remove one blocked-sender policy.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A policy that is gone already is no error.

    Args:
        policy_id: As "List Block Sender Policies" shows it.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The id, and the policy as it was.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: somebody else has to approve it first, the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/delete-policy/
    """
    return changed(
        "Delete Block Sender Policy",
        "delete_block_sender_policy",
        {"policy_id": policy_id},
        success="Successfully deleted the block sender policy in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
