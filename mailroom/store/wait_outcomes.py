"""When is a question settled, and how: pure arithmetic over who was asked and what came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mailroom.redact import one_line

_NAMED = 5
"""People named in a sentence; `recipients` has all of them."""


class Seen(Protocol):
    """What of an answer counts here."""

    @property
    def id(self) -> int:
        """Row id."""

    @property
    def recipient(self) -> str:
        """Whom it counts for."""

    @property
    def sender(self) -> str:
        """Who wrote it."""

    @property
    def classification(self) -> str:
        """Kind of mail."""

    @property
    def accepted(self) -> bool:
        """It counts as an answer (or, for a bounce, as a final one)."""

    @property
    def late(self) -> bool:
        """Too late to count."""

    @property
    def received_at(self) -> datetime:
        """When it arrived."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a question has come. `state` is empty while it has to stay open."""

    state: str
    replied: int
    recipients: tuple[dict[str, Any], ...]
    """Per person: recipient, status, replied_at, from, answer_id."""

    def as_json(self, needed: int) -> dict[str, Any]:
        """For the row's `outcome` column."""
        return {"needed": needed, "replied": self.replied, "recipients": list(self.recipients)}


def evaluate(
    recipients: Sequence[str], refused: Mapping[str, str], needed: int, answers: Sequence[Seen], *, ended: bool = False
) -> Outcome:
    """What the answers so far amount to.

    Args:
        recipients: Everyone who was asked.
        refused: Those the submission server refused, with its words.
        needed: How many must answer.
        answers: Everything that came back; late ones do not count.
        ended: Nobody waits any longer: who has not answered ran out of time.
    """
    rows: list[dict[str, Any]] = []
    for recipient in recipients:
        mine = sorted((one for one in answers if one.recipient == recipient and not one.late), key=_when)
        reply = next((one for one in mine if one.accepted and one.classification == "human"), None)
        bounce = next((one for one in mine if one.accepted and one.classification == "bounce"), None)
        auto = next((one for one in mine if one.classification == "auto_reply"), None)
        status, about = "timeout" if ended else "pending", None
        if reply is not None:
            status, about = "replied", reply
        elif bounce is not None or recipient in refused:
            status, about = "undeliverable", bounce
        elif auto is not None and not ended:
            status, about = "auto_reply", auto
        rows.append({
            "recipient": recipient, "status": status, "from": about.sender if about else "",
            "replied_at": about.received_at.isoformat() if about and status == "replied" else None,
            "answer_id": about.id if about else None,
        })  # fmt: skip
    replied = sum(row["status"] == "replied" for row in rows)
    reachable = sum(row["status"] != "undeliverable" for row in rows)
    state = "answered" if replied >= needed else "undeliverable" if reachable < needed else ""
    return Outcome(state, replied, tuple(rows))


def why_undeliverable(outcome: Outcome, refused: Mapping[str, str]) -> str:
    """Who cannot be reached, each with the server's words or with how it came out, for a person to read."""
    gone = [row["recipient"] for row in outcome.recipients if row["status"] == "undeliverable"]
    named = [
        f"{who} was refused ({_words(refused[who])})" if who in refused else f"the mail to {who} came back"
        for who in gone[:_NAMED]
    ]
    more = f"; and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"{'; '.join(named)}{more}"


def _words(answer: str) -> str:
    """An SMTP reply, however many lines it has, in one."""
    return one_line(" ".join(answer.split()), 200)


def _when(one: Seen) -> tuple[datetime, int]:
    return one.received_at, one.id
