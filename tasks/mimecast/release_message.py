"""Mimecast action "Release Message"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.field_checks import checked_flag
from tasks._catalogue import describe
from tasks._dispose import ActionOutcome, dispose, run_name
from tasks._wording import action


@describe(
    functions=(
        capabilities.HOLD_RELEASE,
        capabilities.RELEASE_TO_SANDBOX,
        capabilities.HOLD_LIST,
        capabilities.RELEASE_LOGS,
    ),
    effect="changes the tenant and delivers mail",
    twice="released once: the second time says what became of it",
    example='mimecast.release_message("17")',
    note="Goes through the ledger and the safety rails. Final.",
)
@task(name="Mimecast: Release Message", cache_policy=NO_CACHE, task_run_name=run_name("Release Message"))
def release_message(
    message_id: str,
    *,
    release_to_sandbox: bool = False,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ActionOutcome:
    """Release a held message, once.

    Effect: changes the tenant and delivers mail; final. Goes through the ledger: calling it twice, retrying it or
    killing it in between releases the message at most once. A message that somebody else handled first is reported
    as such and is not an error.

    Args:
        message_id: Alert number, hold id or tracking id of an ingested message. Only held messages can be released.
        release_to_sandbox: Release to the sandbox instead of the recipient (API 1.0 only).
        dry_run: Say what would be done, what objects and whether the message is still held; change and write nothing.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch and absolute denials apply.

    Returns:
        What happened, with the documented message.

    Raises:
        RefusedError: a safety rail or the ledger refused (kill switch, already being rejected, malware, ...).
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; Retry looks again.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Release Message"):
        kind = "release_to_sandbox" if checked_flag(release_to_sandbox, "Release To Sandbox") else "release"
    return dispose(kind, message_id, {}, mimecast=mimecast, store=store, policy=policy, dry_run=dry_run)
