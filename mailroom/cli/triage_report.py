"""`mailroom triage-report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.cli.person import account


def triage_report(
    days: Annotated[int, typer.Option(help="How many days back, by arrival of the mail.", min=1, max=3660)] = 7,
    out: Annotated[Path | None, typer.Option(help="A new HTML file for the whole report.", show_default=False)] = None,
    mail: Annotated[
        list[str] | None, typer.Option("--mail", help="Mail it to this person of ours; as often as you like.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Only this tenant.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Show volumes, verdicts, times, holds that end, and how good the rules are. With --mail sends mail, once a day."""
    from mailroom.playbooks import triage_report as report
    from mailroom.playbooks.known_names import need_tenants
    from mailroom.tables import need_new, write_text

    sent = ""
    if out is not None:
        need_new(out)
    with desk.opened() as here:
        need_tenants(here.store, [tenant])
        numbers = report.gather(here.store, days=days, tenant=tenant)
        if out is not None:
            write_text(out, report.html_page(numbers))
        if mail:
            who = account()
            outcome = report.mail_report(here.store, here.account, here.policy(), numbers, mail, requested_by=who)
            sent = f"mail: {'sent' if outcome.sent_now else outcome.detail or outcome.state}"
            if not outcome.is_sent:
                output.fail(f"the report was not sent: {outcome.detail}")
                raise typer.Exit(Exit.NOT_ALL_APPLIED)
    if as_json:
        output.print_json(numbers.as_dict() | {"file": str(out) if out else None})
        return
    from mailroom.playbooks.triage_report.tables import sections

    output.console.print(output.plain(report.title(numbers)), style="bold")
    for sentence in report.headline(numbers):
        output.console.print(output.plain(sentence))
    for one in sections(numbers):
        output.table(one.title, one.columns, one.rows)
    for said in (f"written: {out}" if out else "", sent):
        if said:
            output.note(said)
