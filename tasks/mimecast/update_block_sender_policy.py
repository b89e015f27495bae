"""Mimecast action "Update Block Sender Policy"."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.policy_models import ExtractedData, PartyType, Response
from mailroom.playbooks import changes
from mailroom.playbooks.act import Desk
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(capabilities.UPDATE_POLICY, capabilities.REST_UPDATE_POLICY, capabilities.GET_POLICY),
    effect="changes the tenant",
    twice="harmless: the policy says the same afterwards",
    example='mimecast.update_block_sender_policy(policy_id, end_time="2027-03-07T16:03:00Z")',
    undo='"Undo Action" writes the former policy back',
)
@task(
    name="Mimecast: Update Block Sender Policy",
    task_run_name="Update Block Sender Policy",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def update_block_sender_policy(
    policy_id: str,
    *,
    description: str | None = None,
    response: Response | None = None,
    extracted_data: ExtractedData | None = None,
    sender: str | None = None,
    sender_type: PartyType | None = None,
    recipient: str | None = None,
    recipient_type: PartyType | None = None,
    comment: str | None = None,
    bidirectional: bool | None = None,
    enforced: bool | None = None,
    enabled: bool | None = None,
    start_time: str | None = None,
    end_time: str | None = None,
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Change what one blocked-sender policy says; what is not given stays. Its id stays too.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between leaves
    the same policy. The former one is kept for the undo.

    Args:
        policy_id: As "List Block Sender Policies" shows it.
        description: Shown in the console.
        response: As for "Create Block Sender Policy".
        extracted_data: As for "Create Block Sender Policy".
        sender: As for "Create Block Sender Policy".
        sender_type: As for "Create Block Sender Policy".
        recipient: As for "Create Block Sender Policy".
        recipient_type: As for "Create Block Sender Policy".
        comment: Kept with the policy.
        bidirectional: As for "Create Block Sender Policy".
        enforced: As for "Create Block Sender Policy".
        enabled: Off switches the policy off without deleting it.
        start_time: ISO 8601; an empty text means at once.
        end_time: ISO 8601; an empty text means for ever.
        dry_run: Say what would be sent and what the policy says now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        `result` is the policy as Mimecast shows it, with `before` as it was.

    Raises:
        InvalidInputError: a field cannot be meant, or the policy holds what cannot be written here.
        NotFoundError: there is no such policy.
        RefusedError: somebody else has to approve it first, the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; running it again looks first.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/update-policy/
    """
    given = {
        "description": description, "response": response, "extracted_data": extracted_data, "sender": sender,
        "sender_type": sender_type, "recipient": recipient, "recipient_type": recipient_type, "comment": comment,
        "bidirectional": bidirectional, "enforced": enforced, "enabled": enabled, "start_time": start_time,
        "end_time": end_time,
    }  # fmt: skip

    def wish(desk: Desk) -> tuple[dict[str, Any], int | None]:
        return changes.policy_with(desk.client, policy_id, given), None

    return changed(
        "Update Block Sender Policy",
        "update_block_sender_policy",
        wish,
        success="Successfully updated the block sender policy in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
