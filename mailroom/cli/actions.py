"""`mailroom actions ...`: the ledger by state, and saying what became of an action that nobody saw."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.known_word import known_word
from mailroom.cli.options import AsJson
from mailroom.cli.person import account

actions_app = typer.Typer(
    help="What was, is and could not be done to the tenant.", no_args_is_help=True, rich_markup_mode=None
)
_COLUMNS = ("action", "kind", "state", "alert", "by", "tries", "when", "detail")


@actions_app.command("list")
def list_actions(
    state: Annotated[
        str, typer.Option(help="proposed, intended, sending, unknown, applied, failed, ...; all when left out.")
    ] = "",
    kind: Annotated[str, typer.Option(help="release, reject, block_sender, ...; all when left out.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most actions, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the ledger, newest first. Needs no tenant and no Prefect."""
    from mailroom.store.actions import STATES

    known_word(state, STATES, "--state")
    with desk.opened() as here:
        found = here.store.ledger.list(state=state or None, kind=kind or None, limit=limit)
    rows = [
        {
            "action": one.id,
            "kind": one.kind,
            "state": one.state,
            "alert": one.alert_id,
            "by": one.requested_by,
            "tries": one.attempt,
            "when": one.updated_at,
            "detail": one.detail,
        }
        for one in found
    ]
    if as_json:
        output.print_json({"actions": rows})
        return
    output.table("Actions", _COLUMNS, [["" if cell is None else cell for cell in row.values()] for row in rows])


@actions_app.command("settle")
def settle(
    action: Annotated[int, typer.Argument(help="Number of the action.")],
    applied: Annotated[bool, typer.Option("--applied/--not-applied", help="What you know.", show_default=False)],
    why: Annotated[str, typer.Option(help="How you know it, for the history.")],
    as_json: AsJson = False,
) -> None:
    """Say whether an unknown action happened, where no look-up shows it. The ledger and the history keep who said it.

    After --not-applied, `mailroom retry` carries it out again: be sure.
    """
    from mailroom.playbooks.settle_action import settle_action

    with desk.opened() as here:
        settled = settle_action(here.store, action, applied=applied, why=why, who=account())
    if as_json:
        output.print_json({"action": settled.id, "state": settled.state, "detail": settled.detail})
    else:
        output.note(f"action {settled.id} ({settled.kind}) is {settled.state}: {settled.detail}")
