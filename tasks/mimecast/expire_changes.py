"""Mimecast action "Expire Changes"."""

from __future__ import annotations

from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.playbooks.expire_blocks import expire_blocks
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mimecast._changing import desk_of


@describe(
    effect="changes the tenant",
    twice="harmless: what is over is taken back once",
    example="mimecast.expire_changes()",
)
@task(name="Mimecast: Expire Changes", task_run_name="Expire Changes", cache_policy=NO_CACHE, persist_result=False)
def expire_changes(
    max_changes: Annotated[int, Field(ge=1, le=10_000)] = 500,
    *,
    permit_managed_senders: bool = False,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, int]:
    """Take back every policy, managed URL and group member of ours whose time is over.

    Effect: changes the tenant. What has no end, what others made and what somebody changed by hand is left alone.
    Blocked and permitted senders of single recipients are left alone too, and counted: Mimecast cannot remove them.

    Args:
        max_changes: Most changes of one run; the rest stays due.
        permit_managed_senders: End blocks of single recipients too, by a permit: such mail passes the spam checks.
        dry_run: Say how many would end; change nothing.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; nothing is ended while its kill switch is on.

    Returns:
        How many were taken back (`ended`), gone already (`ended before`), `left alone`, or could not be (`not ended`);
        of a dry run `would end`.

    Raises:
        RefusedError: the kill switch is on.
        AccessError, TransientError: the tenant refuses or cannot be reached; what is left stays due.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/
    """
    with action("Expire Changes"):
        desk = desk_of(mimecast, store, policy)
        found: dict[str, int] = {}
        for one in expire_blocks(
            desk, permit_managed_senders=permit_managed_senders, dry_run=dry_run, limit=max_changes
        ):
            found[one.outcome] = found.get(one.outcome, 0) + 1
    return found
