"""`mailroom hash ...`: files by their SHA-256, seen in the tenant's mail or blocked for everybody."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.changing import Again, DryRun, change
from mailroom.cli.options import AsJson

hash_app = typer.Typer(help="Files by their SHA-256: seen, blocked.", no_args_is_help=True, rich_markup_mode=None)


@hash_app.callback()
def _hash() -> None:
    """Files by their SHA-256: whether they were seen in the tenant's mail, and blocking them for everybody."""


@hash_app.command("search")
def search(
    hashes: Annotated[list[str], typer.Argument(metavar="SHA256...", help="64 hexadecimal digits each.")],
    as_json: AsJson = False,
) -> None:
    """Find out whether files were seen in the tenant's mail. Reads only."""
    from mailroom.mimecast import remediation

    with desk.opened() as here:
        found = remediation.search_hash(here.client, hashes)
    if as_json:
        output.print_json({"detected": found.detected, "failed": list(found.failed)})
        return
    rows = [("seen" if seen else "not seen", name) for name, seen in found.detected.items()]
    rows += [("could not be looked up", name) for name in found.failed]
    output.table("Files", ("state", "SHA-256"), rows)


@hash_app.command("block")
def block(
    file_hash: Annotated[str, typer.Argument(metavar="SHA256", help="64 hexadecimal digits.")],
    description: Annotated[str, typer.Option(help="Kept with the hash.", show_default=False)] = "",
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Block a file for everybody, once. Changes the tenant; removed in the console only."""
    wish = {"file_hash": file_hash, "description": description}
    change("block_file_hash", wish, again=again, dry_run=dry_run, as_json=as_json)
