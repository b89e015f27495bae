"""`mailroom retry`."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import acting, desk, output
from mailroom.cli.options import AsJson
from mailroom.playbooks import act, changes
from mailroom.playbooks.retry import reopen_quarantined
from mailroom.playbooks.tenants import own_names
from mailroom.playbooks.triage import triage_alerts


def retry(
    all_owners: Annotated[
        bool, typer.Option("--all-owners", help="Also take over what another machine seems to be sending.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take up everything that was not finished: unknown outcomes, actions and changes not made, quarantine, verdicts.

    Outcomes nobody saw are looked up first; what was applied is never touched.
    """
    with desk.opened() as here:
        looked_up = act.look_up_unknown(here.desk(), all_owners=all_owners)
        taken_up = changes.retry(here.desk())
        reopened = reopen_quarantined(here.store)
        with output.progress(as_json) as progress:
            tenants = own_names(lambda: here.client, here.store)
            report = triage_alerts(here.store, here.policy(), again=True, tenants=tenants, progress=progress)
            results = acting.carry_out(here, report.to_do, progress)
        if not as_json:
            output.note(
                f"{len(looked_up)} unknown outcomes looked up, {len(taken_up)} changes taken up, "
                f"{reopened} quarantined entries reopened"
            )
        acting.show(here, report, results, dry_run=False, as_json=as_json)
    acting.exit_if_not_applied([*results, *(changes.as_action_result(one) for one in taken_up)])
