"""Add and Remove Group Member: tenants keep block and permit lists in profile groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import LOOKS, Change, Ended, Found, Parameters, UndoWish
from mailroom.mimecast import MimecastClient, capabilities, group_members, groups
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.field_checks import checked_id, checked_text
from mailroom.store.actions import Action

_LONGEST_NOTES = 255


class _GroupMember(Change):
    needs = ("group_id", "member")
    takes: ClassVar[Mapping[str, Any]] = {"notes": ""}
    contrary: str
    function: Function
    verb: str

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (self.function,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {
            "group_id": checked_id(parameters["group_id"], "The group's id"),
            "member": group_members.checked_member(str(parameters["member"])),
            "notes": checked_text(parameters["notes"], "Notes", most=_LONGEST_NOTES),
        }

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return f"{parameters['group_id']} {parameters['member']}"

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [self.verb.format(member=parameters["member"], group=f"…{parameters['group_id'][-16:]}")]

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        return UndoWish(self.contrary, dict(action.parameters))

    def ends(self, action: Action) -> tuple[Ended, ...]:
        """See `Change`."""
        return (Ended((self.contrary,), target=action.target),)


class AddGroupMember(_GroupMember):
    """An address or a domain is taken into a group; twice is refused by Mimecast, so repeating is safe."""

    kind, action, past, contrary = "add_group_member", "Add Group Member", "added", "remove_group_member"
    function, verb = capabilities.ADD_GROUP_MEMBER, "take {member} into group {group}"

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        if group_members.find_member(client, parameters["group_id"], parameters["member"]) is None:
            return None
        return Found("applied", _result(parameters), "it is a member already", group_members.EXISTS)

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wanted = action.parameters
        said = group_members.add_group_member(client, wanted["group_id"], wanted["member"], notes=wanted["notes"])
        return _result(wanted) | {"answer": said}

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        wanted = action.parameters
        if group_members.find_member(client, wanted["group_id"], wanted["member"]) is None:
            return Found("not_applied", detail="looked up: it is no member")
        return Found("applied", _result(wanted), "looked up: it is a member")

    def refused_as_done(self, code: str) -> bool:
        """See `Change`."""
        return code == group_members.EXISTS


class RemoveGroupMember(_GroupMember):
    """A member is taken out of a group."""

    kind, action, past, contrary = "remove_group_member", "Remove Group Member", "removed", "add_group_member"
    function, verb = capabilities.REMOVE_GROUP_MEMBER, "take {member} out of group {group}"

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        there, others = _seen(client, parameters)
        if not there and not others:  # removing whom nobody sees is refused and harms nothing
            return Found("unknown", detail="no member at all can be seen")
        return None if there else Found("applied", _result(parameters), "it is no member, or no longer", "gone")

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wanted = action.parameters
        said = group_members.remove_group_member(client, wanted["group_id"], wanted["member"])
        return _result(wanted) | {"answer": said}

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        wanted = action.parameters
        if _seen(client, wanted)[0]:
            return Found("not_applied", detail="looked up: it is still a member")
        return Found("applied", _result(wanted), "looked up: it is no member any more")

    def gone_is_done(self) -> bool:
        """See `Change`."""
        return True


def _seen(client: MimecastClient, parameters: Parameters) -> tuple[bool, bool]:
    """Whether it is a member, and whether anybody is. One list without it proves nothing: it may be a mistake."""
    anybody = False
    for _ in range(LOOKS):
        for page in groups.group_members(client, parameters["group_id"]):
            if any(one.value == parameters["member"] for one in page):
                return True, True
            anybody = anybody or bool(page)
    return False, anybody


def _result(parameters: Parameters) -> Parameters:
    return {"folderId": parameters["group_id"], "member": parameters["member"]}
