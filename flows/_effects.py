"""Effects of a playbook: one task run each, all of them tried, failures said in one sentence."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture

from mailroom.errors import EffectsFailedError
from tasks._wanted import reject_wanted, release_wanted


def carry_out_each(to_do: list[dict[str, Any]], *, mimecast: str, store: str, policy: str) -> list[dict[str, str]]:
    """Run one task per action and wait for all of them.

    Returns:
        One row per action: kind, hold id, state, message.
    """
    futures: list[tuple[dict[str, Any], PrefectFuture[Any]]] = []
    for wanted in to_do:
        task = reject_wanted if wanted["kind"] == "reject" else release_wanted
        named = str(wanted["alert_id"] or wanted["hold_id"])
        futures.append((wanted, task.submit(
            wanted["action_id"], wanted["kind"], named, mimecast=mimecast, store=store, policy=policy
        )))  # fmt: skip
    rows = []
    for wanted, future in futures:
        outcome = future.result(raise_on_failure=False)
        row = {"kind": wanted["kind"], "hold_id": wanted["hold_id"], "alert_id": str(wanted["alert_id"])}
        if isinstance(outcome, Exception):
            rows.append(row | {"state": "failed", "message": str(outcome)})
        elif isinstance(outcome, State):
            rows.append(row | {"state": "failed", "message": outcome.message or outcome.name})
        else:
            rows.append(row | {"state": outcome.state, "message": outcome.message})
    return rows


def fail_if_any(outcomes: list[dict[str, str]]) -> None:
    """Fail the run if an action failed.

    Raises:
        EffectsFailedError: names the first failure and says what Retry will do.
    """
    failed = [row for row in outcomes if row["state"] == "failed"]
    if not failed:
        return
    done = len(outcomes) - len(failed)
    first = failed[0]
    reason = first["message"].rstrip(". ")
    msg = (
        f"{len(failed)} of {len(outcomes)} actions were not applied; first: {first['kind']} for alert "
        f"{first['alert_id']}: {reason}. Retry redoes only these {len(failed)}; the {done} applied ones are left alone."
    )
    raise EffectsFailedError(msg)
