"""`mailroom case add|remove|merge|unmerge`: what belongs to a case."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.case import Number, Why, case_app, known_template, who
from mailroom.cli.options import AsJson

__all__ = ["case_app"]

Alerts = Annotated[list[int], typer.Argument(help="Numbers of alerts.", metavar="ALERT...")]


@case_app.command("add")
def add(
    case: Number,
    alerts: Alerts,
    keep_closed: Annotated[bool, typer.Option("--keep-closed", help="Do not open a closed case again.")] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Add alerts to a case. Writes the store; twice is harmless."""
    from mailroom.playbooks.cases import link

    with desk.opened() as here:
        template = known_template(here, here.store.cases.get(case).template)
        new = link(here.store, case, alerts, who=who(), why=why, template=template, keep_closed=keep_closed)
    output.tell(
        {"case": case, "added": new}, f"{len(new)} of {len(set(alerts))} alerts are new in case {case}", as_json=as_json
    )


@case_app.command("remove")
def remove(case: Number, alerts: Alerts, why: Why = "", as_json: AsJson = False) -> None:
    """Take alerts out of a case. Writes the store; the wall keeps who had added them."""
    from mailroom.playbooks.cases import unlink

    with desk.opened() as here:
        gone = unlink(here.store, case, alerts, who=who(), why=why)
    output.tell({"case": case, "removed": gone}, f"{len(gone)} alerts were taken out of case {case}", as_json=as_json)


@case_app.command("merge")
def merge(
    case: Number,
    into: Annotated[int, typer.Argument(help="The case that shows both from now on.", min=1)],
    across_tenants: Annotated[bool, typer.Option("--across-tenants", help="Also cases of different tenants.")] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Show a case as a part of another one. Nothing is moved; `case unmerge` takes it back. Writes the store."""
    from mailroom.playbooks.cases import merge as merge_cases

    with desk.opened() as here:
        new = merge_cases(here.store, case, into, who=who(), why=why, across_tenants=across_tenants)
    said = f"case {case} is {'now' if new else 'already'} a part of case {into}"
    output.tell({"case": case, "into": into, "merged": new}, said, as_json=as_json)


@case_app.command("unmerge")
def unmerge(case: Number, why: Why = "", as_json: AsJson = False) -> None:
    """Take a merge back: the case is as it was. Writes the store; twice is harmless."""
    from mailroom.playbooks.cases import unmerge as take_apart

    with desk.opened() as here:
        done = take_apart(here.store, case, who=who(), why=why)
    said = f"case {case} is {'a case of its own again' if done else 'not merged'}"
    output.tell({"case": case, "unmerged": done}, said, as_json=as_json)
