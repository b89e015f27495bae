"""`mailroom ingest held` and `mailroom ingest mailbox`."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.mailbox import mailbox
from mailroom.cli.options import AsJson
from mailroom.cli.tracked import tracked

ingest_app = typer.Typer(help="Take in what a source holds.", no_args_is_help=True, rich_markup_mode=None)
ingest_app.command("mailbox")(mailbox)
ingest_app.command("tracked")(tracked)


@ingest_app.callback()
def _sources() -> None:
    """Take in what a source holds."""


@ingest_app.command("held")
def held(
    max_messages: Annotated[int, typer.Option(help="Most messages this time; 0 = no limit.", min=-1)] = -1,
    then_triage: Annotated[
        bool, typer.Option("--then-triage", help="Then decide and act, as `mailroom triage` does: the whole playbook.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn the hold queue into alerts, each message once. By itself it changes nothing in the tenant."""
    from mailroom.cli.triage import decide_and_act
    from mailroom.connectors.held import ingest_held
    from mailroom.playbooks.report import INGEST_COLUMNS

    with desk.opened() as here:  # one desk for both steps: to open a store takes longer than to find nothing new
        settings = here.held_settings(max_messages=max_messages)
        with output.progress(as_json) as progress:
            report = ingest_held(here.client, here.store, settings, tenant=here.tenant, progress=progress)
        if report.alerted:
            from mailroom.playbooks.campaigns import group_new  # an idle cycle does without

            group_new(here.store)
        counts = report.counts() | {"waiting": report.waiting, "seconds": round(report.seconds, 2)}
        if not as_json:
            output.table("Hold queue", INGEST_COLUMNS, [[counts[name] for name in INGEST_COLUMNS]])
        elif not then_triage:
            output.print_json(counts)
        if then_triage:
            decide_and_act(here, dry_run=False, as_json=as_json, ingested=counts)
