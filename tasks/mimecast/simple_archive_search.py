"""Mimecast action "Simple Archive Search"."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mailroom.mimecast import capabilities
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.playbooks.archive_search import DEFAULT_FIELDS, ArchiveSearchResult, OnPage, run_simple, simple_search
from tasks import _open
from tasks._catalogue import reading
from tasks.mimecast._archive import searched


@reading(
    "Simple Archive Search",
    functions=(capabilities.ARCHIVE_SEARCH,),
    example='mimecast.simple_archive_search(from_addresses="fabrikam.example", time_frame="Last Week")',
    note="Written to the tenant's search log.",
)
def simple_archive_search(
    fields_to_return: str = DEFAULT_FIELDS,
    *,
    mailboxes: str = "",
    from_addresses: str = "",
    to_addresses: str = "",
    subject: str = "",
    time_frame: TimeFrame = "Last Hour",
    start_time: str = "",
    end_time: str = "",
    max_emails_to_return: Annotated[int, Field(ge=1, le=100_000)] = 50,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> ArchiveSearchResult:
    """Search the archive of all users by sender, recipient, subject and time.

    Mimecast matches loosely: a subject finds mails with similar words, a domain includes its subdomains. Every search
    is written to the tenant's search log.

    Effect: reads. Twice is harmless.

    Args:
        fields_to_return: Fields of a result, separated by commas. `id` is always among them.
        mailboxes: Addresses whose mailboxes are searched, separated by commas; empty: the whole archive.
        from_addresses: Senders: addresses or domains, separated by commas; any of them.
        to_addresses: Recipients, likewise.
        subject: Words of the subject.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_emails_to_return: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        The rows with every field as sent, the time that was searched, `frame()` and `to_csv(path)`. It stays in the
        calling flow: Prefect keeps nothing but a harmless table.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        RejectedError: Mimecast refused the query.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """

    def run(on_page: OnPage) -> ArchiveSearchResult:
        client = _open.client(mimecast)
        wanted = simple_search(
            now=client.now(), fields_to_return=fields_to_return, mailboxes=mailboxes, from_addresses=from_addresses,
            to_addresses=to_addresses, subject=subject, time_frame=time_frame, start_time=start_time,
            end_time=end_time, time_zone=time_zone,
        )  # fmt: skip
        return run_simple(client, wanted, limit=max_emails_to_return, on_page=on_page)

    return searched("Simple Archive Search", max_emails_to_return, run)
