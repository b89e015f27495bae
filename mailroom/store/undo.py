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
    "report": Undo(False, "Cannot be withdrawn; tell the vendor's support about a wrong report."),
    "release_to_sandbox": Undo(False, "Nothing to undo: the sandbox decides whether the message is delivered."),
    "permit_sender": Undo(True, "Remove the permitted-sender entry."),
    "block_sender": Undo(True, "Remove the blocked-sender entry or policy."),
    "ask_recipient": Undo(False, "The question has been sent; close its wait to ignore the answer."),
}
_OTHER = Undo(False, "No way to undo this is known.")


def undo_of(kind: str) -> Undo:
    """The way back from an action of this kind."""
    return _UNDO.get(kind, _OTHER)
