"""How each kind of action can be taken back, and whether it can at all."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple


class Undo(NamedTuple):
    """What to tell an analyst who wants an action undone."""

    reversible: bool
    text: str
    within: timedelta | None = None


_UNDO = {
    "release": Undo(
        False, "Cannot be recalled: the message is in the mailbox. Remediate it there, or ask the recipient."
    ),
    "reject": Undo(False, "Cannot be taken back: ask the sender to send the message again."),
    "report_message": Undo(False, "Cannot be withdrawn; tell the vendor's support about a wrong report."),
    "release_to_sandbox": Undo(False, "Nothing to undo: the sandbox decides whether the message is delivered."),
    "block_sender": Undo(
        True, "`mailroom undo`: permits the sender for this recipient (a neutral state cannot be set)."
    ),
    "permit_sender": Undo(
        True, "`mailroom undo` blocks the sender again where this ended our block; else remove it in the console."
    ),
    "create_block_sender_policy": Undo(True, "`mailroom undo`: deletes the policy."),
    "update_block_sender_policy": Undo(True, "`mailroom undo`: writes the former policy back."),
    "delete_block_sender_policy": Undo(True, "`mailroom undo`: makes the policy again, under a new id."),
    "create_managed_url": Undo(True, "`mailroom undo`: deletes the managed URL."),
    "delete_managed_url": Undo(True, "`mailroom undo`: makes the managed URL again, under a new id."),
    "add_group_member": Undo(True, "`mailroom undo`: removes the member."),
    "remove_group_member": Undo(True, "`mailroom undo`: adds the member again."),
    "create_remediation_incident": Undo(False, "Restore the messages in the console (Threat Remediation)."),
    "block_file_hash": Undo(False, "Remove the hash in the console (Bring Your Own Threat Intelligence)."),
    "ask_recipient": Undo(False, "The question has been sent; close its wait to ignore the answer."),
}
_OTHER = Undo(False, "No way to undo this is known.")


def undo_of(kind: str) -> Undo:
    """The way back from an action of this kind."""
    return _UNDO.get(kind, _OTHER)
