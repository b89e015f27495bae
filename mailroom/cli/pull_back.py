"""`mailroom remediate-incident`: one incident that pulls delivered mail back out of mailboxes."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli.changing import Again, DryRun, change
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError


def remediate_incident(
    reason: Annotated[str, typer.Argument(help="Why; shown in the console.")],
    message_id: Annotated[
        list[str] | None, typer.Option("--message-id", help="RFC Message-ID; several need API 2.0.", show_default=False)
    ] = None,
    file_hash: Annotated[str, typer.Option("--hash", help="SHA-256 of an attachment.", show_default=False)] = "",
    url: Annotated[str, typer.Option(help="A link in the messages.", show_default=False)] = "",
    start: Annotated[str, typer.Option(help="Received then or later, ISO 8601.", show_default="a month back")] = "",
    end: Annotated[str, typer.Option(help="Received until then, ISO 8601.", show_default="now")] = "",
    again: Again = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Pull delivered messages back out of our mailboxes, once. Changes the tenant; restored in the console only.

    `mailroom mimecast incident CODE --follow` watches it.
    """
    given = [(name, values) for name, values in (
        ("messageId", message_id or []), ("hash", [file_hash] if file_hash else []), ("url", [url] if url else []),
    ) if values]  # fmt: skip
    if len(given) != 1:
        raise InvalidInputError("name the messages in one way: --message-id, --hash or --url")
    [(search_by, values)] = given
    wish = {"reason": reason, "search_by": search_by, "values": values, "start_time": start, "end_time": end}
    change("create_remediation_incident", wish, again=again, dry_run=dry_run, as_json=as_json)
