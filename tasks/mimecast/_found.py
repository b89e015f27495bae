"""What the reading actions of Mimecast share: a time window from the form, and a table of what was found."""

from __future__ import annotations

from typing import TypeVar

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from mailroom.mimecast import MimecastClient
from mailroom.mimecast.archive_frames import Bounds, bounds_of
from mailroom.mimecast.rows import IDS, as_rows
from mailroom.redact import without_mailboxes
from tasks import _open
from tasks._show import MOST_ROWS, show

Row = TypeVar("Row")


def opened(
    mimecast: str, time_frame: str, start_time: str, end_time: str, time_zone: str
) -> tuple[MimecastClient, Bounds]:
    """The tenant and the stretch of time that is meant, by its clock."""
    client = _open.client(mimecast)
    return client, bounds_of(time_frame, now=client.now(), start=start_time, end=end_time, zone=time_zone)


def shown(key: str, rows: list[Row], about: object = "", *, columns: tuple[str, ...] = ()) -> list[Row]:
    """Show what was found as a table without anybody's mailbox; the rows themselves go on to the caller.

    Args:
        key: Name of the artifact.
        rows: Models of one kind.
        about: Added to the line above the table, e.g. the stretch of time.
        columns: Instead of those of the kind.
    """
    table = [
        {name: text if name in IDS else without_mailboxes(text) for name, text in row.items()}
        for row in as_rows(rows[:MOST_ROWS], columns)
    ]
    cut = f"{MOST_ROWS} of {len(rows)}" if len(rows) > MOST_ROWS else f"{len(rows)}"
    show(key, table, f"{cut} found. {about}", ids=IDS)
    return rows


def warn(text: str) -> None:
    """Say something beside the result, in the run's log."""
    try:
        get_run_logger().warning("%s", text)
    except MissingContextError:
        return  # called outside of a run; the library has logged it
