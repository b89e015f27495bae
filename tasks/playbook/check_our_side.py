"""Step "Check Our Side": store, rules, rails, and who can reach the Prefect API."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.checks import check_policy, check_records, check_store
from tasks import _open
from tasks._exposure import check_prefect_api
from tasks._wording import action


@task(name="Check Our Side", task_run_name="Check Our Side", cache_policy=NO_CACHE)
def check_our_side(store: str = "default", policy: str = "default") -> list[dict[str, str]]:
    """Check the store and its schema, the rules and lists, the modes, and who can reach the Prefect API.

    Effect: reads. Twice is harmless.

    Args:
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        One row per stage: stage, result, detail, advice.

    Source: https://docs.prefect.io/v3/advanced/security-settings
    """
    with action("Check Our Side"):
        rows = [
            *check_store(lambda: _open.store(store)),
            *check_policy(lambda: _open.policy(policy)),
            *check_records(lambda: _open.store(store), lambda: _open.policy(policy)),
            check_prefect_api(),
        ]
    return [row.as_dict() for row in rows]
