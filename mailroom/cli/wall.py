"""`mailroom wall verify|export`: the append-only history of everything, and the proof that it is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.store.wall_file import FileCheck, Written

wall_app = typer.Typer(help="The history of alerts, cases and actions.", no_args_is_help=True, rich_markup_mode=None)


@wall_app.callback()
def _wall() -> None:
    """The history of alerts, cases and actions: append-only, chained by hash."""


@wall_app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(help="An exported wall.", show_default="the store's wall")] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Check the file without comparing it with the store.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check that no event was changed, left out or cut off. Reads; exit code 9 when something is wrong.

    With a file: its own chain, and that the store has each of its events as the file has it. Whoever can rewrite the
    whole database can forge the store's chain, but not a file that was kept elsewhere. The output says what is proven:
    a part of the wall does not show what is missing, and alone it shows damage only, no forgery.
    """
    if file is None:
        with desk.opened() as here:
            problems = here.store.events.verify()
            number, head = here.store.events.head()
        whole, proves = True, "the wall is whole"
    else:
        found = _check(file, alone=alone)
        number, head, whole, problems = found.events, found.head_hash, found.whole, list(found.problems)
        proves = found.proves
    if as_json:
        output.print_json({
            "ok": not problems, "events": number, "head": head, "whole": whole, "problems": problems,
            "proves": "" if problems else proves,
        })  # fmt: skip
    else:
        part = "" if whole else " (a part of the wall: what is missing does not show)"
        output.console.print(output.plain(f"{number} events, head {head or 'none'}{part}", 400))
        for problem in problems:
            output.fail(problem)
        if not problems:
            output.note(proves)
    if problems:
        raise typer.Exit(Exit.CHECK_FAILED)


@wall_app.command("export")
def export(
    out: Annotated[Path | None, typer.Option(help="A new file.", show_default="the terminal")] = None,
    case: Annotated[int | None, typer.Option(help="Only events of this case.", show_default=False)] = None,
    alert: Annotated[int | None, typer.Option(help="Only events of this alert.", show_default=False)] = None,
    after: Annotated[int, typer.Option(help="Only events after this number.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Write the wall as lines of JSON, with the head of its chain at the end. Reads the store; memory stays flat.

    With --json, the number of events and the head are one JSON object too: on standard error when the wall itself goes
    to the terminal.
    """
    from mailroom.store.wall_file import write_wall

    if case is not None and alert is not None:
        raise InvalidInputError("Export the events of a case or of an alert, not of both.")
    with desk.opened() as here:
        ids = [one.id for one in here.store.cases.parts(case)] if case is not None else []

        def write(stream: TextIO) -> Written:
            return write_wall(here.store.events, stream, after_id=after, case_ids=ids, alert_id=alert)

        if out is None:
            written = write(sys.stdout)
            sys.stdout.flush()
        else:
            try:
                with out.open("x", encoding="ascii") as stream:
                    out.chmod(0o600)
                    written = write(stream)
            except OSError as error:
                raise InvalidInputError(f"{out} cannot be written ({error.strerror}): name a new file.") from error
    output.tell(
        {"events": written.events, "head_id": written.head_id, "head": written.head_hash, "path": str(out or "-")},
        f"{written.events} events written; head of the wall: {written.head_id} {written.head_hash}",
        as_json=as_json, beside=out is None,
    )  # fmt: skip


def _check(file: Path, *, alone: bool) -> FileCheck:
    from mailroom.store.wall_file import check_file

    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            if alone:
                return check_file(lines)
            with desk.opened() as here:
                return check_file(lines, here.store.events)
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read ({error.strerror}): check the path and its mode.") from error
