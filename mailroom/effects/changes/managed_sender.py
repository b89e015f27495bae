"""Block Sender and Permit Sender: one entry in the list of one recipient.

No function lists these entries, so an outcome that was not seen cannot be looked up. Setting the same pair to the same
again only overwrites the entry with itself; for this kind of change, and only for it, doing it once more is the way to
be sure, and a look says `not_applied`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from mailroom.effects.changes.model import Change, Ended, Found, Parameters, UndoWish
from mailroom.mimecast import MimecastClient, capabilities, managed_senders
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.field_checks import checked_address
from mailroom.store.actions import Action


class _ManagedSender(Change):
    needs = ("sender", "recipient")
    treatment: Literal["block", "permit"]
    contrary: str

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.PERMIT_OR_BLOCK_SENDER,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {
            "sender": checked_address(parameters["sender"], "Sender"),
            "recipient": checked_address(parameters["recipient"], "Recipient"),
        }

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return f"{parameters['sender']} -> {parameters['recipient']}"

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [
            f"{self.treatment} mail from {parameters['sender']} to {parameters['recipient']}",
            "what is set for this pair now cannot be seen: Mimecast lists these entries nowhere",
        ]

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wanted = action.parameters
        return managed_senders.permit_or_block(client, wanted["sender"], wanted["recipient"], self.treatment).as_json()

    def look(self, _client: MimecastClient, _action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        return Found("not_applied", detail="nothing lists these entries; setting it again is harmless and makes sure")

    def ends(self, action: Action) -> tuple[Ended, ...]:
        """See `Change`."""
        return (Ended((self.contrary,), target=action.target),)


class BlockSender(_ManagedSender):
    """Mail of one sender to one recipient is refused."""

    kind, action, past, treatment, contrary = "block_sender", "Block Sender", "blocked", "block", "permit_sender"
    only_reported = (
        "a managed sender cannot be removed from here, and permitting it would let its mail pass the spam checks: "
        "remove the entry in the console"
    )

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        return UndoWish("permit_sender", dict(action.parameters))


class PermitSender(_ManagedSender):
    """Mail of one sender to one recipient passes the spam checks."""

    kind, action, past, treatment, contrary = "permit_sender", "Permit Sender", "permitted", "permit", "block_sender"
    note = "a permitted sender passes spam checks for this recipient, also with forged mail that looks like theirs"
    only_reported = (
        "a managed sender cannot be removed from here, and blocking whom nobody wanted to block would be a new harm: "
        "remove the entry in the console"
    )

    def undo(self, action: Action) -> UndoWish | None:
        """Only what ended a block of ours: blocking somebody who was neither would be a new harm."""
        return UndoWish("block_sender", dict(action.parameters)) if action.undoes_id is not None else None
