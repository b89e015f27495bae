"""What a person says beyond the message when it is rejected or released, checked before anything is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.mimecast.field_checks import checked_flag
from mailroom.mimecast.held import reason_type


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Whether these parameters of a disposition can be meant. Makes no call.

    Raises:
        InvalidInputError: The reason is none of the product, a switch is none, or the note is no text.
    """
    if "reason" in parameters:
        reason_type(str(parameters["reason"]))
    if "notify_sender" in parameters:
        checked_flag(parameters["notify_sender"], "Notify Sender")
    if not isinstance(parameters.get("note", ""), str):
        raise InvalidInputError("Note is no text: write one, or leave it out")
