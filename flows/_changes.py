"""Changes of a playbook: one task run each, all of them tried, failures said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture

from mailroom.errors import EffectsFailedError

WELL = frozenset({"applied", "already_done"})


def outcome_of(future: PrefectFuture[Any]) -> Any:
    """What a task run returned, or a row that says why it failed."""
    outcome = future.result(raise_on_failure=False)
    if isinstance(outcome, Exception):
        return {"state": "failed", "action": "", "message": str(outcome)}
    if isinstance(outcome, State):
        return {"state": "failed", "action": "", "message": outcome.message or outcome.name}
    return outcome


def fail_if_any(rows: Sequence[Mapping[str, Any]], what: str, *, retry: str) -> None:
    """Fail the run if a change was not made.

    Args:
        rows: One per change, with state and message.
        what: What the changes are called, in the plural.
        retry: What Retry will do.

    Raises:
        EffectsFailedError: Names the first failure and says what Retry will do.
    """
    failed = [row for row in rows if row["state"] not in WELL]
    if failed:
        reason = str(failed[0]["message"]).rstrip(". ")
        raise EffectsFailedError(f"{len(failed)} of {len(rows)} {what} were not made; first: {reason}. {retry}")
