"""When Prefect may repeat a task that only reads."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.states import Failed

from mailroom.errors import CredentialsError, MailroomError, StoreBusyError, StoreUnavailableError, TransientError
from tasks._policy import only_transient


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
