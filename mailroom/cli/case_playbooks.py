"""`mailroom case playbooks|start|run-playbooks`: what templates and rules want started, without Prefect too."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.case import Why, who
from mailroom.cli.case_parts import case_app
from mailroom.cli.exits import Exit
from mailroom.cli.known_word import known_word
from mailroom.cli.options import AsJson

__all__ = ["case_app"]

_WIDE = 400


@case_app.command("playbooks")
def playbooks(
    case: Annotated[int | None, typer.Option(help="Only those of this case.", show_default=False)] = None,
    state: Annotated[str, typer.Option(help="Only those in this state.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="Most shown, the newest.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List playbooks that are offered, wanted, started or over. Reads the store."""
    from mailroom.store.playbook_runs import STATES

    known_word(state, STATES, "--state")
    with desk.opened() as here:
        ids = [one.id for one in here.store.cases.parts(case)] if case is not None else None
        found = here.store.playbook_runs.list(case_ids=ids, state=state, limit=limit)
    columns = ("id", "playbook", "state", "case_id", "alert_id", "requested_by", "flow_run_id", "detail")
    rows = [{name: getattr(one, name) for name in columns} | {"result": one.result} for one in found]
    if as_json:
        output.print_json({"playbooks": rows})
    else:
        cells = [["" if row[name] is None else row[name] for name in columns] for row in rows]
        output.table("Playbooks", columns, cells, _WIDE)


@case_app.command("start")
def start(
    run: Annotated[int, typer.Argument(help="Number from `mailroom case playbooks`.", metavar="RUN", min=1)],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Want a playbook that was offered, or once more one that failed. Writes the store; twice is harmless."""
    from mailroom.playbooks.playbook_runs import accept

    with desk.opened() as here:
        found = accept(here.store, run, who=who(), why=why)
    said = f"{found.playbook} is {found.state}; `mailroom case run-playbooks` starts it, or Prefect does"
    values = {"run": found.id, "playbook": found.playbook, "state": found.state, "case": found.case_id}
    output.tell(values, said, as_json=as_json)


@case_app.command("run-playbooks")
def run_playbooks(
    runs: Annotated[
        list[int] | None, typer.Argument(help="Only these.", metavar="[RUN]...", show_default=False)
    ] = None,
    tenant: Annotated[
        list[str] | None, typer.Option(help="Only those of this tenant; may be repeated.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Carry out wanted playbooks here, without Prefect. What Prefect has started is left alone; twice is harmless."""
    from mailroom.playbooks.known_names import need_tenants
    from mailroom.playbooks.known_playbooks import Workplace
    from mailroom.playbooks.playbook_runs import run_in_place

    with desk.opened() as here:
        need_tenants(here.store, tenant or ())
        mailbox = (lambda: here.account) if here.has_mailbox else None
        place = Workplace(here.store, here.desk, mailbox)
        rows = [
            one.row() for one in run_in_place(place, run_ids=tuple(runs or ()), tenants=tuple(tenant or ()), who=who())
        ]
    if as_json:
        output.print_json({"playbooks": rows})
    elif rows:
        output.table("Playbooks", tuple(rows[0]), [list(row.values()) for row in rows], _WIDE)
    else:
        output.note("no playbook is wanted")
    if any(row["outcome"] in {"failed", "waiting"} for row in rows):
        output.fail("not every playbook came to an end; `mailroom case start RUN` wants one once more")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)
