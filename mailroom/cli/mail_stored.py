"""`mailroom mail stored|inside|regex|keep`: actions on mails that are alerts already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.mail_save import mail_app
from mailroom.cli.options import AsJson
from mailroom.cli.person import account

if TYPE_CHECKING:
    from mailroom.mail.model import Mail

__all__ = ["mail_app"]

_WIDE = 400
_Alert = Annotated[str, typer.Argument(help="Number of the alert that was made of the mail.", metavar="ALERT")]


@mail_app.command("stored")
def stored(
    mailbox: Annotated[str, typer.Option(help="Only mails of the mailbox of this name.", show_default=False)] = "",
    sender: Annotated[str, typer.Option("--from", help="Only mails from this address.", show_default=False)] = "",
    handling: Annotated[str, typer.Option(help="Only alerts in this state, such as open.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="Most mails, the newest.", min=1)] = 25,
    as_json: AsJson = False,
) -> None:
    """List the mails that are stored as alerts. Reads the store only."""
    from mailroom.connectors.stored_mail import list_emails
    from mailroom.playbooks.known_names import need_mailboxes

    with desk.opened() as here:
        need_mailboxes(here.store, [mailbox])
        rows = list_emails(here.store, mailbox=mailbox, sender=sender, handling=handling, limit=limit)
    if as_json:
        output.print_json({"emails": [row.as_json() for row in rows]})
        return
    cells = [
        (row.alert_id, f"{row.received_at:%Y-%m-%d %H:%M}", row.sender, row.subject, len(row.attachments), row.handling)
        for row in rows
    ]
    output.table(f"{len(rows)} mails", ("alert", "received (UTC)", "sender", "subject", "files", "handling"), cells)
    if len(rows) == limit:
        output.note("the newest; there may be more: --limit")


@mail_app.command("inside")
def inside(
    alert: _Alert,
    name: Annotated[str, typer.Option(help="Only the file of this name.", show_default=False)] = "",
    extract: Annotated[str, typer.Option(help="Parts, separated by commas.", show_default="all")] = "",
    as_json: AsJson = False,
) -> None:
    """Read the EML and MSG files attached to a stored mail, without saving them. Reads only."""
    from mailroom.mail.actions.analyze import analyze_attached, checked_parts
    from mailroom.mail.imap import parse_list

    parts = checked_parts(parse_list(extract))
    found = analyze_attached(_mail(alert), parts, attachment=name)
    if as_json:
        output.print_json({"files": found})
        return
    for number, one in enumerate(found, 1):
        rows = [(key, value) for key, value in one.items() if value not in (None, "", [], {})]
        output.table(f"File {number}", ("field", "value"), rows, _WIDE)


@mail_app.command("regex")
def regex(
    alert: _Alert,
    expression: Annotated[str, typer.Argument(help="Regular expression; its first group counts.")] = "",
    named: Annotated[str, typer.Option(help="Known ones, with commas: URL, IP, SHA256 ...", show_default=False)] = "",
    header: Annotated[
        str, typer.Option(help="Search the header of this name; * is every header.", show_default="the body")
    ] = "",
    ignore_case: Annotated[bool, typer.Option("--ignore-case", "-i", help="Case does not matter.")] = False,
    as_json: AsJson = False,
) -> None:
    """Extract values from body or header of a stored mail. Reads only; exit code 8 when nothing is found."""
    from mailroom.mail.actions.extract import body_regex, expressions, header_regex
    from mailroom.mail.imap import parse_list

    wanted = expressions(expression, names=parse_list(named), ignore_case=ignore_case)
    read = _mail(alert)
    found = header_regex(read, wanted, "" if header == "*" else header) if header else body_regex(read, wanted)
    if as_json:
        output.print_json(found.as_json())
    else:
        rows = [(name, value) for name, values in found.matches.items() for value in values]
        output.table(f"{len(rows)} values", ("expression", "value"), rows, _WIDE)
    for name in found.timed_out:
        output.note(f"{name} took too long on this mail; it may have missed something")
    if not found.is_found:
        raise typer.Exit(Exit.NOT_FOUND)


@mail_app.command("keep")
def keep(
    alert: _Alert,
    names: Annotated[str, typer.Option(help="Only attachments of these names.", show_default=False)] = "",
    inline: Annotated[bool, typer.Option(help="Also images that the HTML shows.")] = True,
    as_json: AsJson = False,
) -> None:
    """Keep the attachments of a stored mail in the store, with its alert, each once.

    Exit code 6 when one is too large.
    """
    from mailroom.connectors.saved_attachments import save_attachments
    from mailroom.mail.imap import parse_list

    read = _mail(alert)
    with desk.opened() as here:
        known = here.store.alerts.find(alert).id
        kept = save_attachments(here.store, known, read, names=parse_list(names), inline=inline, who=account())
    if as_json:
        output.print_json(kept.as_json())
    else:
        rows = [(one.name, str(one.size), one.sha256[:16], "kept now" if one.new else "was kept") for one in kept.files]
        rows += [(name, "", "", "too large to be kept") for name in kept.too_large]
        columns = ("name", "octets", "SHA-256", "detail")
        output.table(f"{len(kept.files)} files with alert {known}", columns, rows, _WIDE)
    if not kept.is_success:
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def _mail(alert: str) -> Mail:
    """The mail of an alert, from the store or its mailbox."""
    from mailroom.connectors.stored_mail import mail_of_alert
    from mailroom.mail.parse import parse_safely

    with desk.opened() as here:
        account = here.account if here.has_mailbox else None
        return parse_safely(mail_of_alert(here.store, account, here.store.alerts.find(alert)))
