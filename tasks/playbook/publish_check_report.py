"""Step "Publish Check Report"."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from blocks._sync import in_sync
from mailroom.errors import AccessError
from mailroom.playbooks.harmless import harmless
from tasks._wording import action


@task(name="Publish Check Report", task_run_name="Publish Check Report", cache_policy=NO_CACHE)
def publish_check_report(rows: list[dict[str, str]]) -> int:
    """Show the stages of a check as a table, and fail when one of them failed.

    Effect: writes an artifact.

    Args:
        rows: stage, result, detail, advice.

    Returns:
        The number of stages.

    Raises:
        AccessError: a stage failed; the message names the first and what to do.

    Source: https://docs.prefect.io/v3/concepts/artifacts
    """
    table = [{name: harmless(value, 300) for name, value in row.items()} for row in rows]
    in_sync(create_table_artifact, table=table, key="connection-check", description="Stage by stage.")
    failed = [row for row in rows if row["result"] == "failed"]
    if failed:
        with action("Check Connections"):
            first = failed[0]
            said = f"{first['stage']}: {first['detail']} {first['advice']}".strip()
            msg = f"{len(failed)} of {len(rows)} stages failed. First: {said}"
            raise AccessError(msg)
    return len(rows)
