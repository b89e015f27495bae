"""`mailroom handle-report`: reports of users, from the original to the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.playbooks.reported import ReportResult

_WIDE = 200


def handle_report(
    alert: Annotated[str, typer.Argument(help="Alert of the reporting mail.", show_default=False)] = "",
    every: Annotated[bool, typer.Option("--all", help="All reports of the mailbox that are not handled yet.")] = False,
    shown: Annotated[bool, typer.Option("--list", help="Only show the reports there are.")] = False,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="Send the reporters no mail.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look and judge; write and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Handle mail with which users report phishing: original, verdict, mail like it, case, proposals, thanks, result.

    The tenant is not changed: pulling back and blocking are proposed. The same command goes on where it was stopped,
    and answers the reporters whose mail was decided about meanwhile.
    """
    if sum((bool(alert), every, shown)) != 1:
        raise InvalidInputError("name the alert of one report, or --all, or --list")
    from mailroom.playbooks import reported
    from mailroom.playbooks.tenants import tenant_of

    with desk.opened() as here:
        if shown:
            results = [reported.result_of(one) for one in here.store.user_reports.list(limit=1_000)]
        else:
            table = here.desk()
            office = reported.ReportDesk(
                table, here.account, here.tenant or tenant_of(table.client), answer=not no_answer
            )
            if every:
                with output.progress(as_json) as progress:
                    results = reported.handle_reports(office, dry_run=dry_run, progress=progress)
            else:
                results = [reported.handle_report(office, alert, dry_run=dry_run)]
    _show(results, as_json=as_json, dry_run=dry_run)
    if any(one.state == "failed" for one in results):
        output.fail("not every report could be handled; the same command tries only these again")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def _show(results: list[ReportResult], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        output.print_json({"dry_run": dry_run, "reports": [one.as_json() for one in results]})
        return
    if not results:
        output.note("there is no report")
        return
    rows = [one.row() for one in results]
    output.table("Reports", tuple(rows[0]), [list(row.values()) for row in rows], _WIDE)
    for result in results:
        for mail in result.mails:
            for note in mail.notes:
                output.note(f"alert {result.alert_id}: {note}")
    proposed = [str(one) for result in results for one in result.proposed]
    if proposed:
        output.note(f"proposed, for a person to decide: actions {', '.join(proposed)}")
