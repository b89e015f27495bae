"""Mimecast action "Add Group Member"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(
        capabilities.ADD_GROUP_MEMBER,
        capabilities.GROUP_MEMBERS,
    ),
    effect="changes the tenant",
    twice="harmless: it is a member or it is not",
    example='mimecast.add_group_member(group_id, "evil.example")',
    undo='"Undo Action" removes the member',
)
@task(name="Mimecast: Add Group Member", task_run_name="Add Group Member", cache_policy=NO_CACHE, persist_result=False)
def add_group_member(
    group_id: str,
    member: str,
    *,
    notes: str = "",
    expires_at: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Take an address or a domain into a group.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between does it
    once. A member that is there already is no error.

    Args:
        group_id: As "Find Groups" shows it; not the name.
        member: Full address, or a domain.
        notes: Shown beside the member.
        expires_at: ISO 8601 time with a time zone, e.g. 2027-03-07T16:03:00Z, at which "Expire Changes" takes it back;
            empty: never.
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

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/directory/add-group-member/
    """
    return changed(
        "Add Group Member",
        "add_group_member",
        {"group_id": group_id, "member": member, "notes": notes},
        success="Successfully added the member to the group in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
        expires_at=expires_at,
    )
