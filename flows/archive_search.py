"""Playbook "archive search"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from pydantic import Field

from flows._flow import flow
from flows._folder import lasting_folder
from flows._tenant_slot import tenant_slot
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.playbooks.archive_search import DEFAULT_FIELDS
from tasks import mimecast as mimecast_actions


@flow(name="archive search", flow_run_name="archive search in {mimecast}")
def archive_search(
    from_addresses: str = "",
    to_addresses: str = "",
    subject: str = "",
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    time_zone: str = "UTC",
    mailboxes: str = "",
    fields_to_return: str = DEFAULT_FIELDS,
    max_emails_to_return: Annotated[int, Field(ge=1, le=100_000)] = 500,
    csv_folder: str = "",
    mimecast: str = "default",
) -> dict[str, Any]:
    """Find archived mails of all users. Shows a harmless table; writes everything to a CSV file where you say so.

    Nothing is changed. Mimecast writes every search to its own log. What is typed into this form is kept by Prefect.

    Args:
        from_addresses: Senders: addresses or domains, separated by commas; any of them. A domain includes its
            subdomains.
        to_addresses: Recipients, likewise.
        subject: Words of the subject. Mimecast matches loosely, so similar subjects are found as well.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month. For Custom,
            fill in Start Time.
        start_time: With Custom: ISO 8601, such as 2025-01-14T09:30:00Z or 2025-01-14.
        end_time: With Custom: likewise; empty means now.
        time_zone: IANA name, such as Europe/Berlin, for calendar weeks and months and for times without offset.
        mailboxes: Only these mailboxes: addresses, separated by commas. Empty: the whole archive.
        fields_to_return: Fields of a result, separated by commas.
        max_emails_to_return: Stop after so many, the newest.
        csv_folder: Folder on the worker for a CSV file with every column, a whole path; made when missing. Empty: no
            file.
        mimecast: Name of the "Mimecast Credentials" block.

    Returns:
        How many were found, the time that was searched, warnings, and the path of the CSV file.
    """
    log = get_run_logger()
    folder = lasting_folder(csv_folder, "csv_folder")
    with tenant_slot(mimecast):
        found = mimecast_actions.simple_archive_search(
            fields_to_return,
            mailboxes=mailboxes,
            from_addresses=from_addresses,
            to_addresses=to_addresses,
            subject=subject,
            time_frame=time_frame,
            start_time=start_time,
            end_time=end_time,
            max_emails_to_return=max_emails_to_return,
            time_zone=time_zone,
            mimecast=mimecast,
        )
    path = str(found.save_csv(folder)) if folder else ""
    log.info("%s: %d%s", found.message, found.count, f", written to {path}" if path else "")
    return {
        "message": found.message,
        "count": found.count,
        "limit_reached": found.limit_reached,
        "bounds": found.bounds,
        "warnings": found.warnings,
        "csv": path,
    }
