"""Searching the archive as an analyst does: the documented form, the documented words, rows as table, frame and CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailroom import tables
from mailroom.comma_list import comma_list
from mailroom.mimecast import MimecastClient, archive
from mailroom.mimecast.archive_frames import Bounds, bounds_of
from mailroom.mimecast.archive_query import ArchiveQuery, read_query
from mailroom.mimecast.archive_terms import RETURN_FIELDS
from mailroom.redact import without_mailboxes

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_FIELDS = ",".join(RETURN_FIELDS)
FOUND = "Successfully found archive emails for the provided criteria in Mimecast"
NONE_FOUND = "No archive emails were found for the provided criteria in Mimecast"

OnPage = Callable[[list[dict[str, Any]], int], None]
"""Called after each page with its rows and the number of rows so far."""


@dataclass(frozen=True, slots=True)
class ArchiveSearchResult:
    """What a search found. Rows are held in memory and never stored by Prefect: they hold addresses and subjects."""

    is_success: bool
    message: str
    rows: list[dict[str, Any]] = field(repr=False)
    """As Mimecast sent them, newest first."""
    limit_reached: bool = False
    """There may be more: the search stopped at the limit."""
    bounds: str = ""
    """The time that was searched, both ends included; empty when the query says it itself."""
    warnings: list[str] = field(default_factory=list)
    """Why the search may have found something else than was meant."""
    query: str = field(default="", repr=False)
    """The XML; only of a dry run."""
    columns: tuple[str, ...] = ()
    """Fields that were asked for: columns even when no row has them."""

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def ids(self) -> list[str]:
        """For "Get Archive Message" and the like."""
        return [row["id"] for row in self.rows if isinstance(row.get("id"), str)]

    def frame(self) -> pd.DataFrame:
        """Every row with every key as a column."""
        return tables.to_frame(self.rows, self.columns)

    def to_csv(self, path: str | Path) -> Path:
        """Write a new CSV file that no spreadsheet takes for formulas. Raises InvalidInputError when it exists."""
        return tables.to_csv(self.rows, path, self.columns)

    def save_csv(self, folder: str | Path) -> Path:
        """Write a new CSV file into a folder, made when missing. Raises InvalidInputError when it cannot be used."""
        return self.to_csv(tables.new_csv(folder, "archive search"))

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "is_success": self.is_success,
            "message": self.message,
            "count": self.count,
            "limit_reached": self.limit_reached,
            "bounds": self.bounds,
            "warnings": self.warnings,
            "results": self.rows,
        }


@dataclass(frozen=True, slots=True)
class SimpleSearch:
    """The form of "Simple Archive Search", checked: a query and the time it is about."""

    query: ArchiveQuery
    bounds: Bounds
    warnings: list[str]


def simple_search(
    *,
    now: datetime,
    fields_to_return: str = DEFAULT_FIELDS,
    mailboxes: str = "",
    from_addresses: str = "",
    to_addresses: str = "",
    subject: str = "",
    time_frame: str = "Last Hour",
    start_time: str = "",
    end_time: str = "",
    time_zone: str = "UTC",
) -> SimpleSearch:
    """Check the form. Lists are separated by commas.

    Args:
        now: The present by Mimecast's clock, aware.
        fields_to_return: Fields of a row.
        mailboxes: Addresses; empty: the whole archive.
        from_addresses: Addresses or domains.
        to_addresses: Addresses or domains.
        subject: Words of the subject.
        time_frame: One of `TIME_FRAMES`.
        start_time: ISO 8601, with "Custom".
        end_time: ISO 8601, with "Custom"; empty: now.
        time_zone: IANA name for calendar weeks and months and for times without offset.

    Raises:
        InvalidInputError: Something cannot be meant; the message names the field of the form.
    """
    bounds = bounds_of(time_frame, now=now, start=start_time, end=end_time, zone=time_zone)
    fields = tuple(dict.fromkeys(name.lower() for name in comma_list(fields_to_return))) or RETURN_FIELDS
    query = ArchiveQuery(
        fields=fields,
        mailboxes=tuple(comma_list(mailboxes)),
        sender=tuple(one.removeprefix("@") for one in comma_list(from_addresses)),
        recipient=tuple(one.removeprefix("@") for one in comma_list(to_addresses)),
        subject=subject,
        start=bounds.start,
        end=bounds.end,
    )
    warnings = query.warnings()
    if time_frame != "Custom" and (start_time.strip() or end_time.strip()):
        warnings.append(f'"Start Time" and "End Time" count only with "Custom"; searched: {bounds.meaning}')
    return SimpleSearch(query, bounds, warnings)


def run_simple(
    client: MimecastClient, wanted: SimpleSearch, *, limit: int = 50, on_page: OnPage | None = None
) -> ArchiveSearchResult:
    """Carry out a simple search. Effect: reads; Mimecast writes every search to its log.

    Raises:
        MailroomError: As `archive.search`.
    """
    columns = tuple(dict.fromkeys((*wanted.query.fields, "id")))
    rows = _rows(client, wanted.query, limit, on_page)
    return _result(rows, limit, str(wanted.bounds), wanted.warnings, columns)


def run_advanced(
    client: MimecastClient, xml: str, *, limit: int = 50, on_page: OnPage | None = None
) -> ArchiveSearchResult:
    """Check a query in XML and carry it out. Effect: reads; Mimecast writes every search to its log.

    Raises:
        InvalidInputError: Not well-formed, or with something that is never read.
        MailroomError: As `archive.search`.
    """
    read = read_query(xml)
    rows = _rows(client, read.text, limit, on_page)
    return _result(rows, limit, "", [str(warning) for warning in read.warnings])


def preview_advanced(xml: str) -> ArchiveSearchResult:
    """Check a query in XML and send nothing.

    Raises:
        InvalidInputError: As `run_advanced`.
    """
    read = read_query(xml)
    warnings = [str(warning) for warning in read.warnings]
    return ArchiveSearchResult(True, "A dry run: nothing was searched.", [], warnings=warnings, query=read.text)


def few_columns(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What may be seen of rows on a page anyone can open: nobody's address, of the sender the domain."""
    for row in rows:
        shown: dict[str, Any] = {}
        for name, value in row.items():
            if name == "displayfromaddress":
                shown["sender domain"] = str(value).rpartition("@")[2]
            elif name == "displaytoaddresslist":
                shown["recipients"] = len(value) if isinstance(value, list) else ""
            elif name != "displayto":
                cell = tables.flat(value)
                shown[name] = "" if cell is None else without_mailboxes(str(cell))
        yield shown


def _rows(
    client: MimecastClient, query: ArchiveQuery | str, limit: int, on_page: OnPage | None
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for page in archive.search(client, query, limit=limit):
        fresh = [entry.raw for entry in page]
        rows += fresh
        if on_page is not None:
            on_page(fresh, len(rows))
    return rows


def _result(
    rows: list[dict[str, Any]], limit: int, bounds: str, warnings: list[str], columns: tuple[str, ...] = ()
) -> ArchiveSearchResult:
    message = FOUND if rows else NONE_FOUND
    return ArchiveSearchResult(True, message, rows, len(rows) >= limit, bounds, warnings, columns=columns)
