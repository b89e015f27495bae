"""`mailroom approvals`, `mailroom approve`, `mailroom decline`: what waits for a person's yes, and the yes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mailroom.cli import desk, output
from mailroom.cli.block_sender import agreed, need_a_word
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson, Yes
from mailroom.cli.person import account
from mailroom.errors import InvalidInputError, NotFoundError, TransientError

if TYPE_CHECKING:
    from mailroom.playbooks.approvals.doing import Report
    from mailroom.store.approval_rows import StoredApproval

approvals_app = typer.Typer(help="Approvals: what waits for a person's yes.", rich_markup_mode=None)

Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of approvals.", show_default=False)]
Note = Annotated[str, typer.Option(help="Why, for the history.", show_default=False)]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="A condition such as verdict=spam or domain=evil.example; all must hold."),
]
_COLUMNS = ("id", "state", "kind", "targets", "proposer", "approver", "run", "until", "summary")
_WIDE = 200


@approvals_app.command("list")
def list_approvals(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most approvals shown.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List approvals that nobody has decided yet; with --all the newest of every state. Reads the store only."""
    from mailroom.store.approval_rows import UNDECIDED

    with desk.opened() as here:
        store = here.store.approvals
        rows = [line(one) for one in (store.newest(limit) if everything else store.list(states=UNDECIDED, limit=limit))]
    if as_json:
        output.print_json({"approvals": rows})
    elif rows:
        output.table("Approvals", _COLUMNS, [[row[name] for name in _COLUMNS] for row in rows], _WIDE)
    else:
        output.note("nothing waits for an approval")


@approvals_app.command("show")
def show(approval: Annotated[int, typer.Argument(help="Number of the approval.")], as_json: AsJson = False) -> None:
    """Show one approval: what it covers, what became of each action. Reads the store only."""
    from mailroom.playbooks.approvals.doing import report_of
    from mailroom.playbooks.approvals.showing import rows_of

    with desk.opened() as here:
        known = here.store.approvals.get(approval)
        rows = rows_of(here.store, known, limit=10_000)
        outcome = report_of(here.store, known)
    if as_json:
        done = [one.row() for one in outcome.outcomes]
        output.print_json(line(known) | {"reason": known.reason, "digest": known.digest, "actions": rows,
                                          "outcome": done})  # fmt: skip
        return
    _show(known, rows)
    show_outcome(outcome)


@approvals_app.command("request")
def request(
    by_mail: Annotated[bool, typer.Option("--mail/--no-mail", help="Ask the policy's approvers by mail.")] = True,
    as_json: AsJson = False,
) -> None:
    """Ask for an approval of every proposal that waits, take answers in, and do what was approved by mail.

    Ends what is over or has changed. Works without Prefect; together with `mailroom replies watch`, which reads the
    answers. Changes the tenant where an approver has said yes.
    """
    from mailroom.playbooks.approvals.round import request_approvals
    from mailroom.playbooks.ask import PostDesk

    with desk.opened() as here:
        asks = by_mail and here.has_mailbox and bool(here.policy().approvers)
        post = PostDesk(here.store, here.account) if asks else None
        report = request_approvals(here.desk(), post)
    counts = report.as_dict()
    if as_json:
        output.print_json(counts)
    else:
        shown = {name: value if isinstance(value, int) else len(value) for name, value in counts.items()}
        output.table("Approvals", tuple(shown), [list(shown.values())])
        for problem in report.problems:
            output.note(problem)
    if report.problems:
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def approve(
    approval: Numbers = None,
    where: Where = None,
    note: Note = "",
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be approved.")] = False,
    as_json: AsJson = False,
) -> None:
    """Approve what was proposed, and do it once. Changes the tenant.

    With --where, the proposals about the messages that fit are approved together: more than ten by somebody else (exit
    code 11), who runs the same command or names the approval. The same numbers again go on where a killed command
    stopped.
    """
    need_a_word(dry_run=dry_run, yes=yes, as_json=as_json)
    if bool(approval) == bool(where):
        raise InvalidInputError("say which: numbers of approvals, or --where with a condition")
    from mailroom.playbooks.approvals.requesting import needs_two

    results: list[dict[str, Any]] = []
    failed = False
    with desk.opened() as here:
        asked = _of_query(here, where, dry_run=dry_run) if where else None
        wanted = [asked[0]] if asked else [here.store.approvals.get(one) for one in approval or ()]
        for known in wanted:
            if dry_run or not as_json:
                from mailroom.playbooks.approvals.showing import rows_of

                rows = rows_of(here.store, known, action_ids=asked[1] if asked else None)
                if as_json:
                    results.append(line(known) | {"dry_run": True, "actions": rows})
                else:
                    _show(known, rows)
            if dry_run:
                continue
            if where and known.is_open and needs_two(known) and known.proposer == account():
                _leave_to_somebody_else(known, as_json=as_json)
            if known.is_open and not yes and not agreed("Approve it?"):
                output.note("nothing was decided")
                raise typer.Exit(Exit.OK)
            report = decide_and_do(here, known, note)
            failed = failed or bool(report.failed)
            if as_json:
                outcome = [one.row() for one in report.outcomes]
                results.append(line(report.approval) | {"counts": report.counts(), "outcome": outcome})
            else:
                show_outcome(report)
    if as_json:
        output.print_json({"approvals": results})
    if failed:
        output.fail("not everything was done; the same command does only what is missing")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def decline(
    approval: Annotated[int, typer.Argument(help="Number of the approval.")], note: Note = "", as_json: AsJson = False
) -> None:
    """Decline an approval: its proposals are closed, and the rules do not make them again. Changes the store only."""
    from mailroom.playbooks.approvals import deciding

    with desk.opened() as here:
        known = here.store.approvals.get(approval)
        done = deciding.decline(
            here.store, approval, digest=known.digest, by=account(), channel="command line", note=note
        )  # fmt: skip
        tell(here, done)
    if as_json:
        output.print_json(line(done))
    else:
        output.note(f"approval {approval} is {done.state}")


def decide_and_do(here: desk.Here, known: StoredApproval, note: str = "") -> Report:
    """Say yes in the name of this account, and carry out. Twice it goes on. Errors as the two steps."""
    from mailroom.playbooks.approvals import deciding
    from mailroom.playbooks.approvals.doing import carry_out_approved

    if known.is_open:
        known = deciding.approve(
            here.store, here.policy(), known.id, digest=known.digest, by=account(), channel="command line", note=note
        )  # fmt: skip
    try:
        return carry_out_approved(here.desk(), known.id)
    finally:
        tell(here, here.store.approvals.get(known.id))


def tell(here: desk.Here, known: StoredApproval) -> None:
    """Whoever waits for it elsewhere goes on; what cannot be told now, the playbook `request approvals` tells later."""
    if known.wait_id is None and not known.flow_run_id:
        return
    from mailroom.playbooks.approvals.by_mail import close_question

    if not known.flow_run_id:
        close_question(here.store, known)
        return
    from tasks._resume import resume_approval, resume_run  # Prefect; only where a run waits

    close_question(here.store, known, resume_run)
    try:
        said = resume_approval(known)
    except TransientError as error:
        said = str(error)
    if isinstance(said, str):
        output.note(said)
    else:
        here.store.approvals.told(known.id)


def _leave_to_somebody_else(known: StoredApproval, *, as_json: bool) -> NoReturn:
    if as_json:
        output.print_json({"approvals": [line(known)]})
    else:
        output.note(
            f"more than ten that one person chose need a second person: nothing was done; somebody else approves them "
            f"with `mailroom approve {known.id}`"
        )
    raise typer.Exit(Exit.WAITS)


def _of_query(here: desk.Here, where: list[str], *, dry_run: bool) -> tuple[StoredApproval, tuple[int, ...]]:
    """One approval of every proposal that fits, and these. More than rules put together are what this account chose."""
    from mailroom.playbooks.approvals.choosing import choose
    from mailroom.playbooks.approvals.requesting import request as ask_for
    from mailroom.playbooks.tenants import names_of
    from mailroom.triage.approvals import BULK

    found = choose(here.store, where, tenants=sorted(names_of(here.client, here.store)))
    ids = [
        action.id
        for one in found
        for action in here.store.ledger.for_alert(one.alert.id)
        if action.state == "proposed" and action.mode == "auto"
    ]
    chosen_by = account() if len(ids) > BULK else ""
    asked = ask_for(
        here.store, here.policy(), ids, proposer=chosen_by, proposed_by="account" if chosen_by else "name",
        dry_run=dry_run,
    )  # fmt: skip
    if asked.approval is None:
        reasons = "; ".join(sorted(set(asked.left_out.values()))[:3])
        raise NotFoundError(f"{len(found)} messages fit, and no proposal about them can be approved. {reasons}".strip())
    return asked.approval, asked.actions


def line(known: StoredApproval) -> dict[str, Any]:
    """One approval in a list."""
    return {
        "id": known.id or None, "state": known.state, "kind": known.kind, "targets": known.targets, "wide": known.wide,
        "proposer": known.proposer, "approver": known.approver, "channel": known.channel,
        "run": _run_of(known),
        "until": f"{known.expires_at:%Y-%m-%d %H:%M}Z", "summary": known.summary,
    }  # fmt: skip


def _run_of(known: StoredApproval) -> str:
    if known.flow_run_id:
        return "was told" if known.plan.get("told") else "waits"
    return f"ended {known.runs_ended} times" if known.runs_ended else ""


def _show(known: StoredApproval, rows: list[dict[str, Any]]) -> None:
    from mailroom.playbooks.approvals.requesting import needs_two

    columns = ("id", "action", "alert", "verdict", "domain", "subject", "why")
    named = f"Approval {known.id}" if known.id else "Would be asked"
    title = f"{named} ({known.state}): {known.summary}, proposed by {known.proposer}"
    output.table(title[:200], columns, [[row[name] for name in columns] for row in rows], _WIDE)
    if known.targets > len(rows):
        output.note(f"and {known.targets - len(rows)} more")
    if needs_two(known):
        output.note("wide: whoever proposed it cannot approve it")


def show_outcome(report: Report) -> None:
    """The one report."""
    if report.approval.state != "used":
        return
    output.table("Report", ("outcome", "actions"), list(report.counts().items()))
    worth = [one for one in report.outcomes if one.state != "applied"][:25]
    if worth:
        output.table("Not applied", tuple(worth[0].row()), [list(one.row().values()) for one in worth], _WIDE)
