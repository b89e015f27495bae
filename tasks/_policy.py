"""When Prefect may repeat a task: only reads, and only errors that may go away by themselves."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from mailroom.errors import StoreBusyError, TransientError


def only_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """True for errors marked transient and for a locked store; a wrong password is not tried again."""
    try:
        state.result(raise_on_failure=True)
    except (TransientError, StoreBusyError):
        return True
    except Exception:  # noqa: BLE001 - any other failure is final, whatever it is
        return False
    return False
