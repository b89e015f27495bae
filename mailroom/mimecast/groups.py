"""Profile groups, which tenants also keep their block lists in, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.paging import entries_in, hash_of, id_of, listed
from mailroom.mimecast.reading import OnUnreadable, bool_of, int_of, object_of, text_of

SOURCES = ("cloud", "ldap")
PAGE_SIZE = 500
"""Always paged: a call without pages silently stops at 999 entries."""
_SHORTEST_ID = 40
"""Ids are opaque and long; names are not."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group."""

    id: str
    description: str
    """Its name."""
    source: str
    """`cloud` or `ldap`."""
    parent_id: str
    user_count: int | None
    folder_count: int | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> Group:
        """Read one group.

        Raises:
            ResponseError: Not an object, or without id.
        """
        entry = object_of("groups", raw)
        if not id_of(entry):
            raise ResponseError("groups: an entry has no id")
        get = entry.get
        return cls(
            id_of(entry),
            text_of(get("description")),
            text_of(get("source")).lower(),
            text_of(get("parentId")),
            int_of(get("userCount")),
            int_of(get("folderCount")),
            entry,
        )


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One member: an address, or a whole domain."""

    address: str
    """Empty when the whole domain is meant."""
    domain: str
    name: str
    internal: bool | None
    type: str
    notes: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def value(self) -> str:
        """The address or the domain, in lower case."""
        return (self.address or self.domain).lower()

    @classmethod
    def parse(cls, raw: object) -> GroupMember:
        """Read one member.

        Raises:
            ResponseError: Not an object, or neither an address nor a domain.
        """
        entry = object_of("group members", raw)
        get = entry.get
        address, domain = text_of(get("emailAddress")), text_of(get("domain"))
        if not address and not domain:
            raise ResponseError("group members: an entry has neither an address nor a domain")
        return cls(
            address,
            domain or address.rpartition("@")[2],
            text_of(get("name")),
            bool_of(get("internal")),
            text_of(get("type")),
            text_of(get("notes")),
            entry,
        )


def find_groups(
    client: MimecastClient,
    query: str = "",
    *,
    source: str = "",
    page_size: int = PAGE_SIZE,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[Group]]:
    """Groups whose name contains a text, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        query: A part of the name; empty = every group.
        source: `cloud` or `ldap`; empty = both.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        InvalidInputError: An unknown source.
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    if source and source not in SOURCES:
        raise InvalidInputError(f"source {source!r}: choose one of {', '.join(SOURCES)}, or leave it empty")
    item = {name: value for name, value in (("query", query), ("source", source)) if value}
    return listed(
        client, capabilities.FIND_GROUPS, item, Group.parse, page_size=page_size, on_unreadable=on_unreadable,
        entries=entries_in("folders"),
    )  # fmt: skip


def group_of(client: MimecastClient, name: str) -> str:
    """The id of a group that is given by its id or its exact name; case does not matter. Effect: reads.

    Raises:
        InvalidInputError: Nothing was given, or several groups have this name.
        NotFoundError: No group has this name.
        MailroomError: As `find_groups`.
    """
    wanted = name.strip()
    if not wanted:
        raise InvalidInputError("give the group: its id or its exact name")
    if len(wanted) >= _SHORTEST_ID and " " not in wanted:
        return wanted
    same = {
        group.id
        for found in find_groups(client, wanted)
        for group in found
        if group.description.strip().lower() == wanted.lower()
    }
    if not same:
        raise NotFoundError(f"no group is called {wanted[:100]!r}; find_groups lists them")
    if len(same) > 1:
        raise InvalidInputError(f"{len(same)} groups are called {wanted[:100]!r}: give the id of one")
    return same.pop()


def group_members(
    client: MimecastClient,
    group_id: str,
    *,
    page_size: int = PAGE_SIZE,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[GroupMember]]:
    """Who is in a group, one list per page; never cut at 999. Effect: reads.

    Args:
        client: Which tenant.
        group_id: Id of a group (`find_groups`), not its name.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        NotFoundError: No such group.
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    return listed(
        client, capabilities.GROUP_MEMBERS, {"id": group_id}, GroupMember.parse, page_size=page_size,
        on_unreadable=on_unreadable, entries=entries_in("groupMembers"), key=_member_key,
    )  # fmt: skip


def _member_key(entry: Any) -> str:
    if isinstance(entry, dict) and (name := text_of(entry.get("emailAddress") or entry.get("domain"))):
        return name.lower()
    return hash_of(entry)
