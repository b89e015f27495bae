"""Senders that one recipient has blocked or permitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from mailroom.errors import InvalidInputError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_address
from mailroom.mimecast.reading import note_drift, text_of
from mailroom.mimecast.single_change import change, unclear

Treatment = Literal["block", "permit"]


@dataclass(frozen=True, slots=True)
class ManagedSender:
    """One entry of a recipient's list."""

    id: str
    sender: str
    to: str
    type: str
    """`Block` or `Permit`."""
    raw: dict[str, Any] = field(repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """As Mimecast shows it."""
        return {"id": self.id, "sender": self.sender, "to": self.to, "type": self.type}


def permit_or_block(client: MimecastClient, sender: str, to: str, treatment: Treatment) -> ManagedSender:
    """Set how mail of one sender to one recipient is treated. Effect: changes the tenant.

    The last word for a pair counts: setting the same again overwrites the entry with itself. There is no function that
    lists or removes entries, so a block is taken back by a permit, and the other way round.

    Args:
        client: Which tenant.
        sender: Full address.
        to: Full address of the recipient, one of ours.
        treatment: `block` or `permit`.

    Raises:
        InvalidInputError: No full address; nothing is sent.
        EffectUnknownError: The answer was not seen or says something else; setting it again is harmless.
        MailroomError: As `client.call`: refused.
    """
    if treatment not in ("block", "permit"):
        raise InvalidInputError(f"{treatment!r}: a managed sender is set to block or permit")
    item = {"sender": checked_address(sender, "Sender"), "to": checked_address(to, "Recipient"), "action": treatment}
    function = capabilities.PERMIT_OR_BLOCK_SENDER
    entry = change(client, function, item, f"{item['sender']} {item['to']}")
    kind = text_of(entry.get("type")).capitalize()
    if kind != treatment.capitalize():
        note_drift("managed sender type", entry.get("type"))
        raise unclear(function, f"{item['sender']} {item['to']}")
    shown = {name: text_of(entry.get(name)) or item[name] for name in ("sender", "to")}
    return ManagedSender(text_of(entry.get("id")), shown["sender"], shown["to"], kind, entry)
