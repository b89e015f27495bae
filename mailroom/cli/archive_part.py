"""`mailroom archive part`: a body, the source or an attachment of an archived mail, kept without being shown."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.archive import archive_app
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.mimecast.archive import Context

__all__ = ["archive_app"]


class Which(StrEnum):
    """The parts by their documented names."""

    HTML = "HTML"
    PLAIN = "PLAIN"
    RFC822 = "RFC822"
    TRANSMISSION_MESSAGE_BODY = "TRANSMISSION_MESSAGE_BODY"


@archive_app.command("part")
def part(
    message_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="The id of a search result, whole.", show_default=False)
    ] = "",
    which: Annotated[Which, typer.Option("--part", help="RFC822 is the whole mail.", case_sensitive=False)] = (
        Which.PLAIN
    ),
    attachment: Annotated[
        str, typer.Option(help="Instead of a part: the id of an attachment, as `show` prints it.", show_default=False)
    ] = "",
    received: Annotated[bool, typer.Option(help="As it was received, before policies changed it.")] = False,
    mailbox: Annotated[str, typer.Option(help="Whose copy.", show_default="Mimecast chooses")] = "",
    folder: Annotated[
        Path | None, typer.Option("--to", help="Folder; made when missing.", show_default="the blob store")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save a body, the source or an attachment of one archived mail; says where it lies, and never shows it."""
    from mailroom.connectors.archive_files import save_file, save_part

    if bool(message_id.strip()) == bool(attachment.strip()):
        raise InvalidInputError("name one thing: the id of a mail, or --attachment with the id of an attachment")
    context: Context = "RECEIVED" if received else "DELIVERED"
    with desk.opened() as here:
        place = None if folder else here.store
        if attachment:
            saved = save_file(here.client, attachment, folder=folder or "", store=place)
        else:
            saved = save_part(
                here.client, message_id, part=which.value, context=context, mailbox=mailbox, folder=folder or "",
                store=place,
            )  # fmt: skip
    if as_json:
        output.print_json(saved.as_json())
        return
    where = saved.path or f"the blob store as {saved.blob}"
    output.console.print(output.plain(f"{saved.message}: {where}, SHA-256 {saved.sha256}", 1_000), soft_wrap=True)
