"""Every kind of change, by its name in the ledger."""

from __future__ import annotations

from mailroom.effects.changes.file_hash import BlockFileHash
from mailroom.effects.changes.group_member import AddGroupMember, RemoveGroupMember
from mailroom.effects.changes.incident import CreateIncident
from mailroom.effects.changes.managed_sender import BlockSender, PermitSender
from mailroom.effects.changes.managed_url import CreateManagedUrl, DeleteManagedUrl
from mailroom.effects.changes.model import Change
from mailroom.effects.changes.policy import CreatePolicy, DeletePolicy, UpdatePolicy
from mailroom.effects.changes.report import ReportMessage
from mailroom.errors import InvalidInputError

CHANGES: dict[str, Change] = {
    change.kind: change
    for change in (
        ReportMessage(), BlockSender(), PermitSender(), CreatePolicy(), UpdatePolicy(), DeletePolicy(),
        CreateManagedUrl(), DeleteManagedUrl(), CreateIncident(), AddGroupMember(), RemoveGroupMember(),
        BlockFileHash(),
    )
}  # fmt: skip


def change_of(kind: str) -> Change:
    """The change of this kind. Raises InvalidInputError."""
    if kind not in CHANGES:
        raise InvalidInputError(f"{kind!r} is not a change of the tenant; choose one of {', '.join(CHANGES)}")
    return CHANGES[kind]
