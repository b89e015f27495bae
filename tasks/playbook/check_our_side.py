"""Step "Check Our Side": store, rules, rails, and who can reach the Prefect API."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.check_rows import CheckRow
from mailroom.playbooks.checks import check_policy, check_records, check_store
from tasks import _open
from tasks._exposure import check_prefect_api
from tasks._wording import action


@task(name="Check Our Side", task_run_name="Check Our Side", cache_policy=NO_CACHE)
def check_our_side(store: str = "default", policy: str = "default", mimecast: str = "default") -> list[dict[str, str]]:
    """Check the store and its schema, the rules and lists, the modes, and who can reach the Prefect API.

    Effect: reads. Twice is harmless.

    Args:
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.
        mimecast: Name of the MimecastCredentials block; where there is neither, nothing is judged, and the rules are
            passed over.

    Returns:
        One row per stage: stage, result, detail, advice.

    Source: https://docs.prefect.io/v3/advanced/security-settings
    """
    with action("Check Our Side"):
        rows = check_store(lambda: _open.store(store))
        if _open.has_policy(policy) or _open.has_client(mimecast):
            rows += check_policy(lambda: _open.policy(policy))
            rows += check_records(lambda: _open.store(store), lambda: _open.policy(policy))
        else:
            rows.append(CheckRow("rules", "skipped", "there is neither a policy nor a tenant block of this name"))
        rows.append(check_prefect_api())
    return [row.as_dict() for row in rows]
