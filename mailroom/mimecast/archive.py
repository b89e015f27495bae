"""The archive: search, one mail and its parts, and who searched and looked."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Literal

from mailroom.errors import InvalidInputError, NotFoundError, RejectedError
from mailroom.mimecast import capabilities
from mailroom.mimecast.archive_models import ArchiveEntry, ArchiveLogEntry, ArchiveMessage
from mailroom.mimecast.archive_query import PAGE_SIZE, ArchiveQuery, read_query
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.envelope import Envelope
from mailroom.mimecast.paging import id_of, pages
from mailroom.mimecast.presigned import FileDigest
from mailroom.mimecast.reading import dict_of, list_of

Context = Literal["DELIVERED", "RECEIVED"]
Part = Literal["HTML", "PLAIN", "RFC822", "TRANSMISSION_MESSAGE_BODY"]

CONTEXTS: tuple[str, ...] = ("DELIVERED", "RECEIVED")
PARTS: tuple[str, ...] = ("HTML", "PLAIN", "RFC822", "TRANSMISSION_MESSAGE_BODY")
"""`RFC822` is the whole mail, an .eml; the others are its bodies."""
LARGEST = 50 << 20
"""Largest part or file taken unless told otherwise (bytes)."""


def search(
    client: MimecastClient, query: ArchiveQuery | str, *, page_size: int = PAGE_SIZE, limit: int | None = None
) -> Iterator[list[ArchiveEntry]]:
    """Mails of all users' archives that fit, newest first, one list per page. Effect: reads; Mimecast logs it.

    A page is fetched when it is asked for, so a caller that stops reading stops the search, and memory holds one page
    and the ids seen. Rows that a later page repeats are left out. Several senders or recipients are several searches
    whose rows are put in order by time.

    Args:
        client: Which tenant.
        query: What to look for; XML is checked, and refused when it is not well-formed or dangerous.
        page_size: Rows per page, 1 to 500; XML that says its own page size keeps it.
        limit: Most rows in all; None = no limit.

    Raises:
        InvalidInputError: The query or a number is not usable.
        ResponseError: The list cannot be read, or not to its end.
        MailroomError: As `client.call`.
    """
    if limit is not None and limit < 1:
        raise InvalidInputError(f"limit {limit}: at least 1 mail, or no limit")
    size = page_size if limit is None else max(1, min(page_size, limit))
    if isinstance(query, str):
        read = read_query(query)
        return _up_to(limit, _walk(client, read.text, read.page_size or size))
    walks = [_walk(client, one.xml(page_size=size), size) for one in query.each()]
    return _up_to(limit, walks[0] if len(walks) == 1 else _merged(walks, size))


def _walk(client: MimecastClient, xml: str, page_size: int) -> Iterator[list[ArchiveEntry]]:
    item = {"admin": True, "query": xml}  # without admin a service account silently finds nothing
    walk = pages(client, capabilities.ARCHIVE_SEARCH, item, page_size=page_size, entries=_rows, key=id_of)
    for raw in walk:
        yield [ArchiveEntry.parse(row) for row in raw]


def _merged(walks: list[Iterator[list[ArchiveEntry]]], page_size: int) -> Iterator[list[ArchiveEntry]]:
    """One list out of several, newest first, each mail once."""
    oldest = datetime.min.replace(tzinfo=UTC)
    singles = [itertools.chain.from_iterable(walk) for walk in walks]
    in_order = heapq.merge(*singles, key=lambda entry: entry.received_at or oldest, reverse=True)
    seen: set[str] = set()
    page: list[ArchiveEntry] = []
    for entry in in_order:
        if entry.id and entry.id in seen:
            continue
        seen.add(entry.id)
        page.append(entry)
        if len(page) == page_size:
            yield page
            page = []
    if page:
        yield page


def _up_to(limit: int | None, walk: Iterator[list[ArchiveEntry]]) -> Iterator[list[ArchiveEntry]]:
    left = limit
    for page in walk:
        yield page if left is None else page[:left]
        if left is not None:
            left -= len(page)
            if left <= 0:
                return


def get_message_detail(client: MimecastClient, message_id: str, *, context: Context = "RECEIVED") -> ArchiveMessage:
    """Everything about one mail but its body. Effect: reads; Mimecast logs the look.

    Args:
        client: Which tenant.
        message_id: Id of a search row.
        context: As it was `RECEIVED`, or as it was `DELIVERED` after policies changed it.

    Raises:
        NotFoundError: No such mail, or no longer.
        RejectedError: Not an id of the archive, or damaged.
        ResponseError: The answer cannot be read.
        MailroomError: As `client.call`.
    """
    function = capabilities.ARCHIVE_MESSAGE_DETAIL
    item = {"id": _checked_id(message_id), "admin": True, "context": _one_of("context", context, CONTEXTS)}
    envelope = client.call(function, [item])
    if not envelope.data:
        raise NotFoundError(f"{function.path}: no archived mail {message_id[:200]!r}; search for it again")
    return ArchiveMessage.parse(envelope.data[0])


def get_message_part(
    client: MimecastClient,
    message_id: str,
    sink: BinaryIO,
    *,
    part: Part = "RFC822",
    context: Context = "DELIVERED",
    mailbox: str = "",
    max_bytes: int = LARGEST,
) -> FileDigest:
    """Write the source or a body of one mail to `sink`. Effect: reads; Mimecast logs the look.

    Args:
        client: Which tenant.
        message_id: Id of a search row.
        sink: Open for writing bytes; on an error it may hold a part.
        part: `RFC822` (the whole mail), `HTML`, `PLAIN` or `TRANSMISSION_MESSAGE_BODY`.
        context: As it was `DELIVERED`, or `RECEIVED`.
        mailbox: Whose copy; empty: Mimecast chooses.
        max_bytes: Largest part taken.

    Raises:
        RejectedError: Larger than `max_bytes` (code `too_large`), or not an id of the archive.
        NotFoundError: No such mail or part, or no longer.
        MailroomError: As `client.download`.
    """
    kind = _one_of("part", part, PARTS)
    item = {
        "id": _checked_id(message_id),
        "type": kind if client.generation == "1.0" else kind.lower(),  # as each generation's samples write it
        "context": _one_of("context", context, CONTEXTS),
    }
    if mailbox:
        item["mailbox"] = mailbox
    function = capabilities.ARCHIVE_MESSAGE_PART
    try:
        return client.download(function, item, sink, max_bytes=max_bytes)
    except RejectedError as error:
        if client.generation == "1.0" or error.code != "err_validation_value_not_allowed":
            raise
        return client.download(function, item | {"type": kind}, sink, max_bytes=max_bytes)


def get_file(client: MimecastClient, file_id: str, sink: BinaryIO, *, max_bytes: int = LARGEST) -> FileDigest:
    """Write an attachment to `sink`; given the id of a mail, its whole source. Effect: reads; Mimecast logs the look.

    Args:
        client: Which tenant.
        file_id: Id of an attachment of `get_message_detail`, or of a search row.
        sink: Open for writing bytes; on an error it may hold a part.
        max_bytes: Largest file taken.

    Raises:
        RejectedError, NotFoundError, MailroomError: As `get_message_part`.
    """
    return client.download(capabilities.ARCHIVE_FILE, {"id": _checked_id(file_id)}, sink, max_bytes=max_bytes)


def search_logs(
    client: MimecastClient, *, start: datetime, end: datetime, query: str = "", page_size: int = PAGE_SIZE
) -> Iterator[list[ArchiveLogEntry]]:
    """Who searched the archive for what, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest time, aware.
        end: Latest time, aware.
        query: Only lines with these words; empty: all.
        page_size: 1 to 500.

    Raises:
        MailroomError: As `client.call`.
    """
    return _logs(client, capabilities.ARCHIVE_SEARCH_LOGS, start, end, query, page_size)


def view_logs(
    client: MimecastClient, *, start: datetime, end: datetime, query: str = "", page_size: int = PAGE_SIZE
) -> Iterator[list[ArchiveLogEntry]]:
    """Who looked at which archived mail, one list per page. Effect: reads. Arguments and errors as `search_logs`."""
    return _logs(client, capabilities.VIEW_LOGS, start, end, query, page_size)


def _logs(
    client: MimecastClient, function: capabilities.Function, start: datetime, end: datetime, query: str, page_size: int
) -> Iterator[list[ArchiveLogEntry]]:
    item = {"start": format_date(start), "end": format_date(end)}
    if query.strip():
        item["query"] = query.strip()
    walk = pages(client, function, item, page_size=page_size, entries=_rows, key=id_of)
    return ([ArchiveLogEntry.parse(line) for line in raw] for raw in walk)


_LISTS = ("items", "logs")


def _rows(envelope: Envelope) -> list[Any]:
    """`data[].items[]` or `data[].logs[]`, and a flat `data[]` as other answers have it."""
    rows: list[Any] = []
    for entry in envelope.data:
        inner = dict_of(entry)
        name = next((name for name in _LISTS if name in inner), "")
        if name:
            rows.extend(list_of(inner[name]))
        elif not isinstance(entry, dict) or inner.keys() - {"queryDuration"}:  # else: an answer without any row
            rows.append(entry)
    return rows


def _checked_id(value: str) -> str:
    if not value.strip():
        raise InvalidInputError("the id is empty: give the id of a search row, exactly as Mimecast gave it")
    return value.strip()


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value.upper() not in known:
        raise InvalidInputError(f"{name} {value[:40]!r}: choose one of {', '.join(known)}")
    return value.upper()
