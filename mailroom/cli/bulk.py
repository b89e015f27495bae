"""`mailroom bulk release|reject|report`: choose by query, preview, act once, one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.approvals import Where, decide_and_do, line, show_outcome
from mailroom.cli.block_sender import agreed, need_a_word
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson, Yes
from mailroom.cli.person import account

if TYPE_CHECKING:
    from mailroom.playbooks.approvals.bulk import Plan, What

bulk_app = typer.Typer(help="Many held messages at once, chosen by a query.", rich_markup_mode=None)

Preview = Annotated[bool, typer.Option("--preview", help="Only show what would be done.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="More messages than this are refused.")]
Propose = Annotated[bool, typer.Option("--propose", help="Only ask for the approval; somebody else decides.")]
_SHOWN = 50
_WIDE = 200


@bulk_app.command("release")
def release(
    where: Where = None, preview: Preview = False, propose: Propose = False, limit: Limit = 500, yes: Yes = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Release many held messages. Changes the tenant; final.

    What is unproven or harmful is left out and shown. More than ten need the approval of somebody else.
    """
    _bulk("release", {}, where, preview=preview, propose=propose, limit=limit, yes=yes, as_json=as_json)


@bulk_app.command("reject")
def reject(
    where: Where = None,
    note: Annotated[str, typer.Option(help="Text of the rejection notice.")] = "",
    reason: Annotated[str, typer.Option(help="As in the product's drop-down.")] = "Select One",
    preview: Preview = False,
    propose: Propose = False,
    limit: Limit = 500,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Reject many held messages; senders are not told. Changes the tenant; final."""
    wanted = {"note": note, "reason": reason, "notify_sender": False}
    _bulk("reject", wanted, where, preview=preview, propose=propose, limit=limit, yes=yes, as_json=as_json)


@bulk_app.command("report")
def report(
    where: Where = None,
    report_as: Annotated[str, typer.Option("--as", help="Spam, Malware or Phishing.")] = "Spam",
    comment: Annotated[str, typer.Option(help="For the analysts.")] = "",
    preview: Preview = False,
    propose: Propose = False,
    limit: Limit = 500,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Report many held messages to Mimecast (API 1.0 only). Cannot be withdrawn."""
    wanted = {"report_as": report_as, "comment": comment}
    _bulk("report", wanted, where, preview=preview, propose=propose, limit=limit, yes=yes, as_json=as_json)


def _bulk(
    what: What, parameters: dict[str, Any], where: list[str] | None, *, preview: bool, propose: bool, limit: int,
    yes: bool, as_json: bool,
) -> None:  # fmt: skip
    need_a_word(dry_run=preview or propose, yes=yes, as_json=as_json)
    from mailroom.effects import changes
    from mailroom.playbooks.approvals.bulk import plan_bulk, propose_bulk
    from mailroom.playbooks.harmless import harmless
    from mailroom.playbooks.tenants import names_of

    who = account()
    with desk.opened() as here:
        if what == "report":  # nobody need choose, look and approve for what this tenant's API does not have
            changes.change_of("report_message").check_now(here.client, {})
        plan = plan_bulk(
            here.store, here.policy(), what, where or [], proposer=who, parameters=parameters, limit=limit,
            tenants=sorted(names_of(here.client, here.store)),
        )  # fmt: skip
        if not as_json:
            _show(plan)
        if preview or not plan.lines:
            if as_json:
                output.print_json({"preview": True, "messages": [one.row() for one in plan.lines]})
            return
        if not propose and not yes and not agreed(f"{what} {len(plan.wanted)} messages?"):
            output.note("nothing was changed")
            raise typer.Exit(Exit.OK)
        found = propose_bulk(here.store, here.policy(), plan, proposed_by="account")
        asked = found.approval
        left_out = [{"alert": alert, "why": harmless(why, 200)} for alert, why in sorted(found.left_out.items())]
        if left_out and not as_json:
            output.table("Left out", ("alert", "why"), [list(one.values()) for one in left_out[:_SHOWN]], _WIDE)
        waits = asked.is_open and asked.wide
        if propose or waits:
            if as_json:
                output.print_json({"approval": line(asked), "left_out": left_out})
            else:
                more = " by somebody else, because it is wide" if asked.wide else ""
                output.note(f"approval {asked.id} waits for a yes{more}: `mailroom approve {asked.id}`")
            raise typer.Exit(Exit.OK if propose else Exit.WAITS)
        done = decide_and_do(here, asked)
    if as_json:
        output.print_json({"approval": line(done.approval), "counts": done.counts(), "left_out": left_out})
    else:
        show_outcome(done)
    if done.failed:
        output.fail(f"not everything was done; `mailroom approve {asked.id}` does only what is missing")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def _show(plan: Plan) -> None:
    if not plan.lines:
        output.note("no open held message fits")
        return
    rows = [one.row() for one in plan.lines[:_SHOWN]]
    title = f"{plan.what}: {len(plan.wanted)} messages, {len(plan.lines) - len(plan.wanted)} left out"
    output.table(title, tuple(rows[0]), [list(row.values()) for row in rows], _WIDE)
    if len(plan.lines) > _SHOWN:
        output.note(f"and {len(plan.lines) - _SHOWN} more")
