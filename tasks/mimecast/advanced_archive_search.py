"""Mimecast action "Advanced Archive Search"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities
from mailroom.playbooks.archive_search import ArchiveSearchResult, OnPage, preview_advanced, run_advanced
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._archive import searched


@reading(
    "Advanced Archive Search",
    functions=(capabilities.ARCHIVE_SEARCH,),
    example="mimecast.advanced_archive_search(xml_query, dry_run=True)",
    note="Written to the tenant's search log.",
)
def advanced_archive_search(
    xml_query: str,
    *,
    max_emails_to_return: Annotated[int, Field(ge=1, le=100_000)] = 50,
    dry_run: bool = False,
    mimecast: str = "default",
) -> ArchiveSearchResult:
    """Search the archive with a query in Mimecast's XML.

    The query is read without document types and entities. Mimecast ignores tags it does not know, which finds more
    and not less: every such tag, attribute, field or value is a warning of the result and in the log.

    Effect: reads. Twice is harmless.

    Args:
        xml_query: A whole `<xmlquery>` element.
        max_emails_to_return: Stop after so many, the newest.
        dry_run: Check the query, show it and its warnings, send nothing.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        As "Simple Archive Search"; of a dry run the query and its warnings, without rows.

    Raises:
        InvalidInputError: the query is not well-formed; the message says in which line and column.
        RejectedError: Mimecast refused the query.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """

    def run(on_page: OnPage) -> ArchiveSearchResult:
        if dry_run:
            return preview_advanced(xml_query)
        return run_advanced(_open.client(mimecast), xml_query, limit=max_emails_to_return, on_page=on_page)

    return searched("Advanced Archive Search", max_emails_to_return, run)
