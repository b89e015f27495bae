"""What a person fills in to pull mail back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mimecast.field_checks import (
    checked_choice,
    checked_flag,
    checked_message_id,
    checked_sha256,
    checked_text,
    checked_url,
)

LookFor = Literal["message id", "file hash", "url", "alert"]
LOOK_FOR: tuple[LookFor, ...] = ("message id", "file hash", "url", "alert")
_MOST_VALUES, _LONGEST_DAYS, _MOST_MESSAGES = 100, 365, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediateForm:
    """The form, checked.

    Raises:
        InvalidInputError: A field cannot be meant.
    """

    look_for: str = "alert"
    values: tuple[str, ...] = ()
    """Message-IDs, SHA-256 of files, or URLs; for `alert` ids of alerts."""
    days_back: int = 29
    most_messages: int = 50
    """More delivered copies than this are not pulled back without `allow_many`."""
    allow_many: bool = False
    case: str = ""
    requested_by: str = ""
    again: str = ""
    """Names a new wish, so that what was pulled back before is looked for once more."""

    def __post_init__(self) -> None:
        look_for = checked_choice(self.look_for, LOOK_FOR, "Look for")
        check = {"message id": checked_message_id, "file hash": checked_sha256, "url": checked_url}.get(look_for)
        given = [one.strip() for one in self.values if one.strip()]
        values = tuple(dict.fromkeys(check(one, "Value") if check else one for one in given))
        if not 1 <= len(values) <= _MOST_VALUES:
            raise InvalidInputError(f"say what to pull back: 1 to {_MOST_VALUES} values, not {len(values)}")
        if not 1 <= self.days_back <= _LONGEST_DAYS:
            raise InvalidInputError(f"days back: 1 to {_LONGEST_DAYS}")
        if not 1 <= self.most_messages <= _MOST_MESSAGES:
            raise InvalidInputError(f"the limit of messages is a number from 1 to {_MOST_MESSAGES}")
        checked_flag(self.allow_many, "Allow many")
        checked = {
            "look_for": look_for, "values": values, "case": checked_text(self.case, "Case", most=60),
            "requested_by": checked_text(self.requested_by, "Requested by", most=60),
            "again": checked_text(self.again, "Again", most=60),
        }  # fmt: skip
        for name, value in checked.items():
            object.__setattr__(self, name, value)
