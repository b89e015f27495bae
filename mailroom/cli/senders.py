"""`mailroom block`, `permit` and `report`: one sender for one recipient, one message to Mimecast's analysts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mailroom.cli.changing import Again, DryRun, Until, change
from mailroom.cli.desk import Here
from mailroom.cli.options import AsJson

_Sender = Annotated[str, typer.Argument(help="Full address of the sender.")]
_Recipient = Annotated[str, typer.Option("--recipient", "-r", help="Full address of one of our people.")]


def block(
    sender: _Sender, recipient: _Recipient, until: Until = "", again: Again = "", dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Block mail of one sender to one recipient, once. Changes the tenant; `mailroom undo` permits the sender.

    For everybody, or for a whole domain, make a policy: `mailroom policy create`.
    """
    _manage("block_sender", sender, recipient, until=until, again=again, dry_run=dry_run, as_json=as_json)


def permit(
    sender: _Sender, recipient: _Recipient, until: Until = "", again: Again = "", dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Permit mail of one sender to one recipient, once: such mail passes the spam checks.

    Changes the tenant, when somebody else has approved it.
    """
    _manage("permit_sender", sender, recipient, until=until, again=again, dry_run=dry_run, as_json=as_json)


def report(
    message: Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")],
    report_as: Annotated[str, typer.Option("--as", help="Spam, Malware or Phishing.")] = "Spam",
    comment: Annotated[str, typer.Option(help="For Mimecast's analysts.", show_default=False)] = "",
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Report one held, archived or bounced message, once (API 1.0 only). Changes the tenant; final."""
    from mailroom.playbooks import changes

    def wish(here: Here) -> tuple[Mapping[str, Any], int | None]:
        tracking_id, alert_id = changes.report_target(here.store, message)
        return {"message_id": tracking_id, "report_as": report_as, "comment": comment}, alert_id

    change("report_message", wish, again=again, dry_run=dry_run, as_json=as_json)


def _manage(kind: str, sender: str, recipient: str, **options: Any) -> None:
    change(kind, {"sender": sender, "recipient": recipient}, **options)
