"""Resuming the flow run behind a settled question. The outcome itself stays in our store; Prefect gets ids only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal
from uuid import UUID

import httpx
from prefect import resume_flow_run
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.exceptions import FlowPauseTimeout, NotPausedError, ObjectNotFound, PrefectHTTPStatusError
from prefect.input import RunInput
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from pydantic import Field

from blocks._sync import in_sync
from mailroom.errors import TransientError
from mailroom.playbooks.approvals.by_mail import KIND
from mailroom.store.approval_rows import StoredApproval
from mailroom.store.wait_rows import Wait

_PATIENCE = {PREFECT_CLIENT_MAX_RETRIES: 3}
"""Tries again for some twenty seconds where Prefect is busy, not for two minutes: the caller comes again."""
_PAGE = 200
"""As many as Prefect returns at once."""
LOOK_AGAIN: dict[str, Any] = {"decision": "look again", "your_name": "", "note": ""}
"""What the form of an approval is resumed with when somebody has decided elsewhere."""


class WaitOutcome(RunInput):
    """What a suspended run is resumed with: how the wait ended. The answers are read from Mailroom's store.

    By hand: `look again` waits on if nothing was answered meanwhile; `cancelled` gives up waiting.
    """

    outcome: Literal["look again", "cancelled", "answered", "no_answer", "undeliverable", "not_sent"] = Field(
        description="The run is resumed by itself when the question is settled. By hand: look again waits on if "
        "nothing was answered meanwhile, cancelled gives up waiting. The others are for the watcher."
    )
    question_id: int = Field(default=0, description="0: the question that the run waits for.")


def resume_run(wait: Wait) -> bool | str:
    """Resume the run that waits for this question.

    Returns:
        True when it goes on (or has ended and would find the outcome when it is retried), False when Prefect does not
        know it any more, a text when it has to be tried again.

    Raises:
        TransientError: Prefect does not answer, or nobody said where it is; it would not for other runs.
    """
    if wait.kind == KIND:
        return _resume(wait.flow_run_id, LOOK_AGAIN)
    return _resume(wait.flow_run_id, {"outcome": wait.state, "question_id": wait.id})


def resume_approval(approval: StoredApproval) -> bool | str:
    """Resume the run that waits for this approval, which was decided elsewhere.

    Returns:
        True when it goes on, False when it never will: Prefect does not know it, or it has ended. A text when it has to
        be tried again.

    Raises:
        TransientError: as `resume_run`.
    """
    return _resume(approval.flow_run_id, LOOK_AGAIN, ended=False)


def ended_runs(flow_run_ids: Collection[str]) -> set[str]:
    """Which of these flow runs have ended, or Prefect does not know. One call for many.

    Raises:
        TransientError: as `resume_run`.
    """
    known, alive = [one for one in flow_run_ids if _is_id(one)], set[str]()
    if known:
        _need_server()
    try:
        with temporary_settings(_PATIENCE), get_client(sync_client=True) as client:
            for start in range(0, len(known), _PAGE):
                some = FlowRunFilterId(any_=[UUID(one) for one in known[start : start + _PAGE]])
                found = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=some), limit=_PAGE)
                alive |= {str(run.id) for run in found if run.state is None or not run.state.is_final()}
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        raise TransientError(f"Prefect does not answer ({type(error).__name__}); tried again later") from error
    return set(flow_run_ids) - alive


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _need_server() -> None:
    """Without an address Prefect starts a server of its own, which knows no run: nothing must be believed of it."""
    if not PREFECT_API_URL.value():
        raise TransientError(
            "the flow run that waits is not told here, because PREFECT_API_URL is not set: a watcher or a scheduled "
            "run that has it tells it; or set it and repeat this"
        )


def _resume(flow_run_id: str, run_input: dict[str, Any], *, ended: bool = True) -> bool | str:
    if not _is_id(flow_run_id):
        return False
    _need_server()
    run_id = UUID(flow_run_id)
    try:
        with temporary_settings(_PATIENCE):
            in_sync(resume_flow_run, run_id, run_input=run_input)
    except ObjectNotFound:
        return False
    except NotPausedError:
        return _not_suspended(run_id, ended=ended)
    except FlowPauseTimeout:
        return ended  # the run has failed; Retry goes on with the outcome
    except (httpx.HTTPError, PrefectHTTPStatusError, RuntimeError) as error:
        return _not_now(error)
    return True


def _not_suspended(run_id: UUID, *, ended: bool) -> bool | str:
    """A run that has ended reads the outcome when it is retried; one that runs is about to suspend or to read."""
    try:
        with temporary_settings(_PATIENCE), get_client(sync_client=True) as client:
            state = client.read_flow_run(run_id).state
    except ObjectNotFound:
        return False
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        return _not_now(error)
    if state is None or state.is_final():
        return ended
    return f"its run is {state.name} and not suspended yet; tried again at the next look"


def _not_now(error: Exception) -> str:
    """What Prefect said about this run. Raises TransientError where it said nothing, or that it is too busy."""
    status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else 0
    if isinstance(error, httpx.TransportError) or status == 429 or status >= 500:
        raise TransientError(f"Prefect does not answer ({type(error).__name__}); tried again at the next look")
    return f"Prefect could not resume the run yet ({type(error).__name__}); tried again at the next look"
