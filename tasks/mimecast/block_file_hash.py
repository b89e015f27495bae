"""Mimecast action "Block File Hash"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(capabilities.CREATE_BATCH,),
    effect="changes the tenant",
    twice="once per wish: the ledger stops a second, equal block",
    example='mimecast.block_file_hash("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")',
    note="Removed in the console only (Bring Your Own Threat Intelligence). No function lists these hashes: when the "
    "answer is lost it stays unknown and is repeated only with `again`",
)
@task(name="Mimecast: Block File Hash", task_run_name="Block File Hash", cache_policy=NO_CACHE, persist_result=False)
def block_file_hash(
    file_hash: str,
    *,
    description: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Block a file for everybody by its SHA-256.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once.

    Args:
        file_hash: SHA-256 of the file, 64 hexadecimal digits.
        description: Kept with the hash, at most 255 characters.
        dry_run: Say what would be sent; change nothing.
        again: Any text names a new wish: do it although it was done before, or nobody knows whether it was.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The hash and what was done with it, and the number of the action.

    Raises:
        InvalidInputError: not a SHA-256, or the description is too long; nothing was sent.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the answer was not seen; it cannot be looked up.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/byo-threat-intelligence/create-batch/
    """
    return changed(
        "Block File Hash",
        "block_file_hash",
        {"file_hash": file_hash, "description": description},
        success=f"Successfully blocked the file with SHA-256 {file_hash} in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
