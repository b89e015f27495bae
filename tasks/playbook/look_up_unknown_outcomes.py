"""Step "Look Up Unknown Outcomes"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks import act
from tasks import _open
from tasks._policy import only_transient
from tasks._wording import action


@task(
    name="Look Up Unknown Outcomes",
    task_run_name="Look Up Unknown Outcomes",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def look_up_unknown_outcomes(
    mimecast: str = "default", store: str = "default", *, all_owners: bool = False
) -> dict[str, int]:
    """Find out what became of actions whose outcome nobody saw, in the hold queue and the release log.

    Effect: reads the tenant, writes the ledger. Twice is harmless.

    Args:
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        all_owners: Also take over actions that another machine seems to be sending; only when no run is under way.

    Returns:
        How many were found applied, not applied (they may be tried again) or handled by somebody else.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/message-queues/
    """
    with action("Look Up Unknown Outcomes"):
        desk = act.Desk(client=_open.client(mimecast), store=_open.store(store), policy=_open.no_policy)
        results = act.look_up_unknown(desk, all_owners=all_owners)
    found: dict[str, int] = {}
    for result in results:
        found[result.state] = found.get(result.state, 0) + 1
    if found:
        said = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in sorted(found.items()))
        get_run_logger().info("unknown outcomes looked up: %s", said)
    return found
