"""`mailroom replies`: questions by mail and what came back, with or without Prefect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.ask_recipient import answers_of_recipients
from mailroom.cli.options import AsJson
from mailroom.cli.person import account

if TYPE_CHECKING:
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
                 [[wait.state, f"{result.replied} of {result.needed}", when(wait.deadline),
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
        account, handlers = here.account, (answers_of_recipients(here),)
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
    if report.to_resume:
        output.note(f"{report.to_resume} runs are still to be resumed; `mailroom replies show NUMBER` says why")


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
        after = playbook.cancel(here.store, question, why, resume)
    if as_json:
        output.print_json({"question_id": question, "state": after.state, "was": before.state})
        return
    said = "is cancelled" if before.is_open else f"was {before.state} already"
    output.note(f"question {question} {said}")
    if after.flow_run_id and after.resumed_at is None and after.resume_note:
        output.note(after.resume_note)


def resume(wait: Wait) -> bool | str:
    """Resume a run through Prefect; imported only when there is one, because that takes a second."""
    from tasks._resume import resume_run

    return resume_run(wait)


def when(moment: Any) -> str:
    """A point in time as these commands show it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
