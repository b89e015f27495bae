"""Step "End Block": one task run per block, policy, managed URL or group member."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import EffectsFailedError
from mailroom.playbooks.expire_blocks import Ending, end_one
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(name="End Block", task_run_name="End Block {ending.action_id}", cache_policy=NO_CACHE, persist_result=False)
def end_block(ending: Ending, *, mimecast: str = "default", store: str = "default", policy: str = "default") -> Ending:
    """End one change of ours whose time is over, once; one that somebody changed by hand is left alone.

    Effect: changes the tenant. Twice is harmless: the second time nothing is sent.

    Args:
        ending: One entry of "Find Due Blocks".
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        The entry with what became of it.

    Raises:
        RefusedError: The kill switch is on.
        EffectsFailedError: It was not ended; it stays due.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("End Block"):
        ended = end_one(desk(mimecast, store, policy), ending)
        if not ended.is_well:
            raise EffectsFailedError(f"{ended.why.rstrip('. ')}. It stays due")
    return ended
