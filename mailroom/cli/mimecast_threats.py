"""`mailroom mimecast ...`, continued: links, threat logs, incidents, groups and the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.archive import End, Frame, Start, Zone
from mailroom.cli.exits import Exit
from mailroom.cli.mimecast import (
    Ids,
    Limit,
    Route,
    Text,
    Time,
    mimecast_app,
    search_by,
    show,
    show_one,
    window,
)
from mailroom.cli.options import AsJson
from mailroom.comma_list import comma_list

if TYPE_CHECKING:
    from mailroom.mimecast.incident import Incident

__all__ = ["mimecast_app"]


@mimecast_app.command("decode-url")
def decode_url(url: Annotated[str, typer.Argument(help="The rewritten link, whole.")], as_json: AsJson = False) -> None:
    """Where a link that Mimecast rewrote really leads; nothing is opened. Exit code 8 when it was never rewritten."""
    from mailroom.mimecast import url_tools

    with desk.opened() as here:
        decoded = url_tools.decode_url(here.client, url)
    if as_json:
        output.print_json({"url": decoded.url, "success": decoded.success})
    elif decoded.success:
        output.console.print(output.plain(decoded.url.replace("http", "hxxp", 1), 8_192))
    else:
        output.fail("not a link that Mimecast rewrote")
    if not decoded.success:
        raise typer.Exit(Exit.NOT_FOUND)


@mimecast_app.command("ttp-url")
def ttp_url(
    result: Annotated[str, typer.Option(help="clean or malicious.", show_default="all")] = "all",
    route: Route = "all",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Who clicked which link."""
    from mailroom.mimecast import ttp_logs

    with window(time, start, end, zone) as (client, times):
        walk = ttp_logs.url_logs(client, **times, scan_result=result, route=route)
        show("clicks", walk, limit, as_json=as_json)


@mimecast_app.command("ttp-attachment")
def ttp_attachment(
    result: Annotated[str, typer.Option(help="safe, malicious, timeout, ...", show_default="all")] = "all",
    route: Route = "all",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Which attachments were scanned, and what was found in them."""
    from mailroom.mimecast import ttp_logs

    with window(time, start, end, zone) as (client, times):
        walk = ttp_logs.attachment_logs(client, **times, result=result, route=route)
        show("scans", walk, limit, as_json=as_json)


@mimecast_app.command("ttp-impersonation")
def ttp_impersonation(
    text: Text = "",
    field: Annotated[
        str, typer.Option("--in", help="all, senderAddress, recipientAddress, subject or policy.")
    ] = "all",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Which mails pretended to be from somebody."""
    from mailroom.mimecast import ttp_logs

    with window(time, start, end, zone) as (client, times):
        walk = ttp_logs.impersonation_logs(client, **times, search_by=search_by(field, text))
        show("impersonations", walk, limit, as_json=as_json)


@mimecast_app.command("incidents")
def incidents(
    text: Text = "",
    field: Annotated[str, typer.Option("--in", help="all, code, file_hash or reason.")] = "all",
    kind: Annotated[str, typer.Option("--type", help="automatic, manual, notify_only or restored.")] = "",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    ids: Ids = False,
    as_json: AsJson = False,
) -> None:
    """Find remediation incidents; a text or a type must be given."""
    from mailroom.mimecast import remediation

    with window(time, start, end, zone) as (client, times):
        walk = remediation.find_incidents(client, **times, search_by=search_by(field, text), kind=kind)
        show("incidents", walk, limit, as_json=as_json, ids=ids)


@mimecast_app.command("incident")
def incident(
    name: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or its code (TR-...).")],
    follow: Annotated[bool, typer.Option("--follow", help="Look until every copy is handled.")] = False,
    minutes: Annotated[float, typer.Option(help="With --follow: at most so long.", min=0.01, max=1_440)] = 15.0,
    as_json: AsJson = False,
) -> None:
    """How far the removal of mail from mailboxes is. Exit code 4 when --follow ran out of time."""
    from mailroom.mimecast import remediation

    finished = True
    with desk.opened() as here:
        found = remediation.incident_of(here.client, name)
        if follow:
            with output.progress(quiet=as_json) as progress:
                followed = remediation.follow_incident(
                    here.client, found.id, on_progress=_handled(progress), deadline=minutes * 60
                )
            found, finished = followed.incident, followed.finished
    columns = ("code", "type", "reason", "identified", "successful", "failed", "restored", "created_at", "modified_at",
               "file_hash", "message_id", "id")  # fmt: skip
    show_one("Incident", found, as_json=as_json, columns=columns)
    if not finished:
        output.note(f"not finished after {minutes:g} minutes; the same command looks again")
        raise typer.Exit(Exit.TRY_AGAIN)


def _handled(progress: Callable[[str, int, int | None], None]) -> Callable[[Incident], None]:
    return lambda now: progress("pulled back or failed", now.successful + now.failed, now.identified or None)


@mimecast_app.command("groups")
def groups(
    text: Text = "",
    source: Annotated[str, typer.Option(help="cloud or ldap.", show_default="both")] = "",
    limit: Limit = 100,
    ids: Ids = False,
    as_json: AsJson = False,
) -> None:
    """Find groups by a part of their name."""
    from mailroom.mimecast.groups import find_groups

    with desk.opened() as here:
        show("groups", find_groups(here.client, text, source=source), limit, as_json=as_json, ids=ids)


@mimecast_app.command("members")
def members(
    group: Annotated[str, typer.Argument(help="Its id, or its exact name.")],
    limit: Limit = 0,
    as_json: AsJson = False,
) -> None:
    """Who is in a group; never cut at 999."""
    from mailroom.mimecast.groups import group_members, group_of

    with desk.opened() as here:
        show("members", group_members(here.client, group_of(here.client, group)), limit, as_json=as_json)


@mimecast_app.command("audit")
def audit(
    text: Text = "",
    categories: Annotated[str, typer.Option(help="Names, with commas.", show_default="all")] = "",
    time: Time = Frame.LAST_24_HOURS,
    start: Start = "",
    end: End = "",
    zone: Zone = "UTC",
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """What administrators and API applications did in the tenant; kept for 60 days."""
    from mailroom.mimecast.audit import audit_events

    with window(time, start, end, zone) as (client, times):
        walk = audit_events(client, **times, query=text, categories=comma_list(categories), on_warning=output.note)
        show("events", walk, limit, as_json=as_json)


@mimecast_app.command("managed-urls")
def managed_urls(limit: Limit = 0, ids: Ids = False, as_json: AsJson = False) -> None:
    """URLs and domains that are always blocked or permitted."""
    from mailroom.mimecast.url_tools import list_managed_urls

    with desk.opened() as here:
        show("managed urls", list_managed_urls(here.client), limit, as_json=as_json, ids=ids)


@mimecast_app.command("policies")
def policies(text: Text = "", limit: Limit = 0, ids: Ids = False, as_json: AsJson = False) -> None:
    """Policies that block senders, or let them through."""
    from mailroom.mimecast.policies import list_policies
    from mailroom.mimecast.rows import mentions

    with desk.opened() as here:
        found = [policy for policy in list_policies(here.client) if mentions(policy, text)]
        show("policies", [found], limit, as_json=as_json, ids=ids)
