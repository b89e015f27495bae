"""`mailroom ask` and `mailroom replies`: questions by mail from a terminal, with or without Prefect."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mailroom.cli import desk, output
from mailroom.cli.ask_recipient import answers_of_recipients
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.cli.person import account

if TYPE_CHECKING:
    from mailroom.mail.replies import SenderPolicy
    from mailroom.store.wait_rows import Wait

replies_app = typer.Typer(help="Questions by mail and what came back.", rich_markup_mode=None, no_args_is_help=False)


@replies_app.callback(invoke_without_command=True)
def list_questions(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Most questions shown; 0 = all.")] = 100,
    before: Annotated[int, typer.Option(min=0, help="Only those older than this question: the next page.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List open questions, newest first; with --all the settled ones too. Needs no mailbox and no Prefect."""
    if context.invoked_subcommand is not None:
        return
    from mailroom.cli import replies_rows

    with desk.opened() as here:
        rows = replies_rows.questions(here.store, settled=everything, limit=limit, before=before)
        counts = here.store.waits.counts()
    if as_json:
        output.print_json({"questions": rows, "counts": counts})
    else:
        replies_rows.show(rows, counts, limit)


@replies_app.command("show")
def show(
    question: Annotated[int, typer.Argument(help="Number of the question, from `mailroom replies`.")],
    as_json: AsJson = False,
) -> None:
    """Show one question, who answered what, and every mail that belongs to it, with the reason why it counts or not."""
    from mailroom.playbooks.question import result_of
    from mailroom.playbooks.sending import sending_of

    with desk.opened() as here:
        wait = here.store.waits.get(question)
        result = result_of(here.store, wait)
        sending = sending_of(here.store, wait)
        stored = here.store.waits.answers(question)
    mails = [
        {
            "id": one.id, "received_at": one.received_at.isoformat(), "sender": one.sender, "kind": one.classification,
            "counts": one.accepted and not one.late, "late": one.late, "why": one.why, "score": one.score,
            "evidence": one.evidence, "answer": one.text, "attachments": one.attachments,
        }
        for one in stored
    ]  # fmt: skip
    if as_json:
        more = {"mails": mails, "flow_run_id": wait.flow_run_id, "resume_note": wait.resume_note}
        output.print_json(result.as_json() | more | {"sending": sending.as_json()})
        return
    output.table(f"Question {question}: {wait.subject}"[:120], ("state", "answers", "deadline", "detail"),
                 [[wait.state, f"{result.replied} of {result.needed}", _when(wait.deadline),
                   "" if sending.says else wait.detail]])  # fmt: skip
    if sending.says:
        output.console.print(output.plain(f"sending: {sending.says}", 1_000))
    people = [[row["recipient"], row["status"], row["from"]] for row in result.recipients]
    output.table("Asked", ("recipient", "status", "answer came from"), people)
    columns = ("received_at", "sender", "kind", "counts", "why", "answer")
    output.table("Mails", columns, [[mail[name] for name in columns] for mail in mails], 600)


@replies_app.command("watch")
def watch(
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    minutes: Annotated[float, typer.Option(min=0, help="Stay so long; 0 = until stopped.")] = 0.0,
    poll: Annotated[float, typer.Option(min=1, help="Longest time between two looks, in seconds.")] = 15.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look once and only say what would be found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look for answers, store them, remind, settle what has run out of time, and resume the flow runs that wait.

    Answers of recipients to questions about held messages become evidence, and the messages are judged again.

    Works without Prefect: the outcome is kept, and the run is resumed by a later watcher.
    """
    from mailroom.playbooks import watch_replies as playbook

    with desk.opened() as here:
        account, resume, handlers = here.account, _resume, (answers_of_recipients(here),)
        if once or dry_run:
            report = playbook.watch_once(here.store, account, resume=resume, handlers=handlers, dry_run=dry_run)
        else:
            seen = 0

            def tell(found: playbook.WatchReport) -> None:
                nonlocal seen
                if not as_json and len(found.settled) > seen:
                    output.note(f"settled: questions {', '.join(str(one) for one in found.settled[seen:])}")
                seen = len(found.settled)

            report = playbook.watch(
                here.store, account, resume=resume, handlers=handlers, seconds=minutes * 60 or None,
                poll_seconds=poll, on_look=tell,
            )  # fmt: skip
    counts = report.as_dict() | {"dry_run": dry_run}
    if as_json:
        output.print_json(counts)
        return
    columns = (
        "looked_at",
        "fetched",
        "answers",
        "answered",
        "undeliverable",
        "no_answer",
        "reminders",
        "tried_again",
        "handled",
        "resumed",
    )
    output.table("Replies" + (" (dry run: nothing was written)" if dry_run else ""), columns,
                 [[counts[name] for name in columns]])  # fmt: skip
    for problem in report.problems:
        output.note(problem)


@replies_app.command("settle")
def settle(
    question: Annotated[int, typer.Argument(help="Number of the question.")],
    sent: Annotated[bool, typer.Option("--sent/--not-sent", help="What you know.", show_default=False)],
    why: Annotated[str, typer.Option(help="How you know it, for the history.")],
    as_json: AsJson = False,
) -> None:
    """Say whether a question was sent whose sending nobody saw to its end. The ledger and the history keep who said it.

    After --not-sent, asking again (the same key, or resuming the run) sends the mail: be sure.
    """
    from mailroom.playbooks.sending import sending_of, settle_by_hand

    with desk.opened() as here:
        wait = settle_by_hand(here.store, question, sent=sent, why=why, who=account())
        stands = sending_of(here.store, wait)
    if as_json:
        output.print_json({"question_id": question, "state": wait.state, "sending": stands.as_json()})
    else:
        output.note(f"question {question}: {stands.says or 'it was sent'}")


@replies_app.command("cancel")
def cancel(
    question: Annotated[int, typer.Argument(help="Number of the question.")],
    why: Annotated[str, typer.Option(help="For the history.")] = "cancelled by hand",
    as_json: AsJson = False,
) -> None:
    """Stop waiting for an answer. The run that waits goes on with the outcome "cancelled"; later answers are linked."""
    from mailroom.playbooks import watch_replies as playbook

    with desk.opened() as here:
        before = here.store.waits.get(question)
        after = playbook.cancel(here.store, question, why, _resume)
    if as_json:
        output.print_json({"question_id": question, "state": after.state, "was": before.state})
        return
    said = "is cancelled" if before.is_open else f"was {before.state} already"
    output.note(f"question {question} {said}")


def ask(
    to: Annotated[list[str], typer.Argument(help="Whom to ask: one or more addresses.")],
    subject: Annotated[str, typer.Option("--subject", "-s", help="Subject of the question.")],
    text: Annotated[str, typer.Option("--text", "-t", help="The question.")],
    wait_for: Annotated[str, typer.Option("--wait-for", help="any, all, or a number of answers.")] = "any",
    hours: Annotated[float, typer.Option(min=0.0001, max=2160, help="Time limit, in hours.")] = 72.0,
    remind_after: Annotated[list[float] | None, typer.Option("--remind-after", help="Hours until a reminder.")] = None,
    exclude_subject: Annotated[
        list[str] | None, typer.Option(help="Pass over replies whose subject holds this.")
    ] = None,
    exclude_body: Annotated[list[str] | None, typer.Option(help="Pass over replies whose text holds this.")] = None,
    sender_policy: Annotated[str, typer.Option(help="exact, alias, domain or any.")] = "alias",
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
        question = _question(to, subject, text, wait_for, hours, remind_after, exclude_subject, exclude_body,
                             sender_policy)  # fmt: skip
        if dry_run:
            playbook.check(post, question)
            people = question.people()
            if as_json:
                output.print_json({"dry_run": True, "to": list(people), "needed": question.waiting.count(len(people))})
            else:
                output.note(f"would ask {', '.join(people)}; nothing was sent or stored")
            return
        wait = playbook.ask(post, question, key=key or f"cli/{uuid.uuid4()}", requested_by="command line")
        if not as_json:
            output.note(f"question {wait.id} is stored; waiting until {_when(wait.deadline)}" if wait.is_open
                        else f"question {wait.id} is {wait.state} already")  # fmt: skip
        if not no_wait and wait.is_open:
            wait = playbook.wait_in_place(post, wait.id, resume=_resume)
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


def _question(
    to: list[str], subject: str, text: str, wait_for: str, hours: float, remind_after: list[float] | None,
    exclude_subject: list[str] | None, exclude_body: list[str] | None, sender_policy: str,
) -> Any:  # fmt: skip
    from mailroom.playbooks.question import Question, Waiting, reminder_times

    mode: Any = wait_for if wait_for in {"any", "all"} else "n"
    if mode == "n" and not wait_for.isdecimal():
        raise typer.BadParameter("write any, all, or how many answers are needed", param_hint="--wait-for")
    waiting = Waiting(
        mode=mode, needed=int(wait_for) if mode == "n" else 1, time_limit=timedelta(hours=hours),
        exclude_subject=tuple(exclude_subject or ()), exclude_body=tuple(exclude_body or ()),
        sender_policy=cast("SenderPolicy", sender_policy),  # checked by the library, which says what is allowed
    )  # fmt: skip
    reminders = reminder_times(remind_after or ())
    return Question(to=tuple(to), subject=subject, text=text, waiting=waiting, reminders=reminders)


def _resume(wait: Wait) -> bool | str:
    """Resume a run through Prefect; imported only when there is one, because that takes a second."""
    from tasks._resume import resume_run

    return resume_run(wait)


def _when(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
