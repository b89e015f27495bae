"""Step "Publish Results"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks._show import show
from tasks._wording import action


@task(name="Publish Results", task_run_name="Publish Results", cache_policy=NO_CACHE, persist_result=False)
def publish_results(key: str, rows: list[dict[str, Any]], description: str) -> None:
    """Show what became of each change, as a table beside the run.

    Effect: writes an artifact. Every text in it is made harmless.

    Args:
        key: Name of the artifact.
        rows: One mapping per change.
        description: What the table shows.

    Source: https://docs.prefect.io/v3/concepts/artifacts
    """
    with action("Publish Results"):
        show(key, rows, description)
