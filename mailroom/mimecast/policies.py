"""Blocked-sender policies: list, read, create, update, delete, in both API generations.

Reading and creating are the same functions in both. Changing and removing is REST in API 2.0, whose catalogue does not
list the older functions, and envelope functions in API 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailroom.errors import MailroomError, NotFoundError, ResponseError
from mailroom.faults import faultpoint
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_id
from mailroom.mimecast.paging import id_of, listed
from mailroom.mimecast.policy_form import as_rest
from mailroom.mimecast.policy_models import BlockPolicy, PolicyWish
from mailroom.mimecast.reading import OnUnreadable
from mailroom.mimecast.single_change import change, unclear

__all__ = [
    "BlockPolicy",
    "PolicyWish",
    "create_policy",
    "delete_policy",
    "find_equal",
    "get_policy",
    "list_policies",
    "update_policy",
]


def list_policies(client: MimecastClient, *, on_unreadable: OnUnreadable | None = None) -> list[BlockPolicy]:
    """Every blocked-sender policy of the tenant. Effect: reads.

    Args:
        client: Which tenant.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    return [policy for page in _pages(client, on_unreadable) for policy in page]


def get_policy(client: MimecastClient, policy_id: str) -> BlockPolicy:
    """One policy. Effect: reads.

    Raises:
        InvalidInputError: No id.
        NotFoundError: There is none of this id, or no longer.
        RejectedError: Not an id of this kind.
        MailroomError: As `client.call`.
    """
    known = checked_id(policy_id, "The policy's id")
    envelope = client.call(capabilities.GET_POLICY, [{"id": known}])
    found = next((entry for entry in envelope.data if id_of(entry) == known), None)
    if found is None:
        raise NotFoundError(f"{capabilities.GET_POLICY.path}: there is no policy of this id, or no longer")
    return BlockPolicy.parse(found)


def create_policy(client: MimecastClient, wish: PolicyWish) -> BlockPolicy:
    """Make a policy. Effect: changes the tenant; twice makes two policies, so look for an equal one first.

    Raises:
        RejectedError: Refused, e.g. `err_policy_invalid_from_value`.
        EffectUnknownError: The answer was not seen; `find_equal` tells.
        MailroomError: As `client.call`.
    """
    entry = change(client, capabilities.CREATE_POLICY, wish.item(), wish.title)
    try:
        return BlockPolicy.parse(entry)
    except ResponseError as error:
        raise unclear(capabilities.CREATE_POLICY, wish.title) from error


def update_policy(client: MimecastClient, policy_id: str, wish: PolicyWish) -> BlockPolicy:
    """Replace what a policy says; its id stays. Effect: changes the tenant; twice changes nothing more.

    Raises:
        NotFoundError: It is gone.
        RejectedError: Refused.
        EffectUnknownError: The answer was not seen; `get_policy` tells.
        MailroomError: As `client.call` and `client.rest`.
    """
    known = checked_id(policy_id, "The policy's id")
    if client.generation == "1.0":
        entry = change(client, capabilities.UPDATE_POLICY, {"id": known, **wish.item()}, known)
        try:
            return BlockPolicy.parse(entry)
        except ResponseError as error:
            raise unclear(capabilities.UPDATE_POLICY, known) from error
    faultpoint("mimecast.before_send")
    client.rest(capabilities.REST_UPDATE_POLICY, path={"policy_id": known}, body=as_rest(wish.item()), targets=(known,))
    faultpoint("mimecast.after_send")
    try:
        return get_policy(client, known)
    except MailroomError as error:  # it was changed, and nobody saw into what
        raise unclear(capabilities.REST_UPDATE_POLICY, known) from error


def delete_policy(client: MimecastClient, policy_id: str) -> None:
    """Remove a policy. Effect: changes the tenant; twice is refused with NotFoundError.

    Raises:
        NotFoundError: It is gone already.
        EffectUnknownError: The answer was not seen; `get_policy` tells.
        MailroomError: As `client.call` and `client.rest`.
    """
    known = checked_id(policy_id, "The policy's id")
    if client.generation == "1.0":
        change(client, capabilities.DELETE_POLICY, {"id": known}, known)
        return
    faultpoint("mimecast.before_send")
    client.rest(capabilities.REST_DELETE_POLICY, path={"policy_id": known}, targets=(known,))
    faultpoint("mimecast.after_send")


def find_equal(
    client: MimecastClient, wish: PolicyWish, *, on_unreadable: OnUnreadable | None = None
) -> list[BlockPolicy]:
    """The policies that do what a wish would do, in Mimecast's order. Effect: reads every policy.

    Args:
        client: Which tenant.
        wish: What is wanted.
        on_unreadable: As for `list_policies`.
    """
    return [policy for page in _pages(client, on_unreadable) for policy in page if wish.same_as(policy)]


def _pages(client: MimecastClient, on_unreadable: OnUnreadable | None) -> Iterator[list[BlockPolicy]]:
    return listed(client, capabilities.GET_POLICY, None, BlockPolicy.parse, page_size=100, on_unreadable=on_unreadable)
