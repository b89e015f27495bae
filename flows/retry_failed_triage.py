"""Playbook "retry failed triage"."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import ThreadPoolTaskRunner

from flows._effects import carry_out_each, fail_if_any
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from tasks import playbook


@flow(
    name="retry failed triage",
    flow_run_name="retry for {mimecast}",
    task_runner=ThreadPoolTaskRunner(max_workers=8),
)
def retry_failed_triage(
    mimecast: str = "default", store: str = "default", policy: str = "default", quarantined_too: bool = True
) -> dict[str, Any]:
    """Take up everything that was not finished: unknown outcomes, failed actions, alerts without a verdict.

    Outcomes nobody saw are looked up first: in the hold queue and the release log, in policies, lists and incidents.
    What another run is sending at this moment is left to it.
    Then every action that was wanted and is not applied is tried once more, changes of senders, policies, URLs and
    groups included. What was applied is never touched.

    Args:
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block.
        quarantined_too: Also read quarantined entries again.

    Returns:
        The counts of this run.
    """
    with tenant_slot(mimecast):
        looked_up = playbook.look_up_unknown_outcomes(mimecast=mimecast, store=store)
        reopened = playbook.reopen_for_retry(store=store, quarantined_too=quarantined_too)
        triaged = playbook.triage_alerts(store=store, policy=policy, mimecast=mimecast, again=True)
        outcomes = carry_out_each(triaged["to_do"], mimecast=mimecast, store=store, policy=policy)
        outcomes += playbook.retry_changes(mimecast=mimecast, store=store, policy=policy)
    counts = playbook.publish_triage_report(
        store=store, ingested={}, triaged=triaged, outcomes=outcomes, looked_up=looked_up, reopened=reopened
    )
    fail_if_any(outcomes)
    return counts
