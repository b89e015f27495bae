"""`mailroom ingest tracked`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.connectors.tracked import Preview, TrackedReport

COLUMNS = ("fetched", "alerted", "duplicate", "filtered", "quarantined", "gone", "waiting", "seconds")


def tracked(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched and what would become of it; store nothing.")
    ] = False,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Take the whole backlog at once, without limit on number and time.")
    ] = False,
    domains: Annotated[str, typer.Option(help="Domains to query, separated by commas.", show_default=False)] = "",
    max_messages: Annotated[
        int, typer.Option(help="Most messages this time; 0 = no limit.", show_default=False, min=-1)
    ] = -1,
    as_json: AsJson = False,
) -> None:
    """Turn tracked messages into alerts, each once. What to fetch stands in [tracked] of mailroom.toml."""
    from mailroom.connectors.tracked import ingest_tracked, preview_tracked  # other commands do without

    if dry_run and catch_up:
        raise InvalidInputError("--dry-run only looks and --catch-up takes everything: choose one")
    with desk.opened() as here:
        form = here.settings.tracked
        given: dict[str, Any] = {"domains": domains} if domains else {}
        if max_messages >= 0:
            given["max_messages"] = max_messages
        settings = dataclasses.replace(form, **given).settings()
        if dry_run:
            _show_preview(preview_tracked(here.client, here.store, settings, tenant=form.tenant), as_json=as_json)
            return
        with output.progress(as_json) as progress:
            report = ingest_tracked(
                here.client, here.store, settings, tenant=form.tenant, catch_up=catch_up, progress=progress
            )
        if report.alerted:
            from mailroom.playbooks.campaigns import group_new  # an idle cycle does without

            group_new(here.store)
    _show(report, as_json=as_json)


def _show(report: TrackedReport, *, as_json: bool) -> None:
    if as_json:
        output.print_json(report.kept() | {"seconds": round(report.seconds, 2)})
        return
    counts = report.counts() | {"waiting": report.waiting, "seconds": round(report.seconds, 2)}
    output.table("Message tracking", COLUMNS, [[counts[name] for name in COLUMNS]])
    if report.gap is not None:
        since, to = report.gap
        output.note(f"no cycle had run from {since:%Y-%m-%d %H:%M} to {to:%Y-%m-%d %H:%M} UTC; that time was caught up")
    for warning in report.warnings:
        output.note(warning)
    for name, number in report.unknown.most_common():
        output.note(f"{number} messages with {name}, which this version does not know; they were kept")
    if report.waiting:
        output.note(f"{report.waiting} messages wait for the next cycle; --catch-up takes them all at once")


def _show_preview(rows: list[Preview], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"would_fetch": len(rows), "messages": [dataclasses.asdict(row) for row in rows]})
        return
    cells = [
        (
            f"{row.received_at:%Y-%m-%d %H:%M}" if row.received_at else "",
            row.status,
            row.sender,
            row.recipients,
            row.subject,
            row.outcome,
            row.reason,
        )
        for row in rows
    ]
    columns = ("received (UTC)", "status", "sender", "recipients", "subject", "would be", "why")
    output.table(f"{len(rows)} messages would be fetched; nothing was changed", columns, cells)
