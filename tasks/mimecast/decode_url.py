"""Mimecast action "Decode URL"."""

from __future__ import annotations

from mailroom.mimecast import capabilities, url_tools
from tasks import _open
from tasks._catalogue import reading


@reading(
    "Decode URL",
    functions=(capabilities.DECODE_URL,),
    example='mimecast.decode_url("https://protect-eu.mimecast.com/s/abc").url',
)
def decode_url(
    url: str,
    *,
    mimecast: str = "default",
) -> url_tools.DecodedUrl:
    """Find out where a link that Mimecast rewrote really leads. Nothing is opened.

    Effect: reads. Twice is harmless.

    Args:
        url: The rewritten link, whole.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The true address, and whether it was a rewritten link at all.

    Raises:
        InvalidInputError: no link was given.
        PermissionMissingError: the role lacks Account | Dashboard | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/targeted-threat-protection-url-protect/decode-url/
    """
    return url_tools.decode_url(_open.client(mimecast), url)
