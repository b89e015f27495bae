"""`mailroom mail ...`: look into the mailbox, read one mail, save its files, check the connection."""

from __future__ import annotations

import errno
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.cli.written import tell_written
from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from mailroom.mail.actions.criteria import MailCriteria
    from mailroom.mail.actions.rows import MailRow
    from mailroom.mail.imap import ImapSession

COLUMNS = ("folder", "UID", "received (UTC)", "unread", "sender", "subject")
_WIDE = 600

Folders = Annotated[
    str, typer.Option("--folders", "-f", help="Folders, separated by commas.", show_default="the mailbox's")
]
MessageId = Annotated[str, typer.Option("--message-id", help="Message-IDs, separated by commas.", show_default=False)]
Uid = Annotated[str, typer.Option("--uid", help="UIDs in one folder, separated by commas.", show_default=False)]
Subject = Annotated[str, typer.Option(help="Text the subject contains.", show_default=False)]
Sender = Annotated[str, typer.Option("--from", help="Addresses, domains or parts of names.", show_default=False)]
Recipient = Annotated[str, typer.Option("--to", help="The same for To.", show_default=False)]
Text = Annotated[str, typer.Option("--text", help="Text of the body or an attachment's name.", show_default=False)]
Unread = Annotated[bool, typer.Option("--unread", help="Unread mails only.")]
Days = Annotated[float, typer.Option(help="Arrived within so many days; 0: any age.")]
One = Annotated[str, typer.Argument(help="Message-ID, or UID in the first folder.", metavar="MAIL")]

mail_app = typer.Typer(help="Look into the mailbox and work on its mails.", no_args_is_help=True, rich_markup_mode=None)


@mail_app.callback()
def _mail() -> None:
    """Look into the mailbox and work on its mails. Nothing here marks a mail as read, except `mark`."""


@contextmanager
def opened(folders: str) -> Iterator[tuple[ImapSession, str]]:
    """The mailbox, logged in, and the folders that are meant."""
    with desk.opened() as here, here.account.open_imap() as session:
        known = (name.replace("\\", "\\\\").replace(",", "\\,") for name in here.account.folders or ("INBOX",))
        yield session, folders or ",".join(known)


def wanted(
    folders: str, *, message_id: str = "", uid: str = "", subject: str = "", sender: str = "", recipient: str = "",
    text: str = "", unread: bool = False, days: float = 0.0,
) -> MailCriteria:  # fmt: skip
    """The criteria of the options."""
    from mailroom.mail.actions.criteria import criteria_from

    if not days >= 0:  # nan as well
        raise InvalidInputError("--days cannot be negative; 0 means mail of any age")
    return criteria_from(
        folders=folders, message_id=message_id, email_uid=uid, subject=subject, sender=sender, recipient=recipient,
        body=text, only_unread=unread, within=timedelta(days=min(days, 100_000)) if days else None,
        now=SYSTEM_CLOCK.now(),
    )  # fmt: skip


@contextmanager
def chosen(folders: str, **criteria: Any) -> Iterator[tuple[ImapSession, MailCriteria]]:
    """The mailbox, logged in, and the criteria of the options; see `wanted`."""
    with opened(folders) as (session, named):
        yield session, wanted(named, **criteria)


def cells(row: MailRow) -> tuple[object, ...]:
    """A row of `COLUMNS`."""
    received = f"{row.received_at:%Y-%m-%d %H:%M}" if row.received_at else "unknown"
    return row.folder, row.uid, received, "yes" if row.unread else "", row.sender, row.subject


@mail_app.command("search")
def search(
    folders: Folders = "",
    message_id: MessageId = "",
    uid: Uid = "",
    subject: Subject = "",
    sender: Sender = "",
    recipient: Recipient = "",
    text: Text = "",
    unread: Unread = False,
    days: Days = 0.0,
    limit: Annotated[int, typer.Option(help="Most mails shown, the newest; 0 = all.", min=0)] = 25,
    as_json: AsJson = False,
) -> None:
    """Find mails. Reads only."""
    from mailroom.mail.actions.selecting import search as find

    with chosen(
        folders, message_id=message_id, uid=uid, subject=subject, sender=sender, recipient=recipient, text=text,
        unread=unread, days=days,
    ) as (session, criteria):  # fmt: skip
        rows = find(session, criteria, limit=limit)
    if as_json:
        output.print_json({"emails": [row.as_json() for row in rows]})
        return
    output.table(f"{len(rows)} mails", COLUMNS, [cells(row) for row in rows])
    if len(rows) == limit:
        output.note("the newest; there may be more: --limit")


@mail_app.command("show")
def show(mail: One, folders: Folders = "", as_json: AsJson = False) -> None:
    """Show one mail: who, what, attachments, links, text. Reads only; links are shown so that nothing opens them."""
    from mailroom.mail.actions.analyze import PARTS, analysis_of
    from mailroom.mail.actions.eml import one_mail
    from mailroom.mail.actions.selecting import parsed
    from mailroom.mail.html_text import html_to_text

    with opened(folders) as (session, named):
        row, fetched = one_mail(session, one_of(named, mail))
    read = parsed(fetched)
    if as_json:
        output.print_json({"email": row.as_json(), "content": analysis_of(read, PARTS)})
        return
    facts = [("from", f"{row.sender_name} <{row.sender}>"), ("to", ", ".join(row.to)), ("subject", row.subject),
             ("received", row.received_at or "unknown"), ("lies in", f"{row.folder}, UID {row.uid}"),
             ("Message-ID", row.message_id), ("defects", ", ".join(read.defects) or "none")]  # fmt: skip
    facts += [(f"attachment {number}", f"{one.name} ({one.size} octets, {one.real_type or one.mime_type}) "
               f"{' '.join(one.flags)} {one.sha256}") for number, one in enumerate(read.attachments, 1)]  # fmt: skip
    output.table("Mail", ("field", "value"), facts, _WIDE)
    for line in (read.text or html_to_text(read.html))[:20_000].splitlines():
        output.console.print(output.plain(line.replace("http", "hxxp"), 1_000))


@mail_app.command("eml")
def eml(
    mail: One,
    to: Annotated[Path, typer.Option("--output", "-o", help="File to write; - is standard output.")] = Path("-"),
    folders: Folders = "",
    as_json: AsJson = False,
) -> None:
    """Write the source of one mail, byte for byte. Never over a file that is there.

    With --json, size and digest are one JSON object: on standard error when the mail itself goes to standard output.
    """
    from mailroom.mail.actions.eml import get_eml

    with opened(folders) as (session, named):
        found = get_eml(session, one_of(named, mail))
    if str(to) == "-":
        sys.stdout.buffer.write(found.raw)
        sys.stdout.flush()
    else:
        try:
            with to.open("xb") as stream:
                stream.write(found.raw)
        except OSError as error:
            raise InvalidInputError(f"{to} was not written ({error.strerror}); name another file") from error
    tell_written(to, len(found.raw), hashlib.sha256(found.raw).hexdigest(), as_json=as_json)


@mail_app.command("download")
def download(
    path: Annotated[Path, typer.Argument(help="Folder; made when missing.")],
    folders: Folders = "",
    message_id: MessageId = "",
    uid: Uid = "",
    subject: Subject = "",
    sender: Sender = "",
    unread: Unread = False,
    days: Days = 0.0,
    names: Annotated[str, typer.Option(help="Only attachments of these names.", show_default=False)] = "",
    inline: Annotated[bool, typer.Option(help="Also images that the HTML shows.")] = True,
    limit: Annotated[int, typer.Option(help="Only the newest so many mails; 0 = all.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Save the attachments of every mail that fits. Never outside the folder, never over a file that is there."""
    from mailroom.mail.actions.download import download as save
    from mailroom.mail.imap import parse_list

    with opened(folders) as (session, named):
        criteria = wanted(
            named, message_id=message_id, uid=uid, subject=subject, sender=sender, unread=unread, days=days
        )
        found = save(session, criteria, path, names=parse_list(names), inline=inline, most=limit)
    if as_json:
        output.print_json(found.as_json())
        return
    rows = [(one.path or "not saved", one.size, one.sha256[:16], one.detail or " ".join(one.flags))
            for one in found.files]  # fmt: skip
    output.table(f"{len(found.paths)} files of {found.mails} mails", ("path", "octets", "SHA-256", "detail"), rows, 400)


@mail_app.command("analyze")
def analyze(
    file: Annotated[str, typer.Argument(help="EML or MSG file, or the Message-ID or UID of a mail with one attached.")],
    attachment: Annotated[str, typer.Option(help="Only the attachment of this name.", show_default=False)] = "",
    extract: Annotated[str, typer.Option(help="What to extract, separated by commas.", show_default="all")] = "",
    folders: Folders = "",
) -> None:
    """Read an EML or MSG file, without saving anything; prints one JSON object."""
    from mailroom.mail.actions.analyze import PARTS, analyze_attached, checked_parts
    from mailroom.mail.actions.analyze import analyze as read
    from mailroom.mail.actions.eml import one_mail
    from mailroom.mail.actions.selecting import parsed

    parts = checked_parts(extract.split(",")) if extract else PARTS
    path = Path(file)
    content = _content(path)
    if content is not None:
        found = [read(content, parts, name=path.name)]
    elif path.suffix.lower() in {".eml", ".msg"} and "@" not in file:
        raise NotFoundError(f"there is no file {file} here; check the path, or give the Message-ID or UID of a mail")
    else:
        with opened(folders) as (session, named):
            _, fetched = one_mail(session, one_of(named, file))
        found = analyze_attached(parsed(fetched), parts, attachment=attachment)
    output.print_json({"mails": found})


def _content(path: Path) -> bytes | None:
    """The bytes of a file; None where there is none of this name, which may as well be a Message-ID."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # no file, then
            return None
        raise InvalidInputError(f"{path} cannot be read ({error.strerror}): check its owner and mode") from error


@mail_app.command("ping")
def ping(as_json: AsJson = False) -> None:
    """Test the login to IMAP and to SMTP, stage by stage. Exit code 9 when one does not work."""
    from mailroom.connectors.careful_login import remember_ping
    from mailroom.mail.actions.ping import ping as check
    from mailroom.playbooks.check_rows import rows_of

    with desk.opened() as here:
        report = check(here.account)
        remember_ping(here.account, here.store, report)
    stages = [row.as_dict() for row in rows_of(report.stages)]
    if as_json:
        output.print_json({"is_succeed": report.is_succeed, "message": report.message, "stages": stages})
    else:
        output.table("Mailbox", ("stage", "result", "detail", "advice"), [list(row.values()) for row in stages], _WIDE)
        output.console.print(output.plain(report.message, 2_000))
    if not report.is_succeed:
        raise typer.Exit(Exit.CHECK_FAILED)


def one_of(folders: str, mail: str) -> MailCriteria:
    """The criteria of one mail, by its Message-ID or by its UID in the first of the folders."""
    from mailroom.mail.imap import parse_list

    if mail.strip().isdigit():
        first = parse_list(folders)[0].replace("\\", "\\\\").replace(",", "\\,")
        return wanted(first, uid=mail)
    return wanted(folders, message_id=mail)
