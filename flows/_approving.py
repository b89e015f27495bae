"""Asking a person before a change, in the Prefect UI: the run is suspended and holds no worker until somebody answers.

The form belongs to one exact plan: its key is made from the plan's digest. When the plan is another one at the time of
the answer, that answer is for nothing, and the new plan gets a form of its own.
"""

from __future__ import annotations

from typing import Literal

from prefect import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field, ValidationError

from flows._asking import suspendable_run
from mailroom.errors import InvalidInputError
from mailroom.playbooks.harmless import harmless
from tasks.playbook._blocking import PlannedBlock

_MOST_FORMS = 100


class BlockApproval(RunInput):
    """What a person decides about a block."""

    decision: Literal["approve", "decline"] = Field(
        description="approve: block exactly what is shown above. decline: withdraw it; nothing is changed."
    )
    your_name: str = Field(
        min_length=1, max_length=60, description="Who decides; it is kept in the history of the alert."
    )
    note: str = Field(default="", max_length=200, description="Why, for the history.")


def ask_approval(planned: PlannedBlock) -> BlockApproval:
    """Suspend the run until a person has decided about this very plan.

    Raises:
        InvalidInputError: This run cannot be suspended: it is not deployed, or it is part of another one.
    """
    if suspendable_run() is None:
        raise InvalidInputError(
            "asking first needs a deployed run, which can be suspended. The block stands as a proposal in the ledger; "
            "run the deployment `block sender`, or `mailroom block-sender`, which asks on the terminal"
        )
    shown = BlockApproval.with_initial_data(description=_description(planned))
    for number in range(1, _MOST_FORMS):
        try:
            answer = suspend_flow_run(
                wait_for_input=shown, key=f"block-{planned.plan.digest[:24]}-{number}",
                timeout=int(planned.approval_hours * 3600),
            )  # fmt: skip
        except ValidationError:  # resumed without an answer, or tried again after the time had run out
            continue
        if answer.your_name.strip():  # a blank is nobody: a failed run would be given the same answer by Retry
            return BlockApproval(**answer.model_dump())
    raise InvalidInputError("the form was left empty too often; start the playbook again")


def _description(planned: PlannedBlock) -> str:
    lines = ["**Nothing has been changed yet.** If you approve:", ""]
    lines += [f"- {harmless(text, 300)}" for text in planned.sentences]
    lines += ["", *(f"- note: {harmless(text, 300)}" for text in planned.plan.notes)]
    if planned.plan.alert_id:
        lines.append(f"- because of alert {planned.plan.alert_id}: see `mailroom explain {planned.plan.alert_id}`")
    lines += ["", "The block can be taken back. If anything about it changes before you answer, you are asked again."]
    return "\n".join(lines)
