"""Profile groups: lists of addresses and domains that policies can refer to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.book import Book, Content
from sandbox.data.people import OWN_DOMAINS, VIPS

UNPAGED_MOST = 999
"""A call without a page block stops here without a word."""


@dataclass(slots=True)
class Group:
    """One group. Members in the order in which they came: address or domain -> note."""

    number: int
    description: str
    source: str = "cloud"
    members: dict[str, str] = field(default_factory=dict)


class GroupBook(Book):
    """The groups of a tenant: five at first, one of them too big for a call without pages."""

    event = "group"

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.groups = {
            1: Group(1, "Blocked Senders - SOC"),
            2: Group(2, "Permitted Senders - SOC"),
            3: Group(3, "Directors", members={address: name for name, address in VIPS}),
            4: Group(4, "Blocked Senders - Legacy", members={f"old{n}@spam{n % 40}.example": "" for n in range(1500)}),
            5: Group(5, "All Employees", source="ldap"),
        }

    def find(self, query: str, source: str) -> list[Group]:
        """Groups whose description holds `query`, of one source or of both."""
        return [
            group
            for group in self.groups.values()
            if query.lower() in group.description.lower() and source in ("", group.source)
        ]

    def add(self, number: int, member: str, note: str, operator: str) -> None:
        """Take a member in; the caller has looked whether it is there already."""
        self.change("add_group_member", operator, {"group": number, "member": member, "notes": note})

    def remove(self, number: int, member: str, operator: str) -> None:
        """Let a member go; the caller has looked whether it is there."""
        self.change("remove_group_member", operator, {"group": number, "member": member})

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        params = record["params"]
        group = self.groups[params["group"]]
        if record["kind"] == "add_group_member":
            group.members[params["member"].lower()] = params.get("notes", "")
        else:
            group.members.pop(params["member"].lower(), None)
        group_id = self.mint.other("group", group.number)
        self.note(record, group_id, params["member"], f"{group.description} {params['member']}")

    def show(self, group: Group) -> Content:
        """One group as the API shows it."""
        return {
            "id": self.mint.other("group", group.number),
            "description": group.description,
            "source": group.source,
            "parentId": self.mint.other("group", 0),
            "userCount": len(group.members),
            "folderCount": 0,
        }


def show_member(member: str, note: str) -> Content:
    """One member as the API shows it: an address, or a whole domain."""
    domain = member.rpartition("@")[2]
    shown: Content = {
        "name": "",
        "internal": domain in OWN_DOMAINS,
        "type": "created_manually",
        "notes": note,
        "domain": domain,
    }
    if "@" in member:
        shown["emailAddress"] = member
    return shown
