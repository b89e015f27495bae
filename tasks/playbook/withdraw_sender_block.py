"""Step "Withdraw Sender Block"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.block_sender import withdraw
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(name="Withdraw Sender Block", task_run_name="Withdraw Sender Block", cache_policy=NO_CACHE, persist_result=False)
def withdraw_sender_block(
    action_ids: list[int], why: str, *, who: str = "", mimecast: str = "default", store: str = "default",
    policy: str = "default",
) -> int:  # fmt: skip
    """Close proposals that were declined or are out of date.

    Effect: writes the store. Twice is harmless; what was carried out meanwhile is left alone.

    Args:
        action_ids: Numbers of the proposed actions.
        why: For the history.
        who: Who decided it.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        How many were closed.

    Source: https://docs.prefect.io/v3/develop/write-tasks
    """
    with action("Withdraw Sender Block"):
        return withdraw(desk(mimecast, store, policy), action_ids, why, who=who)
