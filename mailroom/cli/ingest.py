"""`mailroom ingest held`."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.connectors.held import ingest_held
from mailroom.playbooks.report import INGEST_COLUMNS

ingest_app = typer.Typer(help="Take in what a source holds.", no_args_is_help=True, rich_markup_mode=None)


@ingest_app.callback()
def _sources() -> None:
    """Take in what a source holds."""


@ingest_app.command("held")
def held(
    max_messages: Annotated[int, typer.Option(help="Most messages this time; 0 = no limit.")] = -1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn the hold queue into alerts, each message once. Reads the tenant, changes nothing there."""
    with desk.opened() as here:
        settings = here.held_settings(max_messages=max_messages)
        with output.progress(as_json) as progress:
            report = ingest_held(here.client, here.store, settings, tenant=here.tenant, progress=progress)
    counts = report.counts() | {"waiting": report.waiting, "seconds": round(report.seconds, 2)}
    if as_json:
        output.print_json(counts)
        return
    output.table("Hold queue", INGEST_COLUMNS, [[counts[name] for name in INGEST_COLUMNS]])
