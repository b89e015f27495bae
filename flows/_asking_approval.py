"""The form of an approval in the Prefect UI: the run is suspended until somebody answers, here or elsewhere."""

from __future__ import annotations

from typing import Literal

from prefect import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field, ValidationError

from mailroom.errors import InvalidInputError
from tasks.playbook._approvals import ApprovalView

_GRACE_SECONDS = 86_400
"""Prefect's own time limit comes a day after ours, and should never be reached."""
_MOST_FORMS = 200


class ApprovalForm(RunInput):
    """What a person decides about an approval."""

    decision: Literal["approve", "decline", "look again"] = Field(
        description="approve: do exactly what is shown above. decline: close it; nothing is done. look again: decide "
        "nothing; the run sees whether somebody else has decided."
    )
    your_name: str = Field(
        default="", max_length=60, description="Who decides; it is kept in the history. Needed to approve or decline."
    )
    note: str = Field(default="", max_length=200, description="Why, for the history.")


def ask_in_form(seen: ApprovalView, number: int) -> ApprovalForm | None:
    """Suspend the run until somebody answers; None when the answer says nothing.

    The key belongs to the very thing that is shown: after a resume, the same forms come back at once with the answers
    that they were given.

    Raises:
        InvalidInputError: The form was left empty too often.
    """
    if number > _MOST_FORMS:
        raise InvalidInputError(f"the form was left empty too often; decide with `mailroom approve {seen.id}`")
    shown = ApprovalForm.with_initial_data(description="\n".join(_markdown(line) for line in seen.sentences))
    try:
        answer = suspend_flow_run(
            wait_for_input=shown, key=f"approval-{seen.id}-{seen.digest[:16]}-{number}",
            timeout=int(max(seen.seconds_left, 0)) + _GRACE_SECONDS,
        )  # fmt: skip
    except ValidationError:  # resumed without an answer
        return None
    given = ApprovalForm(**answer.model_dump())
    return given if given.your_name.strip() or given.decision == "look again" else None


def _markdown(line: str) -> str:
    """A bullet stays one; every other sentence is a paragraph. What comes from a mail in it is harmless already."""
    return line if line.startswith("- ") else f"\n{line}\n"
