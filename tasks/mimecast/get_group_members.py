"""Mimecast action "Get Group Members"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, groups
from mailroom.mimecast.rows import take
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Group Members",
    functions=(
        capabilities.GROUP_MEMBERS,
        capabilities.FIND_GROUPS,
    ),
    example='mimecast.get_group_members("Blocked senders")',
)
def get_group_members(
    group: str,
    *,
    max_members: Annotated[int, Field(ge=1, le=100_000)] = 10000,
    mimecast: str = "default",
) -> list[groups.GroupMember]:
    """List who is in a group; never cut at 999.

    Effect: reads. Twice is harmless.

    Args:
        group: Its id, or its exact name.
        max_members: Stop after so many.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Addresses and domains.

    Raises:
        NotFoundError: no such group.
        InvalidInputError: several groups have this name.
        PermissionMissingError: the role lacks Services | Directory Sync | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/directory/get-group-members/
    """
    client = _open.client(mimecast)
    members = take(groups.group_members(client, groups.group_of(client, group)), max_members)
    return shown("group-members", members, columns=("domain", "internal", "type", "notes"))
