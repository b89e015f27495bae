"""Changes of the tenant, each made once: through gate, ledger and a look before; looked up when unseen; undone."""

from mailroom.effects.changes.looking import look_up_changes
from mailroom.effects.changes.model import Change, ChangeGate, Found, OpenChangeGate, UndoWish
from mailroom.effects.changes.outcome import ChangeResult, Preview
from mailroom.effects.changes.registry import CHANGES, change_of
from mailroom.effects.changes.runner import change_once, check_end, preview_change
from mailroom.effects.changes.undoing import preview_undo, retry_changes, undo_once

__all__ = [
    "CHANGES",
    "Change",
    "ChangeGate",
    "ChangeResult",
    "Found",
    "OpenChangeGate",
    "Preview",
    "UndoWish",
    "change_of",
    "change_once",
    "check_end",
    "look_up_changes",
    "preview_change",
    "preview_undo",
    "retry_changes",
    "undo_once",
]
