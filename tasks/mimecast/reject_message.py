"""Mimecast action "Reject Message"."""

from __future__ import annotations

from typing import Literal

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks._dispose import ActionOutcome, dispose, run_name

Reason = Literal[
    "Select One",
    "Inappropriate Communication",
    "Confidential Information",
    "Against Email Policy",
    "Restricted Content",
]


@describe(
    functions=(capabilities.HOLD_REJECT, capabilities.HOLD_LIST, capabilities.RELEASE_LOGS),
    effect="changes the tenant",
    twice="rejected once: the second time says what became of it",
    example='mimecast.reject_message("17", reason="Against Email Policy")',
    note="Goes through the ledger and the safety rails. Final.",
)
@task(name="Mimecast: Reject Message", cache_policy=NO_CACHE, task_run_name=run_name("Reject Message"))
def reject_message(
    message_id: str,
    *,
    note: str = "",
    reason: Reason = "Select One",
    notify_sender: bool = False,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ActionOutcome:
    """Reject a held message, once.

    Effect: changes the tenant; final. Goes through the ledger: calling it twice, retrying it or killing it in between
    rejects the message at most once. A message that somebody else handled first is reported as such and is not an
    error.

    Args:
        message_id: Alert number, hold id or tracking id of an ingested message. Only held messages can be rejected.
        note: Text for the rejection notice.
        reason: Reason shown in the product; "Select One" sends none.
        notify_sender: Tell the sender. Leave this off for malicious mail: it confirms the address.
        dry_run: Say what would be done, what objects and whether the message is still held; change and write nothing.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        What happened, with the documented message.

    Raises:
        RefusedError: a safety rail or the ledger refused (kill switch, already being released, ...).
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; Retry looks again.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    parameters = {"note": note, "reason": reason, "notify_sender": notify_sender}
    return dispose("reject", message_id, parameters, mimecast=mimecast, store=store, policy=policy, dry_run=dry_run)
