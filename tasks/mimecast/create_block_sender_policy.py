"""Mimecast action "Create Block Sender Policy"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mimecast import capabilities
from mailroom.mimecast.policy_models import ExtractedData, PartyType, Response
from tasks._catalogue import describe
from tasks.mimecast._changing import ChangeOutcome, changed


@describe(
    functions=(capabilities.CREATE_POLICY, capabilities.GET_POLICY),
    effect="changes the tenant",
    twice="harmless: a policy that does the same is found and not made again",
    example='mimecast.create_block_sender_policy("case 42", sender="evil.example", recipient_type="Everyone")',
    undo='"Undo Action" deletes the policy',
)
@task(
    name="Mimecast: Create Block Sender Policy",
    task_run_name="Create Block Sender Policy",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def create_block_sender_policy(
    description: str,
    *,
    response: Response = "Block Sender",
    extracted_data: ExtractedData = "Both",
    sender: str = "",
    sender_type: PartyType = "Email Domain",
    recipient: str = "",
    recipient_type: PartyType = "Email Domain",
    comment: str = "",
    bidirectional: bool = False,
    enforced: bool = False,
    start_time: str = "",
    end_time: str = "",
    dry_run: bool = False,
    again: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> ChangeOutcome:
    """Make a policy that refuses mail between parties, or lets it through.

    Everything is checked before any call. Mimecast would make a second policy when asked twice, so a policy that does
    the same is looked for first, whatever its description.

    Effect: changes the tenant. Goes through the ledger: calling it twice, retrying it or killing it in between makes
    one policy. When the answer is lost, the policy is looked for by what it says and when it was made.

    Args:
        description: Shown in the console.
        response: "Block Sender" refuses the mail; "No Action" exempts it from other policies.
        extracted_data: Which sender counts: that of the envelope, that of the header, or both.
        sender: Needed for Email Domain, Email Address and Header Display Name; ignored for the other types.
        sender_type: What the sender is.
        recipient: Needed for Email Domain, Email Address and Header Display Name; ignored for the other types.
        recipient_type: What the recipient is.
        comment: Kept with the policy.
        bidirectional: Also stop mail from these recipients to the sender. Off by default: with it on, our people
            cannot write to the sender either, and their mail is refused.
        enforced: Comes before policies that are more specific.
        start_time: ISO 8601 with a time zone, e.g. 2025-03-07T16:03:00Z; empty: at once.
        end_time: Likewise; empty: for ever. After it "Expire Changes" deletes the policy.
        dry_run: Say what would be sent and which equal policy is there now; change nothing.
        again: Any text names a new wish: do it although it was done before.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        `result` is the policy as Mimecast shows it (`option`, `id`, `policy{...}`); keep `action_id` to undo it.

    Raises:
        InvalidInputError: a field cannot be meant, or a sender or recipient is missing; nothing was sent.
        RefusedError: somebody else has to approve it first, the kill switch is on, or another process is at it.
        RejectedError: Mimecast refused.
        OutcomeUnknownError: the outcome was not seen and cannot be told yet; running it again looks first.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    wish = {
        "description": description, "response": response, "extracted_data": extracted_data, "sender": sender,
        "sender_type": sender_type, "recipient": recipient, "recipient_type": recipient_type, "comment": comment,
        "bidirectional": bidirectional, "enforced": enforced, "start_time": start_time, "end_time": end_time,
    }  # fmt: skip
    return changed(
        "Create Block Sender Policy",
        "create_block_sender_policy",
        wish,
        success="Successfully created a block sender policy in Mimecast",
        mimecast=mimecast,
        store=store,
        policy=policy,
        dry_run=dry_run,
        again=again,
    )
