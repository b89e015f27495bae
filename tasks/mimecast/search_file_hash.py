"""Mimecast action "Search File Hash"."""

from __future__ import annotations

from mailroom.comma_list import comma_list
from mailroom.mimecast import capabilities, remediation
from tasks import _open
from tasks._catalogue import reading


@reading(
    "Search File Hash",
    functions=(capabilities.SEARCH_HASH,),
    example='mimecast.search_file_hash("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08").detected',
)
def search_file_hash(
    hashes: str,
    *,
    mimecast: str = "default",
) -> remediation.HashSearch:
    """Find out whether files were seen in the tenant's mail.

    Effect: reads. Twice is harmless.

    Args:
        hashes: SHA-256 of files, separated by commas.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        By hash, whether it was seen; and the hashes that could not be looked up.

    Raises:
        InvalidInputError: not a SHA-256.
        PermissionMissingError: the role lacks Services | Threat Remediation | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/threat-remediation/search-file-hash/
    """
    return remediation.search_hash(_open.client(mimecast), comma_list(hashes))
