"""Mimecast action "Get Block Sender Policy"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, policies
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "Get Block Sender Policy",
    functions=(capabilities.GET_POLICY,),
    example="mimecast.get_block_sender_policy(made.id).as_json()",
)
def get_block_sender_policy(
    policy_id: str,
    *,
    mimecast: str = "default",
) -> policies.BlockPolicy:
    """Read one policy that blocks senders, or lets them through.

    Effect: reads. Twice is harmless.

    Args:
        policy_id: Its id, whole.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The policy; `as_json()` is the documented JSON.

    Raises:
        NotFoundError: there is none of this id, or no longer.
        PermissionMissingError: the role lacks Gateway | Policies | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policy/get-policy/
    """
    found = policies.get_policy(_open.client(mimecast), policy_id)
    shown("block-sender-policy", [found])
    return found
