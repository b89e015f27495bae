"""What the two logs of the archive share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from mailroom.mimecast import MimecastClient
from mailroom.mimecast.archive_models import ArchiveLogEntry
from mailroom.redact import without_mailboxes
from tasks._show import MOST_ROWS, show
from tasks.mimecast._found import opened


class ReadLog(Protocol):
    """`archive.search_logs` or `archive.view_logs`."""

    def __call__(
        self, client: MimecastClient, *, start: Any, end: Any, query: str = "", page_size: int = 100
    ) -> Iterator[list[ArchiveLogEntry]]:
        """Pages of the log."""


def logged(
    key: str, read: ReadLog, *, time_frame: str, start_time: str, end_time: str, query: str, most: int,
    time_zone: str, mimecast: str,
) -> list[ArchiveLogEntry]:  # fmt: skip
    """Read a log up to `most` lines and show a table, called `key`, without anybody's address."""
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    found: list[ArchiveLogEntry] = []
    for page in read(client, start=bounds.start, end=bounds.end, query=query):
        found += page[: most - len(found)]
        if len(found) >= most:
            break
    rows = [
        {
            "at": f"{line.at:%Y-%m-%d %H:%M}" if line.at else "",
            "who": without_mailboxes(line.who),
            "what": without_mailboxes(line.what),
            "reason": without_mailboxes(line.reason),
        }
        for line in found[:MOST_ROWS]
    ]
    show(key, rows, f"{min(len(found), MOST_ROWS)} of {len(found)} lines. {bounds}")
    return found
