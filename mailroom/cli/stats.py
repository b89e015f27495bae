"""`mailroom stats`."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output


def stats(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show what the store holds: alerts, verdicts, actions, what waits, and the last runs."""
    with desk.opened() as here:
        overview = here.store.stats.overview()
    if as_json:
        output.print_json(overview)
        return
    for title, value in overview.items():
        if isinstance(value, dict):
            rows = [[name, number] for name, number in value.items()]
            output.table(title, ("what", "count"), rows)
        else:
            output.console.print(output.plain(f"{title}: {value}"))
