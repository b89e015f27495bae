"""Mimecast action "Ping"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast import ping as stages
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action

PASSED = "Successfully connected to the Mimecast server with the provided connection parameters!"


@describe(
    functions=(
        capabilities.GET_ACCOUNT,
        capabilities.HOLD_LIST,
        capabilities.HOLD_SUMMARY,
        capabilities.TRACKING_SEARCH,
        capabilities.RELEASE_LOGS,
        capabilities.HOLD_RELEASE,
    ),
    effect="reads",
    twice="harmless",
    example="mimecast.ping()",
    note="The right to release and reject is asked for with a request that names no message.",
)
@task(
    name="Mimecast: Ping",
    task_run_name="Ping",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def ping(mimecast: str = "default") -> list[dict[str, str]]:
    """Test the connection to the tenant, stage by stage, and every permission the playbooks need.

    Effect: reads. Twice is harmless.

    Args:
        mimecast: Name of the MimecastCredentials block.

    Returns:
        One row per stage: name, result ("ok", "failed", "skipped"), detail and advice.

    Raises:
        InvalidInputError: there is no such block.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Ping"):
        report = stages.ping(_open.client(mimecast))
    words = {True: "ok", False: "failed", None: "skipped"}
    return [
        {"stage": stage.name, "result": words[stage.ok], "detail": stage.detail, "advice": stage.advice}
        for stage in report.stages
    ]
