"""What a person fills in to block a sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mimecast.field_checks import checked_address, checked_choice, checked_flag, checked_text

How = Literal["automatic", "managed sender", "policy"]
Covers = Literal["address", "whole domain"]
HOW: tuple[How, ...] = ("automatic", "managed sender", "policy")
COVERS: tuple[Covers, ...] = ("address", "whole domain")
_LONGEST_DAYS, _MOST_RECIPIENTS, _MOST_MAILS = 3_650, 100, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockForm:
    """The form, checked.

    Raises:
        InvalidInputError: A field cannot be meant.
    """

    sender: str = ""
    """Address, or domain; empty: the sender of the alert's mail."""
    alert: str = ""
    """Alert id, hold id or tracking id of the mail that shows why."""
    mails: tuple[str, ...] = ()
    """Tracking ids of mails of this sender that are no alerts: whether they are forged is looked at too."""
    covers: str = "address"
    how: str = "automatic"
    recipients: tuple[str, ...] = ()
    """Whose lists a managed sender goes into; empty: the recipients of the alert's mail, else who was seen."""
    days: int = 30
    """Until it ends."""
    never_ends: bool = False
    """It stays until somebody takes it back."""
    case: str = ""
    """Number of the case, for the description."""
    requested_by: str = ""
    most_wanted_mail: int = 20
    """A whole domain is not blocked when more mail than this went to and fro in a month."""
    allow_uncounted: bool = False
    """Block a whole domain also where nobody can tell how much mail went to and fro."""

    def __post_init__(self) -> None:
        if not self.sender.strip() and not self.alert.strip():
            raise InvalidInputError("say whom to block: an address, a domain, or the alert whose sender is meant")
        if "*" in self.sender or "?" in self.sender:
            raise InvalidInputError(
                "a pattern would block people nobody thought of: write one address, or one domain with `whole domain`"
            )
        checked_flag(self.never_ends, "Never ends")
        checked_flag(self.allow_uncounted, "Allow uncounted")
        if not 1 <= self.days <= _LONGEST_DAYS:
            raise InvalidInputError(f"a block lasts 1 to {_LONGEST_DAYS} days; for longer, say that it never ends")
        if not 0 <= self.most_wanted_mail <= _MOST_MAILS:
            raise InvalidInputError(f"the limit of wanted mail is a number from 0 to {_MOST_MAILS}")
        people = tuple(dict.fromkeys(checked_address(one, "Recipient") for one in self.recipients))
        if len(people) > _MOST_RECIPIENTS:
            raise InvalidInputError(f"{len(people)} recipients are too many for single entries: use a policy")
        checked = {
            "covers": checked_choice(self.covers, COVERS, "Covers"), "how": checked_choice(self.how, HOW, "How"),
            "recipients": people, "case": checked_text(self.case, "Case", most=60),
            "requested_by": checked_text(self.requested_by, "Requested by", most=60),
        }  # fmt: skip
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.how == "managed sender" and self.covers == "whole domain":
            raise InvalidInputError("a managed sender is one address: use a policy for a whole domain")
        if self.recipients and self.how == "policy":
            raise InvalidInputError("a policy is for everybody: leave the recipients out, or use managed senders")

    @property
    def lasts(self) -> timedelta | None:
        """How long; None: without end."""
        return None if self.never_ends else timedelta(days=self.days)
