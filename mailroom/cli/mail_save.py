"""`mailroom mail save`: files of an alert or of answers, out of the store into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.mail_change import mail_app
from mailroom.cli.options import AsJson

__all__ = ["mail_app"]


@mail_app.command("save")
def save(
    number: Annotated[int, typer.Argument(help="Number of an alert; with --answers, of a question.", min=1)],
    to: Annotated[Path, typer.Option("--to", help="Folder; made when missing.")],
    answers: Annotated[bool, typer.Option("--answers", help="The files of the answers to a question.")] = False,
    names: Annotated[str, typer.Option(help="Only files of these names.", show_default=False)] = "",
    original: Annotated[bool, typer.Option("--original", help="Also the mails themselves, as .eml.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the attachments of an alert's mail, or of answers, into a folder. Never outside it, never over a file.

    They come from the store where they are kept there; those of an alert else from its mail in the mailbox. Exit code 8
    when some of them are kept nowhere.
    """
    from mailroom.connectors.files_out import write_alert_files, write_answer_files
    from mailroom.mail.imap import parse_list

    wanted = parse_list(names)
    with desk.opened() as here:
        if answers:
            found = write_answer_files(here.store, number, to, names=wanted, original=original)
        else:
            alert = here.store.alerts.get(number)
            account = here.account if here.has_mailbox else None
            found = write_alert_files(here.store, alert, to, account=account, names=wanted, original=original)
    if as_json:
        output.print_json(found.as_json())
    else:
        rows = [(one.path or "not written", one.name, one.size, one.sha256[:16], one.detail) for one in found.files]
        title = f"{sum(bool(one.path) for one in found.files)} files in {found.folder}"
        output.table(title, ("path", "name", "octets", "SHA-256", "detail"), rows, 400)
    if not found.is_success:
        raise typer.Exit(Exit.NOT_FOUND)
