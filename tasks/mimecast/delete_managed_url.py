"""Mimecast action "Delete Managed URL"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.DELETE_MANAGED_URL,
        capabilities.LIST_MANAGED_URLS,
    ),
    effect="changes the tenant",
    twice="harmless: what is gone is gone",
    example="mimecast.delete_managed_url(url_id)",
    undo='"Undo Action" makes the entry again, under a new id',
)
@task(
    name="Mimecast: Delete Managed URL", task_run_name="Delete Managed URL", cache_policy=NO_CACHE, persist_result=False
)
def delete_managed_url(
    url_id: str,
    *,
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Remove one URL from those that are always blocked or permitted.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. An entry that is gone already is no error.

    Args:
        url_id: As "List Managed URLs" shows it.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The id, and the entry as it was.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/targeted-threat-protection-url-protect/delete-managed-url/
    """
    return changed(
        "Delete Managed URL",
        "delete_managed_url",
        {"url_id": url_id},
        success="Successfully deleted the managed URL in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
