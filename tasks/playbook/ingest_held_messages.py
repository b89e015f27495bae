"""Step "Ingest Held Messages": one task run, however many messages are held."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from mailroom.connectors.held import HeldSettings, ingest_held
from tasks import _open
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._wording import action
from tasks.playbook._choices import LowestRisk


@task(
    name="Ingest Held Messages",
    task_run_name="Ingest Held Messages",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def ingest_held_messages(
    mimecast: str = "default",
    store: str = "default",
    *,
    max_hours_backwards: int = 336,
    max_messages: int = 0,
    lowest_risk: LowestRisk = "everything",
    fetch_details: bool = True,
) -> dict[str, Any]:
    """Turn the hold queue into alerts, each message once.

    Effect: reads the tenant, writes the store. Twice is harmless: the second cycle finds duplicates.

    Args:
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        max_hours_backwards: Reach of the first cycle, in hours.
        max_messages: Most messages settled in this cycle; 0 = no limit.
        lowest_risk: Messages below this risk are filtered.
        fetch_details: Fetch the message info of every message.

    Returns:
        fetched, alerted, duplicate, filtered, quarantined, gone, waiting (numbers of messages) and seconds.

    Raises:
        BusyError: another worker ingests from this source.
        AccessError, TransientError, ResponseError: the tenant could not be read; what was stored stays.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    settings = HeldSettings(
        max_hours_backwards=max_hours_backwards,
        max_messages=max_messages,
        lowest_risk="" if lowest_risk == "everything" else lowest_risk,
        with_detail=fetch_details,
    )
    with action("Ingest Held Messages"), artifact_progress("held messages") as progress:
        report = ingest_held(
            _open.client(mimecast),
            _open.store(store),
            settings,
            flow_run_id=str(flow_run.id or ""),
            progress=progress,
        )
        if report.alerted:
            from mailroom.playbooks.campaigns import group_new  # an idle cycle does without

            group_new(_open.store(store))
    return {**report.counts(), "waiting": report.waiting, "seconds": round(report.seconds, 2)}
