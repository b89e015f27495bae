"""Mimecast action "Create Remediation Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.remediate import SearchBy
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.CREATE_INCIDENT,
        capabilities.CREATE_INCIDENT_V2,
        capabilities.FIND_INCIDENTS,
    ),
    effect="changes the tenant",
    twice="once per wish: the ledger stops a second, equal incident",
    example='mimecast.create_remediation_incident("case 42", search_by="messageId", values=["<m1@evil.example>"])',
    note="messages disappear from mailboxes; restoring them is possible in the console only",
)
@task(
    name="Mimecast: Create Remediation Incident",
    task_run_name="Create Remediation Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def create_remediation_incident(
    reason: str,
    *,
    search_by: SearchBy,
    values: list[str],
    start_time: str = "",
    end_time: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Pull delivered mail back out of our mailboxes.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A mark of ours behind the reason finds the incident again when the answer is lost.

    Args:
        reason: Why; shown in the console.
        search_by: What the messages have in common.
        values: One SHA-256, one URL, or Message-IDs (several need API 2.0).
        start_time: ISO 8601; received then or later; empty: a month back.
        end_time: ISO 8601; received until then.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The incident as it begins; "Follow Remediation Incident" watches it.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/threat-remediation/create-remediation-incident/
    """
    return changed(
        "Create Remediation Incident",
        "create_remediation_incident",
        {
            "reason": reason,
            "search_by": search_by,
            "values": values,
            "start_time": start_time,
            "end_time": end_time,
        },
        success="Successfully created the remediation incident in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
