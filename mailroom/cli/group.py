"""`mailroom group ...`: members of the groups that policies refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mailroom.cli.changing import Again, DryRun, Until, change
from mailroom.cli.desk import Here
from mailroom.cli.options import AsJson

_Group = Annotated[str, typer.Argument(help="Name or id of the group.")]
_Member = Annotated[str, typer.Argument(help="Full address, or a domain.")]

group_app = typer.Typer(
    help="Members of groups, such as lists of blocked senders.", no_args_is_help=True, rich_markup_mode=None
)


@group_app.callback()
def _group() -> None:
    """Members of groups. `mailroom mimecast groups` and `mailroom mimecast members` show them."""


@group_app.command("add")
def add(
    group: _Group,
    member: _Member,
    notes: Annotated[str, typer.Option(help="Shown beside the member.", show_default=False)] = "",
    until: Until = "",
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take an address or a domain into a group, once. Changes the tenant; `mailroom undo` removes it."""
    _change("add_group_member", group, member, notes, until=until, again=again, dry_run=dry_run, as_json=as_json)


@group_app.command("remove")
def remove(group: _Group, member: _Member, again: Again = "", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take an address or a domain out of a group. Changes the tenant; `mailroom undo` adds it again."""
    _change("remove_group_member", group, member, "", again=again, dry_run=dry_run, as_json=as_json)


def _change(kind: str, group: str, member: str, notes: str, **options: Any) -> None:
    from mailroom.mimecast import groups
    from mailroom.mimecast.group_members import checked_member

    checked_member(member)  # before any call

    def wish(here: Here) -> tuple[Mapping[str, Any], int | None]:
        return {"group_id": groups.group_of(here.client, group), "member": member, "notes": notes}, None

    change(kind, wish, **options)
