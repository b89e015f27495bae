"""`mailroom label`: what a mail really was. Rules are measured by it."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.cli.person import account
from mailroom.store.labels import PERSON


def label(
    alert: Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")],
    what: Annotated[str, typer.Argument(metavar="LABEL", help="malicious, suspicious, spam, graymail or wanted.")],
    why: Annotated[str, typer.Option(help="How you know it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say what the mail of an alert really was. Writes the store; twice is harmless.

    `suspicious` means unwanted, harm not proven. Releasing, rejecting and `mailroom overturn` label by themselves; what
    you say here outweighs them.
    """
    with desk.opened() as here:
        found = here.store.alerts.find_one(alert)
        before = here.store.labels.current(found.id)
        changed = here.store.labels.record(found.id, what, source=PERSON, who=account(), why=why)
    if as_json:
        output.print_json({
            "alert": found.id, "label": what, "before": before.label if before else None, "changed": changed,
        })  # fmt: skip
        return
    was = f", before: {before.label} ({before.source})" if before else ""
    said = f"alert {found.id} is labelled {what}{was}" if changed else f"alert {found.id} is labelled {what} already"
    output.console.print(output.plain(said))
