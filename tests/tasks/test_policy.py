"""When Prefect may repeat a task that only reads, and the words in which its errors leave."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.states import Failed

from mailroom.errors import CredentialsError, MailroomError, StoreBusyError, StoreUnavailableError, TransientError
from mailroom.rulelang.yaml_source import RuleError
from tasks._policy import only_transient
from tasks._wording import action


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (TransientError("busy"), True),
        (StoreBusyError("locked"), True),
        (StoreUnavailableError("the disk is full"), False),
        (CredentialsError("wrong password"), False),
    ],
)
def test_what_may_go_away_by_itself_is_tried_again_and_nothing_else(error: MailroomError, again: bool) -> None:
    nothing: Any = None

    assert only_transient(nothing, nothing, Failed(data=error)) is again


def test_every_problem_of_rule_files_is_said_together_with_the_action_that_met_it() -> None:
    with pytest.raises(RuleError) as raised, action("Apply Mail Rules"):
        raise RuleError("/rules/a.yml:3: wrong", "/rules/b.yml:1: wrong too")

    reason = "/rules/a.yml:3: wrong; /rules/b.yml:1: wrong too"
    assert str(raised.value) == f'Error executing action "Apply Mail Rules". Reason: {reason}'
