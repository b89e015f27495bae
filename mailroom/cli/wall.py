"""`mailroom wall verify|export`: the append-only history of everything, and the proof that it is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.store.wall_file import Written

wall_app = typer.Typer(help="The history of alerts, cases and actions.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


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

    With a file: its own chain, and that the store still says the same. Whoever can rewrite the whole database can
    forge the store's chain, but not a file that was kept elsewhere.
    """
    if file is None:
        with desk.opened() as here:
            problems = here.store.events.verify()
            number, head = here.store.events.head()
        whole = True
    else:
        number, head, whole, problems = _check(file, alone=alone)
    if as_json:
        output.print_json({"ok": not problems, "events": number, "head": head, "whole": whole, "problems": problems})
    else:
        part = "" if whole else " (a part of the wall: what is missing does not show)"
        output.console.print(output.plain(f"{number} events, head {head or 'none'}{part}", 400))
        for problem in problems:
            output.fail(problem)
        if not problems:
            output.note("the wall is whole")
    if problems:
        raise typer.Exit(Exit.CHECK_FAILED)


@wall_app.command("export")
def export(
    out: Annotated[Path | None, typer.Option(help="A new file.", show_default="the terminal")] = None,
    case: Annotated[int | None, typer.Option(help="Only events of this case.", show_default=False)] = None,
    alert: Annotated[int | None, typer.Option(help="Only events of this alert.", show_default=False)] = None,
    after: Annotated[int, typer.Option(help="Only events after this number.", min=0)] = 0,
) -> None:
    """Write the wall as lines of JSON, with the head of its chain at the end. Reads the store; memory stays flat."""
    from mailroom.store.wall_file import write_wall

    if case is not None and alert is not None:
        raise InvalidInputError("Export the events of a case or of an alert, not of both.")
    with desk.opened() as here:
        ids = [one.id for one in here.store.cases.parts(case)] if case is not None else []

        def write(stream: object) -> Written:
            return write_wall(here.store.events, stream, after_id=after, case_ids=ids, alert_id=alert)  # type: ignore[arg-type]

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
    output.note(f"{written.events} events written; head of the wall: {written.head_id} {written.head_hash}")


def _check(file: Path, *, alone: bool) -> tuple[int, str, bool, list[str]]:
    from mailroom.store.wall_file import check_file

    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            if alone:
                found = check_file(lines)
            else:
                with desk.opened() as here:
                    found = check_file(lines, here.store.events)
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read ({error.strerror}): check the path and its mode.") from error
    return found.events, found.head_hash, found.whole, list(found.problems)
