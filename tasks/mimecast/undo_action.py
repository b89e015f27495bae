"""Mimecast action "Undo Action"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.effects.changes import preview_undo
from mailroom.playbooks import changes
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mimecast._changing import ChangeOutcome, desk_of, outcome_of, shown


@describe(
    effect="changes the tenant",
    twice="harmless: an action is taken back once",
    example="mimecast.undo_action(outcome.action_id)",
    note="Blocks are reversed by a permit, because Mimecast cannot remove the entry. Reports, remediation and "
    "released or rejected mail cannot be taken back; the error says what can be done instead",
)
@task(name="Mimecast: Undo Action", task_run_name="Undo Action", cache_policy=NO_CACHE, persist_result=False)
def undo_action(
    action_id: int,
    *,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Take back one change of the tenant that was made from here.

    Effect: changes the tenant. The undo goes through the ledger like any change, and is linked to what it takes back.

    Args:
        action_id: Number of the action, as its outcome or `mailroom undo` shows it.
        dry_run: Say what would be done; change nothing.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        The outcome of the change that took it back.

    Raises:
        NotFoundError: there is no such action.
        RefusedError: it was not applied, cannot be taken back (the message says what to do instead), or the kill
            switch is on.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/
    """
    with action("Undo Action"):
        desk = desk_of(mimecast, store, policy)
        if dry_run:
            return shown(preview_undo(desk.client, desk.store, action_id))
        done = changes.undo(desk, action_id, requested_by="playbook")
        return outcome_of(done, f"Successfully took back action {action_id} in Mimecast")
