"""`mailroom mail move`, `delete` and `mark`: dry runs unless `--yes` says that it is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from mailroom.cli import output
from mailroom.cli.mail import (
    Days,
    MessageId,
    Recipient,
    Sender,
    Subject,
    Text,
    Uid,
    Unread,
    cells,
    chosen,
    mail_app,
)
from mailroom.cli.options import AsJson

if TYPE_CHECKING:
    from mailroom.mail.actions.mark import Mark
    from mailroom.mail.actions.rows import ChangeReport

__all__ = ["mail_app"]

_COLUMNS = ("outcome", "detail", "folder", "UID", "received (UTC)", "sender", "subject")
_MOST = 500

From = Annotated[str, typer.Option("--folders", "-f", help="Folders the mails lie in, separated by commas.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this, only what would happen is shown.")]
Most = Annotated[int, typer.Option(help="Refuse when more mails fit.", min=1)]


@mail_app.command("move")
def move(
    destination: Annotated[str, typer.Argument(help="Folder to move to.")],
    folders: From = "INBOX",
    message_id: MessageId = "",
    uid: Uid = "",
    subject: Subject = "",
    sender: Sender = "",
    recipient: Recipient = "",
    text: Text = "",
    unread: Unread = False,
    days: Days = 0.0,
    create: Annotated[bool, typer.Option("--create", help="Make the folder when it is missing.")] = False,
    most: Most = _MOST,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Move the mails that fit. Changes the mailbox with --yes only."""
    from mailroom.mail.actions.move import move as act

    with chosen(
        folders, message_id=message_id, uid=uid, subject=subject, sender=sender, recipient=recipient, text=text,
        unread=unread, days=days,
    ) as (session, criteria):  # fmt: skip
        report = act(session, criteria, destination, dry_run=not yes, most=most, create=create)
    _show(report, "moved", as_json=as_json)


@mail_app.command("delete")
def delete(
    folders: From = "INBOX",
    message_id: MessageId = "",
    uid: Uid = "",
    subject: Subject = "",
    sender: Sender = "",
    recipient: Recipient = "",
    text: Text = "",
    unread: Unread = False,
    days: Days = 0.0,
    every: Annotated[bool, typer.Option("--all", help="Several mails may fit though none is named by id.")] = False,
    permanently: Annotated[
        bool, typer.Option("--permanently", help="Remove them instead of moving them to the trash.")
    ] = False,
    most: Most = _MOST,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete the mails that fit; never without a criterion. Changes the mailbox with --yes only."""
    from mailroom.mail.actions.delete import delete as act

    with chosen(
        folders, message_id=message_id, uid=uid, subject=subject, sender=sender, recipient=recipient, text=text,
        unread=unread, days=days,
    ) as (session, criteria):  # fmt: skip
        # What a dry run shows must be what --yes would do, but it may well show several mails.
        report = act(
            session, criteria, dry_run=not yes, several=every or not yes, permanently=permanently, most=most
        )  # fmt: skip
    _show(report, "deleted", as_json=as_json)
    if not yes and len(report.rows) > 1 and not every and not criteria.names_mails:
        output.note("with --yes this is refused, because several mails fit: name one, or add --all")


@mail_app.command("mark")
def mark(
    mark_as: Annotated[str, typer.Argument(help="read, unread, flagged, unflagged, answered, keyword, no keyword")],
    folders: From = "INBOX",
    message_id: MessageId = "",
    uid: Uid = "",
    subject: Subject = "",
    sender: Sender = "",
    recipient: Recipient = "",
    text: Text = "",
    unread: Unread = False,
    days: Days = 0.0,
    keyword: Annotated[str, typer.Option(help="Such as $Done.", show_default=False)] = "",
    most: Most = _MOST,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Mark the mails that fit. Changes the mailbox with --yes only."""
    from mailroom.mail.actions.mark import mark as act

    with chosen(
        folders, message_id=message_id, uid=uid, subject=subject, sender=sender, recipient=recipient, text=text,
        unread=unread, days=days,
    ) as (session, criteria):  # fmt: skip
        wanted = cast("Mark", mark_as)  # checked by the action, which says what there is
        report = act(session, criteria, wanted, keyword=keyword, dry_run=not yes, most=most)
    _show(report, "marked", as_json=as_json)


def _show(report: ChangeReport, what: str, *, as_json: bool) -> None:
    if as_json:
        output.print_json(report.as_json())
        return
    rows = []
    for row in report.rows:
        folder, uid, received, _, sender, subject = cells(row)
        rows.append((row.outcome, row.detail, folder, uid, received, sender, subject))
    title = f"{len(rows)} mails would be {what}; nothing was changed" if report.dry_run else (
        f"{report.changed} of {len(rows)} mails {what}")  # fmt: skip
    output.table(title, _COLUMNS, rows)
    if report.missing:
        output.note(f"not there: {', '.join(report.missing[:20])}")
    if report.dry_run and rows:
        output.note("a dry run; add --yes to do it")
