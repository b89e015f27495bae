"""Adding members to profile groups and removing them; tenants keep block lists there."""

from __future__ import annotations

from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_address, checked_domain, checked_id
from mailroom.mimecast.groups import GroupMember, group_members
from mailroom.mimecast.single_change import change

EXISTS = "err_folder_group_member_already_exists"
"""The code with which Mimecast refuses a member that is there already."""


def checked_member(member: str) -> str:
    """An address, or a domain, in lower case.

    Raises:
        InvalidInputError: Neither.
    """
    text = member.strip()
    if not text:
        raise InvalidInputError("the member is empty: write an address, or a domain")
    return checked_address(text, "Member") if "@" in text[1:] else checked_domain(text, "Member")


def add_group_member(client: MimecastClient, group_id: str, member: str, *, notes: str = "") -> dict[str, Any]:
    """Take an address or a domain into a group. Effect: changes the tenant; twice is refused with `EXISTS`.

    Args:
        client: Which tenant.
        group_id: Id of the group, not its name.
        member: Address, or domain.
        notes: Shown beside the member.

    Raises:
        InvalidInputError: A field cannot be meant; nothing is sent.
        RejectedError: Refused.
        NotFoundError: No such group.
        EffectUnknownError: The answer was not seen; `find_member` tells.
        MailroomError: As `client.call`.
    """
    return change(client, capabilities.ADD_GROUP_MEMBER, _item(group_id, member, notes), member)


def remove_group_member(client: MimecastClient, group_id: str, member: str) -> dict[str, Any]:
    """Take a member out of a group. Effect: changes the tenant; twice is refused with NotFoundError.

    Raises:
        InvalidInputError: A field cannot be meant; nothing is sent.
        NotFoundError: The member is not in the group, or there is no such group.
        EffectUnknownError: The answer was not seen; `find_member` tells.
        MailroomError: As `client.call`.
    """
    return change(client, capabilities.REMOVE_GROUP_MEMBER, _item(group_id, member, ""), member)


def find_member(client: MimecastClient, group_id: str, member: str) -> GroupMember | None:
    """The member, when it is in the group. Effect: reads all members.

    Raises:
        NotFoundError: No such group.
        MailroomError: As `client.call`.
    """
    wanted = checked_member(member)
    return next((one for page in group_members(client, group_id) for one in page if one.value == wanted), None)


def _item(group_id: str, member: str, notes: str) -> dict[str, Any]:
    known = checked_member(member)
    made = {"id": checked_id(group_id, "The group's id"), ("emailAddress" if "@" in known else "domain"): known}
    return made | ({"notes": notes} if notes else {})
