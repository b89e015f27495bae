"""Step "Handle Recipient Answer"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import _open
from tasks._wording import action


@task(
    name="Handle Recipient Answer", task_run_name="Handle Recipient Answer", cache_policy=NO_CACHE,
    persist_result=False,
)  # fmt: skip
def handle_recipient_answer(question_id: int, *, store: str = "default", policy: str = "default") -> dict[str, Any]:
    """Make evidence of a recipient's answer and judge the message again; the watcher may have done it already.

    Effect: writes the store: evidence, verdict, proposal. The tenant is not changed. Twice is harmless.

    Args:
        question_id: The settled question.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        `answer` (expected, unexpected, unsure or silent), `verdict`, `proposes`, the `actions` that stand in the ledger
        for the message, and whether its hold is over.

    Raises:
        BusyError: Another run is deciding, still; Retry goes on.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    from mailroom.playbooks.ask_recipient import handle_answer, result_of_question

    with action("Handle Recipient Answer"):
        kept = _open.store(store)
        handle_answer(kept, _open.policy(policy), question_id)
        return result_of_question(kept, question_id)
