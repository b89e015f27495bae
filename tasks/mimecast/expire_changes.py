"""Mimecast action "Expire Changes"."""

from __future__ import annotations

from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.playbooks import changes
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
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, int]:
    """Take back every block, policy, managed URL and group member of ours whose time is over.

    Effect: changes the tenant. What has no end, and what others made, is left alone.

    Args:
        max_changes: Most changes of one run; the rest stays due.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; nothing is ended while its kill switch is on.

    Returns:
        How many were taken back (`applied`), gone already (`already_done`), or could not be (`failed`, `unknown`).

    Raises:
        RefusedError: the kill switch is on.
        AccessError, TransientError: the tenant refuses or cannot be reached; what is left stays due.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/
    """
    with action("Expire Changes"):
        desk = desk_of(mimecast, store, policy)
        found: dict[str, int] = {}
        for result in changes.expire(desk, limit=max_changes):
            found[result.state] = found.get(result.state, 0) + 1
    return found
