"""`mailroom ask`: a question by mail from a terminal, with or without Prefect."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.cli.replies import resume, when

if TYPE_CHECKING:
    from mailroom.mail.replies.senders import SenderPolicy as Policy
    from mailroom.playbooks.ask import PostDesk
    from mailroom.playbooks.question import Question, Waiting
    from mailroom.store.wait_rows import Wait

WaitFor = Annotated[str, typer.Option("--wait-for", help="any, all, or a number of answers.")]
Hours = Annotated[float, typer.Option(min=0.0001, max=2160, help="Time limit, in hours.")]
ExcludeSubject = Annotated[list[str] | None, typer.Option(help="Pass over replies whose subject holds this.")]
ExcludeBody = Annotated[list[str] | None, typer.Option(help="Pass over replies whose text holds this.")]
SenderPolicy = Annotated[str, typer.Option(help="exact, alias, domain or any.")]
Folders = Annotated[
    str, typer.Option("--folders", "-f", help="Further folders where answers may arrive.", show_default=False)
]


def ask(
    to: Annotated[list[str], typer.Argument(help="Whom to ask: one or more addresses.")],
    subject: Annotated[str, typer.Option("--subject", "-s", help="Subject of the question.")],
    text: Annotated[str, typer.Option("--text", "-t", help="The question; HTML when it begins with a tag.")],
    cc: Annotated[list[str] | None, typer.Option(help="Copies; their answers do not count.")] = None,
    bcc: Annotated[list[str] | None, typer.Option(help="The same, unseen.")] = None,
    wait_for: WaitFor = "any",
    hours: Hours = 72.0,
    remind_after: Annotated[list[float] | None, typer.Option("--remind-after", help="Hours until a reminder.")] = None,
    exclude_subject: ExcludeSubject = None,
    exclude_body: ExcludeBody = None,
    sender_policy: SenderPolicy = "alias",
    folders: Folders = "",
    key: Annotated[
        str, typer.Option(help="The same key is the same question: after a crash nothing is sent twice.")
    ] = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only send; `mailroom replies watch` collects.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask people by mail and wait here for the answer.

    The question is stored before it is sent. Stopped or killed, nothing is lost: `mailroom replies` shows it, and the
    same command with the same --key goes on waiting. Exit code 0 answered, 9 no answer or undeliverable, 4 still open.
    """
    from mailroom.playbooks import ask as playbook

    with desk.opened() as here:
        post = playbook.PostDesk(here.store, here.account)
        waiting = waiting_of(wait_for, hours, exclude_subject, exclude_body, sender_policy, folders)
        question = _question(to, subject, text, cc, bcc, remind_after, waiting)
        if dry_run:
            playbook.check(post, question)
            people = question.people()
            if as_json:
                output.print_json({"dry_run": True, "to": list(people), "needed": question.waiting.count(len(people))})
            else:
                output.note(f"would ask {', '.join(people)}; nothing was sent or stored")
            return
        wait = playbook.ask(post, question, key=key or f"cli/{uuid.uuid4()}", requested_by="command line")
        finish(post, wait, no_wait=no_wait, as_json=as_json)


def finish(post: PostDesk, wait: Wait, *, no_wait: bool, as_json: bool) -> None:
    """Wait for the answers, unless that is not wanted, and show them; the exit code says how it ended."""
    from mailroom.playbooks import ask as playbook

    if not as_json:
        output.note(f"question {wait.id} is stored; waiting until {when(wait.deadline)}" if wait.is_open
                    else f"question {wait.id} is {wait.state} already")  # fmt: skip
    if not no_wait and wait.is_open:
        wait = playbook.wait_in_place(post, wait.id, resume=resume)
    result = playbook.outcome(post, wait.id)
    if as_json:
        output.print_json(result.as_json())
    else:
        rows = [[one["recipient"], one["received_date"], one["answer"]] for one in result.answers]
        output.table(f"Question {wait.id}: {wait.state}", ("recipient", "received", "answer"), rows, 2_000)
    if result.is_open:
        raise typer.Exit(Exit.OK if no_wait else Exit.TRY_AGAIN)
    if not result.is_success:
        raise typer.Exit(Exit.CHECK_FAILED)


def waiting_of(
    wait_for: str, hours: float, exclude_subject: list[str] | None, exclude_body: list[str] | None,
    sender_policy: str, folders: str,
) -> Waiting:  # fmt: skip
    """How the answers are waited for, from the options."""
    from mailroom.mail.imap import parse_list
    from mailroom.playbooks.question import Waiting

    mode: Any = wait_for if wait_for in {"any", "all"} else "n"
    if mode == "n" and not wait_for.isdecimal():
        raise typer.BadParameter("write any, all, or how many answers are needed", param_hint="--wait-for")
    return Waiting(
        mode=mode, needed=int(wait_for) if mode == "n" else 1, time_limit=timedelta(hours=hours),
        exclude_subject=tuple(exclude_subject or ()), exclude_body=tuple(exclude_body or ()),
        sender_policy=cast("Policy", sender_policy),  # checked by the library, which says what is allowed
        folders=parse_list(folders),
    )  # fmt: skip


def _question(
    to: list[str], subject: str, text: str, cc: list[str] | None, bcc: list[str] | None,
    remind_after: list[float] | None, waiting: Waiting,
) -> Question:  # fmt: skip
    from mailroom.mail.compose import looks_like_html
    from mailroom.playbooks.question import Question, reminder_times

    html = looks_like_html(text)
    return Question(
        to=tuple(to), cc=tuple(cc or ()), bcc=tuple(bcc or ()), subject=subject, text="" if html else text,
        html=text if html else "", waiting=waiting, reminders=reminder_times(remind_after or ()),
    )  # fmt: skip
