"""`mailroom`: the playbooks from a terminal, with or without Prefect.

Exit codes: 0 done, 1 unforeseen, 2 wrong arguments or settings, 3 no access, 4 try again later, 5 another worker is
busy, 6 not every action was applied, 7 the store cannot be used, 8 not found, 9 a check failed,
10 a safety rail said no, 11 somebody else has to approve it.
"""

from __future__ import annotations

import logging
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Annotated

import typer

import mailroom
from mailroom.bulk_work import collect_seldom
from mailroom.cli import desk, output
from mailroom.cli.commands import Root
from mailroom.cli.exits import Exit, exit_for
from mailroom.errors import MailroomError
from mailroom.redact import guard_logging

app = typer.Typer(
    name="mailroom",
    cls=Root,
    help="Mail-security playbooks: held messages and mailboxes become alerts; people are asked by mail.",
    epilog="Exit codes: 0 done · 1 unforeseen · 2 wrong arguments or settings · 3 no access · 4 try again later · "
    "5 another worker is busy · 6 not every action was applied · 7 the store cannot be used · 8 not found · "
    "9 a check failed · 10 a safety rail said no · 11 somebody else has to approve it",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        folder = Path(mailroom.__file__).parent / "mail" / "parse"  # to look there is quicker than to import it
        compiled = any((folder / f"_fast{suffix}").exists() for suffix in EXTENSION_SUFFIXES)
        typer.echo(f"mailroom {mailroom.__version__}")
        typer.echo(f"usual mail is read in {'C' if compiled else 'Python: nothing was compiled, see README'}", err=True)
        raise typer.Exit


@app.callback()
def options(
    home: Annotated[
        Path | None, typer.Option(help="Folder with mailroom.toml, the database and the blobs.", show_default=False)
    ] = None,
    blocks: Annotated[
        str, typer.Option(help="Take credentials, store and policy from the Prefect blocks of this name.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the library logs.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options that every command understands."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(message)s"
    )
    guard_logging("mailroom")
    desk.choose(home=home, blocks=blocks)


def run() -> None:
    """Entry point: errors become one sentence and an exit code."""
    collect_seldom()
    try:
        app(standalone_mode=True)
    except MailroomError as error:
        from mailroom.rulelang.yaml_source import RuleError

        for line in error.lines if isinstance(error, RuleError) else (str(error),):
            output.fail(line)
        sys.exit(exit_for(error))
    except KeyboardInterrupt:
        output.fail("stopped; what was done is kept, and the same command goes on from there")
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    run()
