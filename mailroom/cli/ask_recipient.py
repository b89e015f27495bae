"""`mailroom ask-recipient` and `mailroom ask-recipients`: asking the people to whom held messages are addressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.cli.person import account

if TYPE_CHECKING:
    from mailroom.playbooks.ask_recipient import RecipientDesk
    from mailroom.playbooks.watch_replies import Handle
    from mailroom.store import Store


def ask_recipient(
    alert: Annotated[str, typer.Argument(help="Alert id, hold id or tracking id of the held message.")],
    language: Annotated[str, typer.Option(help="Of the question, such as de; otherwise as known of them.")] = "",
    hours: Annotated[float, typer.Option(min=0, help="Time to answer; 0 = as the policy says.")] = 0.0,
    wait: Annotated[bool, typer.Option("--wait", help="Wait here for the answer.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the question and what speaks against it.")] = (
        False
    ),
    as_json: AsJson = False,
) -> None:
    """Ask the recipient of one held message whether they expect it: a new mail with nothing of the message in it.

    The answer is found by `mailroom replies watch` (or --wait), is evidence, and the message is judged again. Nothing
    is released by an answer alone. Exit code 10 when a reason speaks against asking.
    """
    from mailroom.playbooks import ask_recipient as playbook

    with desk.opened() as here:
        at, who = _desk(here), account()
        if dry_run:
            _show_plan(playbook.plan_question(at, alert, by=who, language=language, hours=hours), as_json=as_json)
            return
        question = playbook.ask_recipient(at, alert, by=who, language=language, hours=hours)
        if wait and question.is_open:
            from mailroom.playbooks.ask import wait_in_place

            wait_in_place(at.post, question.id, handlers=(answers_of_recipients(here),))
        question = here.store.waits.get(question.id)
        if not question.is_open:
            playbook.handle_answer(here.store, here.policy(), question.id)
        result: dict[str, Any] = {"question_id": question.id, "state": question.state}
        result |= {"deadline": question.deadline.isoformat()}
        result |= playbook.result_of_question(here.store, question.id)
    if as_json:
        output.print_json(result)
        return
    if question.is_open:
        output.note(f"question {question.id} is out; they have until {question.deadline:%Y-%m-%d %H:%M} UTC")
        return
    acts = ", ".join(f"{one['kind']} {one['state']} (action {one['id']})" for one in result["actions"]) or "nothing"
    output.note(
        f"question {question.id}: {question.state}, {result['answer']}; the rules say {result['verdict']}, "
        f"{result['proposes']}; in the ledger: {acts}"
    )


def ask_recipients(
    limit: Annotated[int, typer.Option(min=1, help="Most questions of this run.")] = 1_000,
    automatic: Annotated[
        bool, typer.Option("--automatic", help="As a scheduled run: only what the policy lets happen by itself.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; send and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every recipient whom the rules would ask, and make use of the answers there are.

    Run by a person it needs no leave of the policy, but no rail is passed over: one question per person and day, none
    about harmful mail, none to people outside.
    """
    from mailroom.playbooks import ask_recipient as playbook

    with desk.opened() as here:
        at = _desk(here)
        handled = playbook.HandleReport()
        if not dry_run:
            handled = playbook.handle_answers(here.store, here.policy(), tenants=at.own_names())
        by = "" if automatic else account()
        asked = playbook.ask_recipients(at, by=by, limit=limit, dry_run=dry_run)
    if as_json:
        output.print_json({"dry_run": dry_run, "asked": asked.as_dict(), "handled": handled.as_dict()})
        return
    rows = [["would be asked" if dry_run else "asked", asked.asked]]
    rows += [[f"not asked: {reason}", number] for reason, number in asked.left.most_common(10)]
    rows += [[f"answered: {answer}", number] for answer, number in sorted(handled.answers.items())]
    rows += [[f"decided again: {what}", number] for what, number in sorted(handled.planned.items())]
    output.table("Recipients" + (" (dry run: nothing was sent)" if dry_run else ""), ("what", "how many"), rows)
    for problem in asked.problems[:10]:
        output.note(problem)


def answers_of_recipients(here: desk.Here) -> Handle:
    """Makes use of recipients' answers for a watcher on the command line."""

    def handle(store: Store, mailbox: str) -> int:
        from mailroom.playbooks.ask_recipient import KIND, handle_answers

        if not store.waits.to_handle(KIND, 1, mailbox=mailbox):
            return 0
        return handle_answers(store, here.policy(), mailbox=mailbox).handled

    return handle


def _desk(here: desk.Here) -> RecipientDesk:
    from mailroom.playbooks.ask import PostDesk
    from mailroom.playbooks.ask_recipient import RecipientDesk

    return RecipientDesk(PostDesk(here.store, here.account, here.tenant), here.policy, here.client)


def _show_plan(plan: Any, *, as_json: bool) -> None:
    shown = plan.as_dict()
    if as_json:
        output.print_json(shown)
        return
    rows = [[name, shown[name]] for name in ("alert", "recipient", "asks", "language", "deadline", "subject")]
    output.table("Question (dry run: nothing was sent)", ("what", "value"), rows, 300)
    if plan.question_id:
        output.note(f"asked already: question {plan.question_id}")
    for reason in plan.reasons:
        output.note(reason)
    for line in shown["text"].splitlines():
        output.console.print(output.plain(line, 1_000))
