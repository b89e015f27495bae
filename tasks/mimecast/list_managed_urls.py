"""Mimecast action "List Managed URLs"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities, url_tools
from mailroom.mimecast.rows import take
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._found import shown


@reading(
    "List Managed URLs",
    functions=(capabilities.LIST_MANAGED_URLS,),
    example="mimecast.list_managed_urls()",
)
def list_managed_urls(
    max_urls: Annotated[int, Field(ge=1, le=100_000)] = 1000,
    *,
    mimecast: str = "default",
) -> list[url_tools.ManagedUrl]:
    """List the URLs and domains that are always blocked or permitted.

    Effect: reads. Twice is harmless.

    Args:
        max_urls: Stop after so many.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Managed URLs with their ids.

    Raises:
        PermissionMissingError: the role lacks Services | Targeted Threat Protection - URL Protect | Edit.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/targeted-threat-protection-url-protect/get-managed-url/
    """
    return shown("managed-urls", take(url_tools.list_managed_urls(_open.client(mimecast)), max_urls))
