"""How a site asks recipients about held messages: languages, time, proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailroom.errors import InvalidInputError

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "ja")
"""Languages a question can be put in."""
_LONGEST_HOURS = 14 * 24


@dataclass(frozen=True)
class AskingSettings:
    """What a site decides about questions to recipients.

    Attributes:
        language: Of people whose language nobody knows.
        languages: Address, or `@domain`, -> language.
        hours: How long a person may take; the end of the hold comes first.
        need_proof: Only answers whose sender a trusted server has proven (DMARC pass) count.
    """

    language: str = "en"
    languages: Mapping[str, str] = field(default_factory=dict)
    hours: float = 24.0
    need_proof: bool = False

    def __post_init__(self) -> None:
        for who, code in (("recipient_language", self.language), *self.languages.items()):
            if code not in LANGUAGES:
                msg = f"{who}: {code!r} is not a language we can ask in; use one of {', '.join(LANGUAGES)}."
                raise InvalidInputError(msg)
        if not 1 <= self.hours <= _LONGEST_HOURS:
            msg = f"recipient_hours: people get between 1 and {_LONGEST_HOURS} hours to answer, not {self.hours:g}."
            raise InvalidInputError(msg)

    def set_for(self, address: str) -> str:
        """The language that somebody set for this person; empty when nobody did."""
        known = {who.strip().lower(): code for who, code in self.languages.items()}
        return known.get(address.lower()) or known.get("@" + address.lower().rpartition("@")[2], "")
