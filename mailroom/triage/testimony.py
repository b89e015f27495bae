"""What people said about a message, as a part of its decision. Evidence like any other, and never an action by itself.

It stands in the way of every automatic action, unless the rules alone would propose the same one and nobody says the
opposite: `Contribution.auto_actions` of such evidence names the actions it does not stand in the way of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mailroom.triage.decision import Contribution
from mailroom.triage.denials import DELIVERING

GROUP = "people"
"""The group of evidence that people speak in."""
RECIPIENT = "recipient_answer"
"""Kind of evidence: what the recipient said when asked."""
MOST_AGAINST, MOST_IN_FAVOUR = 40, 20
Answer = Literal["", "expected", "unexpected", "unsure", "silent"]


@dataclass(frozen=True, slots=True)
class Testimony:
    """One thing that was said.

    Attributes:
        kind: Such as `recipient_answer` or `user_reports`.
        points: Positive speaks against the message.
        text: One line in our own words.
        answer: For the recipient's: `expected`, `unexpected`, `unsure`, or `silent` when the question ran out.
    """

    kind: str
    points: int
    text: str
    answer: Answer = ""


def answer_of(said: Sequence[Testimony]) -> str | None:
    """What the recipients answered; the worst counts. None when nobody was asked."""
    answers = {one.answer for one in said if one.kind == RECIPIENT}
    return next((one for one in ("unexpected", "unsure", "expected", "silent") if one in answers), None)


def weight(said: Sequence[Testimony]) -> int:
    """Points of all together: what a crowd says for or against a message is bounded."""
    return max(-MOST_IN_FAVOUR, min(MOST_AGAINST, sum(one.points for one in said)))


def contributions(said: Sequence[Testimony], *, changes_action: bool) -> tuple[Contribution, ...]:
    """As evidence of a decision.

    Args:
        said: What people said, in a steady order.
        changes_action: The rules alone would propose another action.
    """
    against, in_favour = any(one.points > 0 for one in said), any(one.points < 0 for one in said)
    allowed: set[str] = set()
    if not changes_action:
        allowed |= set() if against else set(DELIVERING)
        allowed |= set() if in_favour else {"reject", "report"}
    return tuple(
        Contribution(
            rule_id=one.kind, version=1, title="What people say", points=one.points, group=GROUP, level="T1",
            text=one.text, status="people", severity="info", auto_actions=tuple(sorted(allowed)),
        )
        for one in said
    )  # fmt: skip
