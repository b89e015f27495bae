"""`mailroom url ...`: URLs and domains that are always blocked or permitted."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.changing import Again, DryRun, Ids, Until, change
from mailroom.cli.options import AsJson

_Url = Annotated[str, typer.Argument(help="Web address; with --domain everything on its domain.")]
_Domain = Annotated[bool, typer.Option("--domain", help="Everything on its domain, not only this URL.")]
_Comment = Annotated[str, typer.Option(help="Shown in the console.", show_default=False)]

url_app = typer.Typer(help="URLs that are always blocked or permitted.", no_args_is_help=True, rich_markup_mode=None)


@url_app.callback()
def _url() -> None:
    """URLs and domains that are always blocked or permitted, for everybody. One entry per URL or domain."""


@url_app.command("block")
def block(
    url: _Url, domain: _Domain = False, comment: _Comment = "", until: Until = "", again: Again = "",
    dry_run: DryRun = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Block a URL for everybody, once. Changes the tenant; `mailroom undo` deletes the entry."""
    _create("block", url, domain, comment, until, again, dry_run, as_json)


@url_app.command("permit")
def permit(
    url: _Url, domain: _Domain = False, comment: _Comment = "", until: Until = "", again: Again = "",
    dry_run: DryRun = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Permit a URL for everybody, once. Changes the tenant; `mailroom undo` deletes the entry."""
    _create("permit", url, domain, comment, until, again, dry_run, as_json)


@url_app.command("delete")
def delete(
    url_id: Annotated[str, typer.Argument(metavar="ID", help="As `mailroom url list --ids` shows it.")],
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove an entry. Changes the tenant; `mailroom undo` makes it again, under a new id."""
    change("delete_managed_url", {"url_id": url_id}, again=again, dry_run=dry_run, as_json=as_json)


@url_app.command("list")
def list_urls(ids: Ids = False, as_json: AsJson = False) -> None:
    """List the entries. Reads only."""
    from mailroom.mimecast import url_tools

    with desk.opened() as here:
        found = [one for page in url_tools.list_managed_urls(here.client) for one in page]
    if as_json:
        output.print_json({"managed_urls": [one.raw for one in found]})
        return
    if ids:
        for one in found:
            output.console.print(
                output.plain(f"{one.id}  {one.action} {one.url.replace('http', 'hxxp', 1)}", 5_000), soft_wrap=True
            )
        return
    rows = [(one.action, one.match_type, one.url.replace("http", "hxxp", 1), one.comment) for one in found]
    output.table(f"{len(found)} managed URLs", ("action", "match", "value", "text"), rows)


def _create(
    action: str, url: str, domain: bool, comment: str, until: str, again: str, dry_run: bool, as_json: bool
) -> None:
    wish = {"url": url, "action": action, "match_type": "domain" if domain else "explicit", "comment": comment}
    change("create_managed_url", wish, until=until, again=again, dry_run=dry_run, as_json=as_json)
