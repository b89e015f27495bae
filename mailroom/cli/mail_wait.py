"""`mailroom mail wait`: the answers to a mail that was sent earlier."""

from __future__ import annotations

from typing import Annotated

import typer

from mailroom.cli import desk
from mailroom.cli.ask import (
    ExcludeBody,
    ExcludeSubject,
    Folders,
    Hours,
    SenderPolicy,
    WaitFor,
    finish,
    waiting_of,
)
from mailroom.cli.mail_send import mail_app
from mailroom.cli.options import AsJson

__all__ = ["mail_app"]


@mail_app.command("wait")
def wait(
    message_id: Annotated[str, typer.Argument(help="Message-ID, as `mail send` prints it.", metavar="MAIL")],
    who: Annotated[
        list[str] | None, typer.Option("--from", help="Who may answer.", show_default="whoever that mail went to")
    ] = None,
    wait_for: WaitFor = "any",
    hours: Hours = 72.0,
    exclude_subject: ExcludeSubject = None,
    exclude_body: ExcludeBody = None,
    sender_policy: SenderPolicy = "alias",
    folders: Folders = "",
    key: Annotated[
        str, typer.Option(help="The same key is the same wait.", show_default="MAIL, --from and --wait-for")
    ] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only begin; `mailroom replies watch` collects.")] = False,
    as_json: AsJson = False,
) -> None:
    """Wait for the answers to a mail that was sent earlier; those that have come already are found as well.

    Stopped or killed, nothing is lost: the same command goes on waiting. Exit codes as for `mailroom ask`.
    """
    from mailroom.mail.compose import parse_mailboxes
    from mailroom.playbooks import ask as playbook

    people = tuple(dict.fromkeys(one.address for one in parse_mailboxes(who or ())))
    how = waiting_of(wait_for, hours, exclude_subject, exclude_body, sender_policy, folders)
    with desk.opened() as here:
        post = playbook.PostDesk(here.store, here.account)
        known = key or f"cli/wait/{message_id.strip().strip('<>')}/{wait_for}/{','.join(sorted(people))}"
        finish(
            post, playbook.wait_for(post, message_id, how, key=known, recipients=people), no_wait=no_wait,
            as_json=as_json,
        )  # fmt: skip
