"""The customer's own list of file hashes that are always blocked or allowed (bring your own threat intelligence)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_choice, checked_sha256, checked_text
from mailroom.mimecast.single_change import change

OPERATIONS = ("BLOCK", "ALLOW")
LONGEST_DESCRIPTION = 255


def upload_hashes(
    client: MimecastClient, hashes: Sequence[str], operation: str, *, description: str = ""
) -> dict[str, Any]:
    """Block or allow files by their SHA-256, for everybody. Effect: changes the tenant. No function lists the entries.

    Args:
        client: Which tenant.
        hashes: SHA-256 of files.
        operation: `BLOCK` or `ALLOW`.
        description: Kept with each hash.

    Raises:
        InvalidInputError: A field cannot be meant; nothing is sent.
        EffectUnknownError: The answer was not seen, and nothing can be looked at.
        MailroomError: As `client.call`: refused.
    """
    wanted = list(dict.fromkeys(checked_sha256(text, "Hash") for text in hashes))
    if not wanted:
        raise InvalidInputError("no hash was given: name the SHA-256 of a file")
    words = checked_text(description, "Description", most=LONGEST_DESCRIPTION)
    entries = [{"hash": one, "description": words} if words else {"hash": one} for one in wanted]
    item = {"hashList": entries, "operationType": checked_choice(operation, OPERATIONS, "Operation")}
    return change(client, capabilities.CREATE_BATCH, item, wanted[0])
