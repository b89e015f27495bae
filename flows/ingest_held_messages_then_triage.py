"""Playbook "ingest held messages then triage"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows._effects import carry_out_each, fail_if_any
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from tasks import playbook
from tasks.playbook._choices import LowestRisk


@flow(
    name="ingest held messages then triage",
    flow_run_name="hold queue of {mimecast}",
    task_runner=ThreadPoolTaskRunner(max_workers=8),
)
def ingest_held_messages_then_triage(
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    max_hours_backwards: Annotated[int, Field(ge=1, le=719)] = 336,
    max_messages: Annotated[int, Field(ge=0, le=10_000_000)] = 0,
    lowest_risk: LowestRisk = "everything",
    fetch_details: bool = True,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Turn the hold queue into alerts, decide about each, and act within the policy's rails.

    Every held message becomes one alert, gets a verdict with its evidence, and, where the policy's mode is "auto" and
    no rail objects, is released or rejected exactly once. Everything else waits as a proposal or for an analyst.
    Retry on a failed run redoes only what was not applied.

    Args:
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (modes, rails, rules, kill switch).
        max_hours_backwards: How far back the very first run looks, in hours (1 to 719). Later runs go on where the
            last one ended.
        max_messages: Most messages taken in per run; the rest waits for the next run. 0 means no limit.
        lowest_risk: Leave messages below this Mimecast risk where they are.
        fetch_details: Fetch headers, authentication results and attachment names of each message. Without them most
            messages stay undetermined.
        dry_run: Ingest and decide, but write no verdict and change nothing in the tenant.

    Returns:
        The counts of this run.
    """
    log = get_run_logger()
    with tenant_slot(mimecast):
        ingested = playbook.ingest_held_messages(
            mimecast=mimecast,
            store=store,
            max_hours_backwards=max_hours_backwards,
            max_messages=max_messages,
            lowest_risk=lowest_risk,
            fetch_details=fetch_details,
        )
        log.info("%(fetched)d fetched: %(alerted)d new alerts, %(duplicate)d known already", ingested)
        if not dry_run:
            playbook.look_up_unknown_outcomes(mimecast=mimecast, store=store)
        triaged = playbook.triage_alerts(store=store, policy=policy, mimecast=mimecast, dry_run=dry_run)
        outcomes = carry_out_each(triaged["to_do"], mimecast=mimecast, store=store, policy=policy)
    counts = playbook.publish_triage_report(store=store, ingested=ingested, triaged=triaged, outcomes=outcomes)
    fail_if_any(outcomes)
    return counts
