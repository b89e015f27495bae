"""`mailroom archive ...`: search the archive, look at one mail, save its source, read who searched and looked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.cli.written import tell_written
from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.mimecast.archive_frames import Bounds
    from mailroom.mimecast.archive_models import ArchiveEntry, ArchiveLogEntry

COLUMNS = (("", 6), ("received (UTC)", 16), ("sender", 34), ("recipients", 34), ("files", 5), ("subject", 30))
_LOG_COLUMNS = ("at (UTC)", "who", "what", "reason")
_WIDE = 600
_LARGEST_QUERY = 1 << 20

Ids = Annotated[bool, typer.Option("--ids", help="Also print the ids, which `show` and `eml` want.")]
Csv = Annotated[
    Path | None, typer.Option("--csv", help="Also write every row and column to a new CSV file.", show_default=False)
]
Limit = Annotated[int, typer.Option(help="Most mails, the newest.", min=1)]
Dry = Annotated[bool, typer.Option("--dry-run", help="Check and show the query; ask nothing.")]
Start = Annotated[str, typer.Option(help="Earliest time, ISO 8601.", show_default=False)]
End = Annotated[str, typer.Option(help="Latest time, ISO 8601; with --start, now.", show_default=False)]
Zone = Annotated[str, typer.Option(help="IANA time zone of calendar weeks, months and times without offset.")]
One = Annotated[str, typer.Argument(help="The id of a search result, whole.", metavar="ID")]

archive_app = typer.Typer(
    help="Search the archive and look at its mails; reads only.", no_args_is_help=True, rich_markup_mode=None
)


class Frame(StrEnum):
    """The time frames by their documented names."""

    LAST_HOUR = "Last Hour"
    LAST_6_HOURS = "Last 6 Hours"
    LAST_24_HOURS = "Last 24 Hours"
    LAST_WEEK = "Last Week"
    LAST_MONTH = "Last Month"
    CUSTOM = "Custom"


TimeFrame = Annotated[
    Frame | None,
    typer.Option("--time", help="Calendar week and month are the last whole ones.", show_default="Last Hour"),
]


@archive_app.callback()
def _archive() -> None:
    """Search the archive and look at its mails; reads only. Mimecast logs every search and every look."""


@archive_app.command("search")
def search(
    sender: Annotated[str, typer.Option("--from", help="Addresses or domains.", show_default=False)] = "",
    recipient: Annotated[str, typer.Option("--to", help="Addresses or domains.", show_default=False)] = "",
    subject: Annotated[str, typer.Option(help="Words of the subject.", show_default=False)] = "",
    mailboxes: Annotated[str, typer.Option(help="Addresses.", show_default="the whole archive")] = "",
    time: TimeFrame = None,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    fields: Annotated[str, typer.Option(help="Fields of a row.", show_default="all")] = "",
    limit: Limit = 50,
    ids: Ids = False,
    csv: Csv = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Find archived mails by sender, recipient, subject and time; lists are separated by commas."""
    from mailroom.mimecast import archive
    from mailroom.playbooks.archive_search import DEFAULT_FIELDS, simple_search

    with desk.opened() as here:
        wanted = simple_search(
            now=SYSTEM_CLOCK.now() if dry_run else here.client.now(), fields_to_return=fields or DEFAULT_FIELDS,
            mailboxes=mailboxes, from_addresses=sender, to_addresses=recipient, subject=subject,
            time_frame=_frame(time, start, end), start_time=start, end_time=end, time_zone=zone,
        )  # fmt: skip
        if dry_run:
            queries = [one.xml() for one in wanted.query.each()]
            _show_query(queries, wanted.warnings, str(wanted.bounds), as_json=as_json)
            return
        pages = archive.search(here.client, wanted.query, limit=limit)
        columns = (*wanted.query.fields, "id")
        _show(pages, limit, csv, wanted.warnings, wanted.bounds, columns, ids=ids, as_json=as_json)


@archive_app.command("advanced")
def advanced(
    query: Annotated[Path, typer.Argument(help="File with the query in XML; - is standard input.")],
    limit: Limit = 50,
    ids: Ids = False,
    csv: Csv = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """Search with a query in Mimecast's XML. What Mimecast would silently ignore in it is said."""
    from mailroom.mimecast import archive
    from mailroom.mimecast.archive_query import read_query

    read = read_query(_read(query))
    warnings = [str(warning) for warning in read.warnings]
    if dry_run:
        _show_query([read.text], warnings, "", as_json=as_json)
        return
    with desk.opened() as here:
        pages = archive.search(here.client, read.text, limit=limit)
        _show(pages, limit, csv, warnings, None, (), ids=ids, as_json=as_json)


@archive_app.command("show")
def show(message_id: One, as_json: AsJson = False) -> None:
    """Show one archived mail: addresses, headers, attachments; not its body."""
    from mailroom.mimecast import archive

    with desk.opened() as here:
        message = archive.get_message_detail(here.client, message_id)
    if as_json:
        output.print_json({"message": message.raw})
        return
    people = {name: "; ".join(one.address for one in getattr(message, name)) for name in ("to", "cc", "reply_to")}
    facts = [
        ("from", f"{message.from_header.display_name} <{message.from_header.address}>"),
        ("envelope from", message.from_envelope.address), *people.items(), ("subject", message.subject),
        ("received", message.received_at or "unknown"), ("status", message.status), ("bytes", message.size),
        ("Message-ID", message.message_id),
    ]  # fmt: skip
    facts += [
        (f"attachment {number}", f"{part.name} ({part.size} bytes, {part.mime_type}) {part.sha256} {part.id}")
        for number, part in enumerate(message.attachments, 1)
    ]
    output.table("Archived mail", ("field", "value"), facts, _WIDE)
    output.table("Headers", ("field", "value"), message.headers, _WIDE)


@archive_app.command("eml")
def eml(
    message_id: One,
    to: Annotated[Path, typer.Option("--output", "-o", help="File to write; - is standard output.")] = Path("-"),
    delivered: Annotated[bool, typer.Option(help="As it was delivered, after policies changed it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the source of one archived mail, byte for byte. Never over a file that is there.

    With --json, size and digest are one JSON object: on standard error when the mail itself goes to standard output.
    """
    from mailroom.mimecast import archive

    context: archive.Context = "DELIVERED" if delivered else "RECEIVED"
    with desk.opened() as here:
        if str(to) == "-":
            digest = archive.get_message_part(here.client, message_id, sys.stdout.buffer, context=context)
            sys.stdout.flush()
            tell_written(to, digest.size, digest.sha256, as_json=as_json)
            return
        try:
            with to.open("xb") as stream:
                try:
                    digest = archive.get_message_part(here.client, message_id, stream, context=context)
                except BaseException:
                    to.unlink()  # half a mail would look like a whole one
                    raise
        except OSError as error:
            raise InvalidInputError(f"{to} was not written ({error.strerror}); name another file") from error
    tell_written(to, digest.size, digest.sha256, as_json=as_json)


@archive_app.command("logs")
def logs(
    views: Annotated[bool, typer.Option("--views", help="Who looked at which mail, instead of who searched.")] = False,
    words: Annotated[str, typer.Option("--query", help="Only lines with these words.", show_default=False)] = "",
    time: TimeFrame = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Annotated[int, typer.Option(help="Most lines, the newest.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who searched the archive, or who looked at its mails."""
    from mailroom.mimecast import archive
    from mailroom.mimecast.archive_frames import bounds_of

    read = archive.view_logs if views else archive.search_logs
    with desk.opened() as here:
        frame = _frame(None if start or end else time, start, end)
        bounds = bounds_of(frame, now=here.client.now(), start=start, end=end, zone=zone)
        lines: list[ArchiveLogEntry] = []
        for page in read(here.client, start=bounds.start, end=bounds.end, query=words):
            lines += page[: limit - len(lines)]
            if len(lines) >= limit:
                break
    if as_json:
        output.print_json({"bounds": str(bounds), "lines": [line.raw for line in lines]})
        return
    rows = [(f"{line.at:%Y-%m-%d %H:%M}" if line.at else "", line.who, line.what, line.reason) for line in lines]
    output.table(f"{len(lines)} lines, {bounds}", _LOG_COLUMNS, rows)


def _frame(time: Frame | None, start: str, end: str) -> str:
    return time.value if time else "Custom" if start or end else "Last Hour"


def _read(path: Path) -> str:
    try:
        if str(path) == "-":
            return sys.stdin.read(_LARGEST_QUERY)
        with path.open(encoding="utf-8") as stream:
            return stream.read(_LARGEST_QUERY)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInputError(f"{path} cannot be read ({reason}); name a file with the query in XML") from error


def _show_query(queries: list[str], warnings: list[str], bounds: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"dry_run": True, "queries": queries, "warnings": warnings, "bounds": bounds})
        return
    for query in queries:
        for line in query.replace("><", ">\n<").splitlines():
            output.console.print(output.plain(line, _WIDE))
    _say(warnings)
    output.note(f"a dry run: nothing was searched{f'; {bounds}' if bounds else ''}")


def _show(
    pages: Iterator[list[ArchiveEntry]], limit: int, csv: Path | None, warnings: list[str], bounds: Bounds | None,
    columns: tuple[str, ...], *, ids: bool, as_json: bool,
) -> None:  # fmt: skip
    """Rows are printed page by page, while the rest loads; memory holds one page, or with --json all rows."""
    from mailroom.playbooks.archive_search import FOUND, NONE_FOUND
    from mailroom.tables import CsvFile

    kept: list[dict[str, Any]] = []
    lines = output.Lines(*COLUMNS)
    count = 0
    if not as_json:
        _say(warnings)
    with ExitStack() as stack:
        table = stack.enter_context(CsvFile(csv, dict.fromkeys(columns))) if csv else None
        progress = stack.enter_context(output.progress(as_json))
        for page in pages:
            numbered = list(enumerate(page, count + 1))
            count += len(page)
            rows = [entry.raw for entry in page]
            if table is not None:
                table.add(rows)
            if as_json:
                kept += rows
            else:
                lines.show(_cells(number, entry) for number, entry in numbered)
                for number, entry in numbered if ids else ():
                    output.console.print(output.plain(f"{number} {entry.id}", _WIDE), soft_wrap=True)
            progress("archived mails", count, limit)
    message, span = FOUND if count else NONE_FOUND, str(bounds) if bounds else ""
    if as_json:
        output.print_json({
            "is_success": True, "message": message, "count": count, "limit_reached": count >= limit, "bounds": span,
            "warnings": warnings, "results": kept,
        })  # fmt: skip
        return
    output.console.print(output.plain(message))
    more = "; the limit, there may be more (--limit)" if count >= limit else ""
    output.note(f"{count} mails{more}{f'; searched {span}' if span else ''}{f'; written to {csv}' if csv else ''}")


def _cells(number: int, entry: ArchiveEntry) -> tuple[object, ...]:
    received = f"{entry.received_at:%Y-%m-%d %H:%M}" if entry.received_at else ""
    people = "; ".join(one.address or one.display_name for one in entry.to)
    attachments = "" if entry.attachment_count is None else entry.attachment_count
    return number, received, entry.from_address, people, attachments, entry.subject


def _say(warnings: list[str]) -> None:
    for warning in warnings:
        output.note(f"warning: {warning}")
