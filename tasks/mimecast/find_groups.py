"""Mimecast action "Find Groups"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.mimecast import capabilities, groups
from mailroom.mimecast.rows import take
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Find Groups",
    functions=(capabilities.FIND_GROUPS,),
    example='mimecast.find_groups("blocked", source="cloud")',
)
def find_groups(
    query: str = "",
    *,
    source: Literal["", "cloud", "ldap"] = "",
    max_groups: Annotated[int, Field(ge=1, le=100_000)] = 500,
    mimecast: str = "default",
) -> list[groups.Group]:
    """Find groups by a part of their name.

    Effect: reads. Twice is harmless.

    Args:
        query: A part of the name; empty: every group.
        source: Only groups made in the cloud, or only those of the directory.
        max_groups: Stop after so many.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Groups with their ids.

    Raises:
        PermissionMissingError: the role lacks Directories | Groups | Edit, which Mimecast asks for also to read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/directory/find-groups/
    """
    walk = groups.find_groups(_open.client(mimecast), query, source=source)
    return shown("groups", take(walk, max_groups))
