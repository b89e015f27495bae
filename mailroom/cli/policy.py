"""`mailroom policy ...`: blocked-sender policies, for everybody and for whole domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.changing import Again, DryRun, Ids, change
from mailroom.cli.desk import Here
from mailroom.cli.options import AsJson

_TYPES = "Everyone, Email Address, Email Domain, Header Display Name, Internal Addresses or External Addresses."
_Id = Annotated[str, typer.Argument(metavar="POLICY", help="Its id, whole, as `mailroom policy list --ids` shows it.")]
_Response = Annotated[str, typer.Option(help='"Block Sender" refuses the mail, "No Action" exempts it.')]
_Extracted = Annotated[str, typer.Option(help="Which sender counts: Both, From Envelope or From Headers.")]
_Sender = Annotated[str, typer.Option("--from", help="Who writes; needed for addresses, domains and names.")]
_SenderType = Annotated[str, typer.Option("--from-type", help=_TYPES)]
_Recipient = Annotated[str, typer.Option("--to", help="Who is written to; needed likewise.")]
_RecipientType = Annotated[str, typer.Option("--to-type", help=_TYPES)]
_Comment = Annotated[str, typer.Option(help="Kept with the policy.")]
_Bidirectional = Annotated[
    bool, typer.Option(help="Also stop mail from these recipients to the sender: our people cannot write there either.")
]
_Enforced = Annotated[bool, typer.Option(help="Comes before policies that are more specific.")]
_Start = Annotated[str, typer.Option("--start", help="ISO 8601, e.g. 2025-03-07T16:03:00Z; empty: at once.")]
_End = Annotated[str, typer.Option("--end", help="ISO 8601; empty: for ever.")]

policy_app = typer.Typer(
    help="Blocked-sender policies: list, show, create, update, delete.", no_args_is_help=True, rich_markup_mode=None
)


@policy_app.callback()
def _policy() -> None:
    """Policies that refuse mail of senders, or exempt it. Those that do the same are recognised, not made twice."""


@policy_app.command("create")
def create(
    description: Annotated[str, typer.Argument(help="Shown in the console.")],
    sender: _Sender = "",
    sender_type: _SenderType = "Email Domain",
    recipient: _Recipient = "",
    recipient_type: _RecipientType = "Email Domain",
    response: _Response = "Block Sender",
    extracted_data: _Extracted = "Both",
    comment: _Comment = "",
    bidirectional: _Bidirectional = False,
    enforced: _Enforced = False,
    start: _Start = "",
    end: _End = "",
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a policy, once. Everything is checked before any call.

    Changes the tenant, when somebody else has approved it; `mailroom undo` deletes it.
    """
    wish = {
        "description": description, "sender": sender, "sender_type": sender_type, "recipient": recipient,
        "recipient_type": recipient_type, "response": response, "extracted_data": extracted_data, "comment": comment,
        "bidirectional": bidirectional, "enforced": enforced, "start_time": start, "end_time": end,
    }  # fmt: skip
    change("create_block_sender_policy", wish, again=again, dry_run=dry_run, as_json=as_json)


@policy_app.command("update")
def update(
    policy_id: _Id,
    description: Annotated[str | None, typer.Option(help="Shown in the console.", show_default=False)] = None,
    sender: Annotated[str | None, typer.Option("--from", show_default=False)] = None,
    sender_type: Annotated[str | None, typer.Option("--from-type", help=_TYPES, show_default=False)] = None,
    recipient: Annotated[str | None, typer.Option("--to", show_default=False)] = None,
    recipient_type: Annotated[str | None, typer.Option("--to-type", help=_TYPES, show_default=False)] = None,
    response: Annotated[str | None, typer.Option(show_default=False)] = None,
    extracted_data: Annotated[str | None, typer.Option(show_default=False)] = None,
    comment: Annotated[str | None, typer.Option(show_default=False)] = None,
    bidirectional: Annotated[bool | None, typer.Option("--bidirectional/--one-way", show_default=False)] = None,
    enforced: Annotated[bool | None, typer.Option("--enforced/--not-enforced", show_default=False)] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", show_default=False)] = None,
    start: Annotated[str | None, typer.Option("--start", help="Empty text: at once.", show_default=False)] = None,
    end: Annotated[str | None, typer.Option("--end", help="Empty text: for ever.", show_default=False)] = None,
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Change what a policy says; what is not given stays.

    Changes the tenant, when somebody else has approved it; `mailroom undo` writes it back.
    """
    from mailroom.playbooks import changes

    given = {
        "description": description, "sender": sender, "sender_type": sender_type, "recipient": recipient,
        "recipient_type": recipient_type, "response": response, "extracted_data": extracted_data, "comment": comment,
        "bidirectional": bidirectional, "enforced": enforced, "enabled": enabled, "start_time": start, "end_time": end,
    }  # fmt: skip

    def wish(here: Here) -> tuple[Mapping[str, Any], int | None]:
        return changes.policy_with(here.client, policy_id, given), None

    change("update_block_sender_policy", wish, again=again, dry_run=dry_run, as_json=as_json)


@policy_app.command("delete")
def delete(policy_id: _Id, again: Again = "", dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Delete a policy; `mailroom undo` makes it again, under a new id.

    Changes the tenant, when somebody else has approved it.
    """
    change("delete_block_sender_policy", {"policy_id": policy_id}, again=again, dry_run=dry_run, as_json=as_json)


@policy_app.command("list")
def list_policies(
    text: Annotated[str, typer.Argument(help="Only those with this text in them.", show_default=False)] = "",
    ids: Ids = False,
    as_json: AsJson = False,
) -> None:
    """List the policies. Reads only."""
    from mailroom.mimecast import policies

    unreadable: list[str] = []
    with desk.opened() as here:
        known = policies.list_policies(here.client, on_unreadable=lambda _raw, error: unreadable.append(str(error)))
    wanted = text.strip().lower()
    found = [one for one in known if wanted in f"{one.title} {one.description} {one.comment}".lower()]
    if unreadable:
        output.note(f"{len(unreadable)} entries cannot be read: {unreadable[0]}")
    if as_json:
        output.print_json({"policies": [one.as_json() for one in found]})
        return
    if ids:
        for one in found:
            output.console.print(output.plain(f"{one.id}  {one.title}", 5_000), soft_wrap=True)
        return
    columns = ("does", "who -> whom", "sender of", "enabled", "ends", "text")
    rows = [
        (one.option, one.title, one.from_part, "yes" if one.enabled else "no", one.end or "never", one.description)
        for one in found
    ]
    output.table(f"{len(found)} policies", columns, rows)


@policy_app.command("show")
def show(policy_id: _Id, as_json: AsJson = False) -> None:
    """Show one policy, whole. Reads only."""
    from mailroom.mimecast import policies

    with desk.opened() as here:
        known = policies.get_policy(here.client, policy_id)
    if as_json:
        output.print_json(known.as_json())
        return
    shown = known.as_json()
    rows = [("option", shown["option"]), ("id", shown["id"]), *sorted(shown["policy"].items())]
    output.table("Policy", ("field", "value"), rows, 5_000)
