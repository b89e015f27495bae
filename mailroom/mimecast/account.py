"""The tenant behind the credentials."""

from __future__ import annotations

from mailroom.errors import ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.models import Account


def get_account(client: MimecastClient) -> Account:
    """Who this tenant is. Effect: reads.

    Raises:
        ResponseError: The answer names no account.
        MailroomError: As `client.call`.
    """
    envelope = client.call(capabilities.GET_ACCOUNT)
    if not envelope.data:
        raise ResponseError(f"{capabilities.GET_ACCOUNT.path}: the answer names no account")
    return Account.parse(envelope.data[0])
