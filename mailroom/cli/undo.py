"""`mailroom undo`: what was done and how it can be taken back, and taking one change back."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.changing import DryRun, show, show_preview
from mailroom.cli.options import AsJson
from mailroom.cli.person import account


def undo(
    action: Annotated[
        int | None, typer.Argument(metavar="[ACTION]", help="Number of the action to take back.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """List what was done, newest first; with the number of an action, take it back.

    Without a number nothing is changed. With one it changes the tenant, once, through the ledger like any change.
    """
    if action is None:
        _list(as_json)
        return
    from mailroom.effects.changes import preview_undo
    from mailroom.playbooks import changes

    with desk.opened() as here:
        if dry_run:
            show_preview(preview_undo(here.client, here.store, action), as_json)
            return
        done = changes.undo(here.desk(), action, requested_by=account())
    show(done, as_json)


def _list(as_json: bool) -> None:
    with desk.opened() as here:
        actions = here.store.ledger.undo_list()
    rows = [
        {
            "action": action.id,
            "kind": action.kind,
            "alert": action.alert_id,
            "when": action.settled_at,
            "ends": action.expires_at,
            "undoes": action.undoes_id,
            "reversible": action.reversible,
            "undo": action.undo,
        }
        for action in actions
    ]
    if as_json:
        output.print_json({"actions": rows})
        return
    columns = ("action", "kind", "alert", "when", "ends", "undoes", "reversible", "undo")
    output.table("What was done", columns, [["" if cell is None else cell for cell in r.values()] for r in rows])
