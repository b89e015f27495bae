"""Step "Find Due Blocks"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.expire_blocks import Ending, find_due
from tasks._policy import only_transient
from tasks._show import show
from tasks._wording import action
from tasks.playbook._blocking import desk


@task(
    name="Find Due Blocks",
    task_run_name="Find Due Blocks",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def find_due_blocks(
    *, permit_managed_senders: bool = False, mimecast: str = "default", store: str = "default", policy: str = "default"
) -> list[Ending]:
    """Find changes of ours whose time is over, and see whether they are as we left them.

    Effect: reads the tenant and the store; shows a table beside the run. Twice is harmless.

    Args:
        permit_managed_senders: End blocked managed senders too, which Mimecast can only turn into permits.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        One entry per change that is due, with what would become of it.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Find Due Blocks"):
        found = find_due(desk(mimecast, store, policy), permit_managed_senders=permit_managed_senders)
        show("due-blocks", [one.row() for one in found], "Changes of ours whose time is over.")
    return found
