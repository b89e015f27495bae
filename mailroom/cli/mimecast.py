"""`mailroom mimecast ...`: look at what the tenant knows; reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.archive import End, Frame, Start, Zone
from mailroom.cli.options import AsJson
from mailroom.comma_list import comma_list
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.mimecast import MimecastClient

_WIDE = 600

Limit = Annotated[int, typer.Option(help="Stop after so many; 0 = all.", min=0)]
Ids = Annotated[bool, typer.Option("--ids", help="Also show ids.")]
Time = Annotated[Frame, typer.Option("--time", help="Calendar week and month are the last whole ones.")]
Text = Annotated[str, typer.Argument(metavar="[TEXT]", help="Text to look for.", show_default=False)]
Route = Annotated[str, typer.Option(help="inbound, outbound or internal.", show_default="all")]

mimecast_app = typer.Typer(
    help="Look at what the tenant knows; reads only.", no_args_is_help=True, rich_markup_mode=None
)


@mimecast_app.callback()
def _mimecast() -> None:
    """Look at what the tenant knows: messages, held mail, threat logs, incidents, groups, logs. Reads only."""


@contextmanager
def window(time: Frame, start: str, end: str, zone: str) -> Iterator[tuple[MimecastClient, dict[str, Any]]]:
    """The tenant, and `start` and `end` by its clock."""
    from mailroom.mimecast.archive_frames import bounds_of

    if end and not start:
        raise InvalidInputError("--end wants --start as well")
    with desk.opened() as here:
        frame = Frame.CUSTOM if start else time
        bounds = bounds_of(frame.value, now=here.client.now(), start=start, end=end, zone=zone)
        yield here.client, {"start": bounds.start, "end": bounds.end}


def show(
    name: str, walk: Iterable[list[Any]], limit: int, *, as_json: bool, ids: bool = True, columns: tuple[str, ...] = ()
) -> None:
    """Read the pages with progress, then print them."""
    from mailroom.mimecast.rows import as_json as jsonable
    from mailroom.mimecast.rows import as_rows

    found: list[Any] = []
    limit_reached = False
    with output.progress(quiet=as_json) as progress:
        for page in walk:
            found += page
            progress(name, len(found), limit or None)
            if limit and len(found) >= limit:
                limit_reached = True
                break
    found = found[:limit] if limit else found
    if as_json:
        output.print_json({name.replace(" ", "_"): jsonable(found), "limit_reached": limit_reached})
        return
    rows = list(as_rows(found, columns))
    names = [column for column in (rows[0] if rows else {}) if ids or column != "id"]
    more = " (there may be more: --limit)" if limit_reached else ""
    output.table(f"{len(found)} {name}{more}", names, [[row[column] for column in names] for row in rows], _WIDE)


def show_one(title: str, model: object, *, as_json: bool, columns: tuple[str, ...]) -> None:
    """One thing, field by field."""
    from mailroom.mimecast.rows import as_json as jsonable
    from mailroom.mimecast.rows import as_text

    if as_json:
        output.print_json(jsonable(model))
        return
    rows = [(column.removesuffix("_at"), as_text(getattr(model, column))) for column in columns]
    output.table(title, ("field", "value"), rows, _WIDE)


def search_by(field: str, text: str) -> tuple[str, str] | None:
    """A field and its text; None when there is nothing to look for."""
    return (field, text) if text else None


@mimecast_app.command("messages")
def messages(
    sender: Annotated[str, typer.Option("--from", help="Address or exact domain.", show_default=False)] = "",
    recipient: Annotated[str, typer.Option("--to", help="Address or exact domain.", show_default=False)] = "",
    subject: Annotated[str, typer.Option(help="Words of the subject.", show_default=False)] = "",
    sender_ip: Annotated[str, typer.Option(help="Address of the sending server.", show_default=False)] = "",
    url: Annotated[str, typer.Option(help="A link in the message.", show_default=False)] = "",
    message_id: Annotated[str, typer.Option(help="RFC Message-ID, alone.", show_default=False)] = "",
    status: Annotated[str, typer.Option(help="held, rejected, ...; with commas.", show_default="all")] = "",
    route: Route = "",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    ids: Ids = False,
    as_json: AsJson = False,
) -> None:
    """Find messages in message tracking."""
    from mailroom.mimecast import tracking
    from mailroom.mimecast.field_checks import checked_message_id

    options = {"from": sender, "to": recipient, "subject": subject, "senderIP": sender_ip, "url": url}
    with window(time, start, end, zone) as (client, times):
        walk = tracking.search(
            client, **times, status=comma_list(status), route=comma_list(route), options=options,
            message_id=checked_message_id(message_id, "--message-id") if message_id.strip() else None,
            reason="Mailroom command line", on_warning=output.note,
        )  # fmt: skip
        show("messages", walk, limit, as_json=as_json, ids=ids)


@mimecast_app.command("message")
def message(
    tracking_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a tracked message, whole.")],
    as_json: AsJson = False,
) -> None:
    """Show what message tracking knows about one message; not its body."""
    from mailroom.mimecast import tracking

    columns = ("status", "route", "risk", "categories", "spam_score", "from_header", "from_envelope", "recipients",
               "subject", "message_id", "sender_ip", "sent_at", "processed_at", "queue_reason", "queue_detail_status",
               "hold_id", "id")  # fmt: skip
    with desk.opened() as here:
        info = tracking.get_message_info(here.client, tracking_id)
        show_one("Message", info, as_json=as_json, columns=columns)


@mimecast_app.command("held")
def held_list(
    text: Text = "",
    field: Annotated[str, typer.Option("--in", help="all, subject, sender, recipient or reason_code.")] = "all",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    ids: Ids = False,
    as_json: AsJson = False,
) -> None:
    """List what is held, for all recipients."""
    from mailroom.mimecast import held

    with window(time, start, end, zone) as (client, times):
        walk = held.get_hold_message_list(client, **times, search_by=search_by(field, text))
        show("held messages", walk, limit, as_json=as_json, ids=ids)


@mimecast_app.command("summary")
def summary(as_json: AsJson = False) -> None:
    """Count what is held, policy by policy."""
    from mailroom.mimecast import held

    with desk.opened() as here:
        show("policies", [held.get_hold_summary_list(here.client)], 0, as_json=as_json)


@mimecast_app.command("release-log")
def release_log(
    text: Text = "",
    field: Annotated[str, typer.Option("--in", help="all, operator, from, to, subject, info or heldReason.")] = "all",
    status: Annotated[str, typer.Option(help="released or rejected.", show_default="both")] = "",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Who released or rejected held mail."""
    from mailroom.mimecast import held

    with window(time, start, end, zone) as (client, times):
        walk = held.get_held_release_logs(client, **times, search_by=search_by(field, text), status=status or None)
        show("entries", walk, limit, as_json=as_json)


@mimecast_app.command("processing")
def processing(
    text: Text = "",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Mail on its way: being processed, or waiting for its next attempt."""
    from mailroom.mimecast import queues

    with window(time, start, end, zone) as (client, times):
        walk = queues.find_processing_messages(client, **times, search_by=search_by("all", text))
        show("processing messages", walk, limit, as_json=as_json)


@mimecast_app.command("queues")
def email_queues(
    time: Time = Frame.LAST_24_HOURS, start: Start = "", end: End = "", zone: Zone = "UTC", as_json: AsJson = False
) -> None:
    """How long the queues were, inbound and outbound: is mail late?"""
    from mailroom.mimecast import queues

    with window(time, start, end, zone) as (client, times):
        show("queue counts", [queues.get_email_queues(client, **times)], 0, as_json=as_json)


@mimecast_app.command("rejections")
def rejections(
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Mail that was refused at the gateway's door; kept for seven days."""
    from mailroom.mimecast.rejections import get_rejections

    with window(time, start, end, zone) as (client, times):
        show("rejections", get_rejections(client, **times), limit, as_json=as_json)


@mimecast_app.command("reported")
def reported(limit: Limit = 100, as_json: AsJson = False) -> None:
    """What users reported as suspicious (API 2.0 only)."""
    from mailroom.mimecast.reported import reported_emails

    with desk.opened() as here:
        show("reports", reported_emails(here.client), limit, as_json=as_json)
