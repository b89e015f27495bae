"""Release Message and Reject Message as a playbook runs them: by the number of the action that triage entered.

They bear the documented names, so that a run shows the same whoever asked. What the ledger does not want any more is
left alone: only what a person asks for becomes an action of its own.
"""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks._dispose import ActionOutcome, carry_out, run_name


@task(name="Mimecast: Release Message", cache_policy=NO_CACHE, task_run_name=run_name("Release Message"))
def release_wanted(
    action_id: int, kind: str, message_id: str, *, mimecast: str, store: str, policy: str
) -> ActionOutcome:
    """Release the message of one action, once. Effect: changes the tenant and delivers mail."""
    return carry_out(action_id, kind, message_id, mimecast=mimecast, store=store, policy=policy)


@task(name="Mimecast: Reject Message", cache_policy=NO_CACHE, task_run_name=run_name("Reject Message"))
def reject_wanted(
    action_id: int, kind: str, message_id: str, *, mimecast: str, store: str, policy: str
) -> ActionOutcome:
    """Reject the message of one action, once. Effect: changes the tenant."""
    return carry_out(action_id, kind, message_id, mimecast=mimecast, store=store, policy=policy)
