"""Mimecast action "List Block Sender Policies"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, policies
from mailroom.mimecast.rows import mentions, take
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "List Block Sender Policies",
    functions=(capabilities.GET_POLICY,),
    example='[policy.id for policy in mimecast.list_block_sender_policies("wingtip.example")]',
)
def list_block_sender_policies(
    text: str = "",
    *,
    max_policies: Annotated[int, Field(ge=1, le=100_000)] = 1000,
    mimecast: str = "default",
) -> list[policies.BlockPolicy]:
    """List the policies that block senders, or let them through.

    Effect: reads. Twice is harmless.

    Args:
        text: Only policies with this in sender, recipient, description or comment; empty: all.
        max_policies: Stop after so many.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Policies with their ids; `as_json()` of a policy is the documented JSON.

    Raises:
        PermissionMissingError: the role lacks Gateway | Policies | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policy/get-policy/
    """
    every = policies.list_policies(_open.client(mimecast))
    fitting = [policy for policy in every if mentions(policy, text)]
    return shown("block-sender-policies", take([fitting], max_policies))
