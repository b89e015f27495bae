"""`mailroom remediate`: pull harmful mail back out of mailboxes, with a preview and a question before anything."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.block_sender import Dry, agreed, need_a_word
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson, Yes
from mailroom.cli.person import account

_WIDE = 300


class LookFor(StrEnum):
    """What the values are."""

    MESSAGE_ID = "message id"
    FILE_HASH = "file hash"
    URL = "url"
    ALERT = "alert"


def remediate(
    values: Annotated[list[str], typer.Argument(help="Alerts, Message-IDs, SHA-256 of files, or URLs.")],
    look_for: Annotated[LookFor, typer.Option(help="What the values are.")] = LookFor.ALERT,
    days_back: Annotated[int, typer.Option(help="How far back.", min=1, max=365)] = 29,
    most_messages: Annotated[int, typer.Option(help="With more delivered copies nothing is done.", min=1)] = 50,
    allow_many: Annotated[bool, typer.Option("--allow-many", help="However many there are.")] = False,
    tell: Annotated[bool, typer.Option("--tell", help="Send the people a notice; it quotes nothing.")] = False,
    follow_minutes: Annotated[float, typer.Option(help="How long to follow.", min=0.01, max=240)] = 15,
    case: Annotated[str, typer.Option(help="Number of the case.", show_default=False)] = "",
    again: Annotated[str, typer.Option(help="A word: pull back what came since.", show_default=False)] = "",
    dry_run: Dry = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Find mail everywhere and pull it back: shows what was found, then asks. Changes the tenant; may send mail.

    Interrupted, the same command goes on with the incidents that were begun, and begins only what is missing.
    """
    need_a_word(dry_run=dry_run, yes=yes, as_json=as_json)
    from mailroom.playbooks import remediate as remediation

    form = remediation.RemediateForm(
        look_for=look_for.value, values=tuple(values), days_back=days_back, most_messages=most_messages,
        allow_many=allow_many, case=case, requested_by=account(), again=again,
    )  # fmt: skip
    told: remediation.NoticeReport | None = None
    with desk.opened() as here:
        table = here.desk()
        plan = remediation.plan_remediation(table, form, tenant=here.tenant)
        if not as_json:
            _table("What would be pulled back", plan.rows())
            for note in plan.notes:
                output.note(note)
        if dry_run:
            if as_json:
                output.print_json({"dry_run": True, "items": plan.rows(), "notes": list(plan.notes)})
            return
        remediation.raise_if_too_many(plan)
        if not yes and not agreed("Pull it back?"):
            output.note("nothing was changed")
            raise typer.Exit(Exit.OK)
        results = remediation.remediate(table, plan, follow_seconds=follow_minutes * 60)
        if tell:
            told = remediation.notify(table, here.account, plan, results, case=case)
    rows = [one.row() for one in results]
    if as_json:
        output.print_json({"dry_run": False, "items": rows, "told": told.sent + told.before if told else 0})
    else:
        _table("What became of it", rows)
        if told:
            output.note(
                f"{told.sent} people told, {told.before} before, {told.left_out} left out, {told.failed} failed"
            )
    if any(not one.is_well for one in results) or (told and not told.is_well):
        output.fail("not everything is done; the same command goes on and begins only what is missing")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        output.table(title, tuple(rows[0]), [list(row.values()) for row in rows], _WIDE)
