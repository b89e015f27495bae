"""Mimecast action "Permit Sender"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(capabilities.PERMIT_OR_BLOCK_SENDER,),
    effect="changes the tenant",
    twice="harmless: the recipient has one entry per sender",
    example='mimecast.permit_sender("billing@evil.example", "ann@northwind.example")',
    undo='"Undo Action" only where it ended a block of ours',
    note="a permitted sender passes spam checks, also with forged mail that looks like theirs",
)
@task(name="Mimecast: Permit Sender", task_run_name="Permit Sender", cache_policy=NO_CACHE, persist_result=False)
def permit_sender(
    sender: str,
    recipient: str,
    *,
    expires_at: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Permit mail of one sender to one recipient.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A later word for the same pair replaces the earlier one.

    Args:
        sender: Full address, e.g. `billing@evil.example`.
        recipient: Full address of one of our people.
        expires_at: ISO 8601 time with a time zone, e.g. 2027-03-07T16:03:00Z, after which "Expire Changes" reports it:
            Mimecast cannot remove such an entry, so a person does; empty: never.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The entry as Mimecast shows it (`id`, `sender`, `to`, `type`), and the number of the action.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: somebody else has to approve it first, the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    return changed(
        "Permit Sender",
        "permit_sender",
        {"sender": sender, "recipient": recipient},
        success=f"Successfully permitted sender {sender} for recipient {recipient} in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
        expires_at=expires_at,
    )
