"""Mimecast action "Remove Group Member"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.REMOVE_GROUP_MEMBER,
        capabilities.GROUP_MEMBERS,
    ),
    effect="changes the tenant",
    twice="harmless: it is a member or it is not",
    example='mimecast.remove_group_member(group_id, "evil.example")',
    undo='"Undo Action" adds the member again',
)
@task(
    name="Mimecast: Remove Group Member",
    task_run_name="Remove Group Member",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def remove_group_member(
    group_id: str,
    member: str,
    *,
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Take an address or a domain out of a group.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A member that is gone already is no error.

    Args:
        group_id: As "Find Groups" shows it; not the name.
        member: Full address, or a domain.
        dry_run: Say what would be sent and what is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The group and the member.

    Raises:
        InvalidInputError: a field cannot be meant; nothing was sent.
        RefusedError: the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/directory/remove-group-member/
    """
    return changed(
        "Remove Group Member",
        "remove_group_member",
        {"group_id": group_id, "member": member},
        success="Successfully removed the member from the group in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
