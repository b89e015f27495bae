"""`mailroom stats`."""

from __future__ import annotations

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson

_SOURCE = ("id", "tenant", "connector", "name", "cursor")


def stats(as_json: AsJson = False) -> None:
    """Show what the store holds: alerts, verdicts, actions, what waits, and the last runs."""
    with desk.opened() as here:
        overview = here.store.stats.overview()
    if as_json:
        output.print_json(overview)
        return
    for title, value in overview.items():
        if isinstance(value, list):
            rows = [["" if row[name] is None else row[name] for name in _SOURCE] for row in value]
            output.table(title, _SOURCE, rows)
        elif isinstance(value, dict):
            output.table(title, ("what", "count"), [[name, _said(number)] for name, number in value.items()])
        else:
            output.console.print(output.plain(f"{title}: {value}"))


def _said(number: int | dict[str, int]) -> str:
    return str(number) if isinstance(number, int) else ", ".join(f"{many} {state}" for state, many in number.items())
