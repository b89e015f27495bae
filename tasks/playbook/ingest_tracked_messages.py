"""Step "Ingest Tracked Messages": one task run, however many messages there are."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from mailroom.connectors.tracked_form import TrackedForm
from mailroom.playbooks.campaigns import group_new
from tasks import _open
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._wording import action


@task(
    name="Ingest Tracked Messages",
    task_run_name="Ingest Tracked Messages",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def ingest_tracked_messages(
    mimecast: str = "default", store: str = "default", *, form: dict[str, Any] | None = None, dry_run: bool = False,
    catch_up: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Turn messages of message tracking into alerts, each message once.

    Effect: reads the tenant, writes the store. Twice is harmless: the second cycle finds duplicates.

    Args:
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        form: What to fetch: fields of `mailroom.connectors.tracked_form.TrackedForm`.
        dry_run: Only count what would be fetched; store nothing.
        catch_up: Take the whole backlog, without limit on number and time.

    Returns:
        fetched, alerted, duplicate, filtered, quarantined, gone, waiting (numbers of messages), seconds, and where
        there are any: gap, lost (times), unknown (values by number), warnings. Of a dry run: would_fetch, and its
        numbers by outcome.

    Raises:
        BusyError: another worker ingests from this source.
        AccessError, TransientError, ResponseError: the tenant could not be read; what was stored stays.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    # Flows that track no messages import this module too.
    from mailroom.connectors.tracked import ingest_tracked, preview_tracked

    given = TrackedForm(**(form or {}))
    with action("Ingest Tracked Messages"), artifact_progress("tracked messages") as progress:
        settings = given.settings()
        client, opened = _open.client(mimecast), _open.store(store)
        if dry_run:
            outcomes = [row.outcome for row in preview_tracked(client, opened, settings, tenant=given.tenant)]
            return {"would_fetch": len(outcomes)} | {one: outcomes.count(one) for one in sorted(set(outcomes))}
        report = ingest_tracked(
            client, opened, settings, tenant=given.tenant, flow_run_id=str(flow_run.id or ""), catch_up=catch_up,
            progress=progress,
        )  # fmt: skip
        if report.alerted:
            group_new(opened)
    return report.kept() | {"seconds": round(report.seconds, 2)}
