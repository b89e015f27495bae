"""`mailroom triage`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson


def triage(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide and show, but write nothing and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Decide about every open alert and carry out what the policy lets happen by itself.

    What became of actions whose outcome nobody saw is looked up first. Exit code 6 when an action was not applied;
    `mailroom retry` takes it up.
    """
    with desk.opened() as here:
        decide_and_act(here, dry_run=dry_run, as_json=as_json, ingested={})


def decide_and_act(here: desk.Here, *, dry_run: bool, as_json: bool, ingested: Mapping[str, Any]) -> None:
    """The triage command; `ingested` are counts of an ingest before it, shown with its own."""
    from mailroom.cli import acting
    from mailroom.effects.kinds import KINDS
    from mailroom.playbooks.tenants import own_names
    from mailroom.playbooks.triage import triage_alerts

    policy = here.policy()
    with output.progress(as_json) as progress:
        if not dry_run and here.store.ledger.open_effects(kinds=KINDS, limit=1):
            from mailroom.playbooks import act  # an idle cycle does without

            act.look_up_unknown(here.desk())
        tenants = own_names(lambda: here.client, here.store)
        report = triage_alerts(here.store, policy, dry_run=dry_run, tenants=tenants, progress=progress)
        results = [] if dry_run else acting.carry_out(here, report.to_do, progress)
    acting.show(here, report, results, dry_run=dry_run, as_json=as_json, ingested=ingested)
    acting.exit_if_not_applied(results)
