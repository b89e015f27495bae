"""What became of each item of an effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailroom.errors import OutcomeUnknownError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one item: applied, or refused with Mimecast's own code."""

    ok: bool
    code: str = ""
    message: str = ""


class EffectUnknownError(OutcomeUnknownError):
    """An effect was sent and the answer was not seen, or says nothing about some items.

    Attributes:
        outcomes: Items whose answer was seen, by id.
        unknown: Ids whose outcome is not known; look them up before anything else is tried.
    """

    def __init__(
        self, message: str, outcomes: Mapping[str, Outcome] | None = None, unknown: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, dict(outcomes or {}), tuple(unknown))  # args as given: survives pickling
        self.outcomes: dict[str, Outcome] = dict(outcomes or {})
        self.unknown: tuple[str, ...] = tuple(unknown)

    def __str__(self) -> str:
        return str(self.args[0])
