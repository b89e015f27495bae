"""Step "Reopen For Retry"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.retry import reopen_quarantined
from tasks import _open
from tasks._wording import action


@task(name="Reopen For Retry", task_run_name="Reopen For Retry", cache_policy=NO_CACHE)
def reopen_for_retry(store: str = "default", *, quarantined_too: bool = True) -> int:
    """Put quarantined entries back among those waiting to be read.

    Effect: writes the store. Twice is harmless.

    Args:
        store: Name of the AlertStore block.
        quarantined_too: Do it at all.

    Returns:
        How many entries were reopened; the next ingest reads them again.

    Source: https://docs.prefect.io/v3/develop/write-flows
    """
    with action("Reopen For Retry"):
        return reopen_quarantined(_open.store(store)) if quarantined_too else 0
