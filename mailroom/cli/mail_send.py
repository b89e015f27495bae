"""`mailroom mail send`, `forward` and `reply`: one mail, once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.mail import Folders, One, one_of, opened
from mailroom.cli.mail_stored import mail_app
from mailroom.cli.options import AsJson

if TYPE_CHECKING:
    from mailroom.effects.follow_ups import Post
    from mailroom.effects.mail_outcome import SendOutcome

__all__ = ["mail_app"]

Key = Annotated[str, typer.Option(help="The same key is the same mail: nothing is sent twice.", show_default=False)]
Cc = Annotated[list[str] | None, typer.Option(help="Copies.")]
Bcc = Annotated[list[str] | None, typer.Option(help="Copies that stand in no header.")]
Content = Annotated[str, typer.Option("--text", "-t", help="The text; HTML when it begins with a tag.")]


@mail_app.command("send")
def send(
    to: Annotated[list[str], typer.Argument(help="Recipients: one or more addresses.", metavar="WHO")],
    subject: Annotated[str, typer.Option("--subject", "-s", help="Subject.")],
    text: Content,
    cc: Cc = None,
    bcc: Bcc = None,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Send a mail, once. Exit code 6 when somebody did not get it, or nobody saw what became of it."""
    from mailroom.effects.follow_ups import send_new
    from mailroom.errors import InvalidInputError
    from mailroom.mail.compose import OutgoingMail, looks_like_html, parse_mailboxes

    if not (subject.strip() and text.strip() and parse_mailboxes(to)):
        raise InvalidInputError("a mail needs a recipient, a subject and a text; one of them is empty")
    html = looks_like_html(text)
    with desk.opened() as here:
        post = _post(here, key)
        mail = OutgoingMail(
            sender=post.account.sender, to=tuple(to), cc=tuple(cc or ()), bcc=tuple(bcc or ()), subject=subject,
            text="" if html else text, html=text if html else "",
        )  # fmt: skip
        _show(send_new(post, mail), post, as_json=as_json)


@mail_app.command("forward")
def forward(
    mail: One,
    to: Annotated[list[str], typer.Argument(help="Recipients: one or more addresses.", metavar="WHO")],
    text: Annotated[str, typer.Option("--text", "-t", help="Text above the mail.", show_default=False)] = "",
    subject: Annotated[str, typer.Option("--subject", "-s", help="Subject.", show_default="Fwd: ...")] = "",
    cc: Cc = None,
    bcc: Bcc = None,
    inline: Annotated[
        bool, typer.Option("--inline", help="Its text and files as they came, instead of the original as a file.")
    ] = False,
    folders: Folders = "",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Forward a mail, once: the original byte by byte as a file. Exit code 6 as for `send`."""
    from mailroom.effects.follow_ups import send_forward
    from mailroom.mail.compose import looks_like_html
    from mailroom.mail.html_text import html_to_text
    from mailroom.mail.parse import parse_safely

    raw = _source(mail, folders)
    with desk.opened() as here:
        post = _post(here, key)
        sent = send_forward(
            post, parse_safely(raw), raw, to=tuple(to), cc=tuple(cc or ()), bcc=tuple(bcc or ()), subject=subject,
            comment=html_to_text(text) if looks_like_html(text) else text, how="inline" if inline else "attached",
        )  # fmt: skip
        _show(sent, post, as_json=as_json)


@mail_app.command("reply")
def reply(
    mail: One,
    text: Content,
    to_all: Annotated[bool, typer.Option("--all", help="Also to everybody in To and Cc.")] = False,
    to: Annotated[list[str] | None, typer.Option(help="Exactly these, instead of those the mail names.")] = None,
    quote: Annotated[bool, typer.Option(help="The text of the mail follows the answer.")] = True,
    folders: Folders = "",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Answer in the thread of a mail, once. Exit code 6 as for `send`."""
    from mailroom.effects.follow_ups import send_reply
    from mailroom.mail.compose import looks_like_html
    from mailroom.mail.parse import parse_safely

    html = looks_like_html(text)
    parent = parse_safely(_source(mail, folders))
    with desk.opened() as here:
        post = _post(here, key)
        sent = send_reply(
            post, parent, text="" if html else text, html=text if html else "", to_all=to_all,
            recipients=tuple(to or ()), quote=quote,
        )  # fmt: skip
        _show(sent, post, as_json=as_json)


def _post(here: desk.Here, key: str) -> Post:
    from mailroom.effects.follow_ups import Post

    return Post(here.store, here.account, key or f"cli/{uuid.uuid4()}", requested_by="command line")


def _source(mail: str, folders: str) -> bytes:
    from mailroom.mail.actions.eml import one_mail

    with opened(folders) as (session, named):
        return one_mail(session, one_of(named, mail))[1].raw


def _show(sent: SendOutcome, post: Post, *, as_json: bool) -> None:
    from mailroom.effects.mail_outcome import need_sent

    need_sent(sent, again=f"the same command with --key {post.key}")
    everybody = not (sent.refused or sent.open)
    if as_json:
        refused = [f"{address}: {words}" for address, words in sent.refused]
        output.print_json({
            "is_success": everybody, "message_id": sent.message_id, "accepted": list(sent.accepted),
            "refused": refused, "open": list(sent.open), "key": post.key,
        })  # fmt: skip
    else:
        rows = [(address, "taken", "") for address in sent.accepted]
        rows += [(address, "refused", words) for address, words in sent.refused]
        rows += [(address, "refused for now", f"again with --key {post.key}") for address in sent.open]
        output.table("Sent", ("recipient", "server", "detail"), rows, 400)
        # On a line of its own, so that it can be copied.
        output.console.print(output.plain(f"Message-ID: {sent.message_id}"), soft_wrap=True)
    if not everybody:
        raise typer.Exit(Exit.NOT_ALL_APPLIED)
