"""`mailroom block-sender` and `mailroom expire-blocks`: a preview and a question before anything is done."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson, Yes
from mailroom.cli.person import account
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.playbooks.block_sender import BlockPlan

Dry = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
_WIDE = 400


class How(StrEnum):
    """How a sender is blocked."""

    AUTOMATIC = "automatic"
    MANAGED_SENDER = "managed sender"
    POLICY = "policy"


def block_sender(
    sender: Annotated[str, typer.Argument(help="Address or domain.", show_default="the alert's sender")] = "",
    alert: Annotated[str, typer.Option(help="The alert that shows why.", show_default=False)] = "",
    whole_domain: Annotated[bool, typer.Option("--whole-domain", help="Everybody there, not one address.")] = False,
    how: Annotated[How, typer.Option(help="One recipient's list, or a policy for everybody.")] = How.AUTOMATIC,
    recipient: Annotated[
        list[str] | None, typer.Option(help="Whose list; may be repeated.", show_default=False)
    ] = None,
    days: Annotated[int, typer.Option(help="Until it ends.", min=1, max=3650)] = 30,
    never_ends: Annotated[bool, typer.Option("--never-ends", help="Until somebody takes it back.")] = False,
    case: Annotated[str, typer.Option(help="Number of the case.", show_default=False)] = "",
    most_wanted_mail: Annotated[
        int, typer.Option(help="A domain with more mail to and fro in a month is not blocked.", min=0, max=1000)
    ] = 20,
    allow_uncounted: Annotated[
        bool, typer.Option("--allow-uncounted", help="A whole domain, also where the archive is refused.")
    ] = False,
    dry_run: Dry = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Block a sender with an end and a way back: shows what would be done, then asks. Changes the tenant.

    A block for a whole domain or for everybody becomes a proposal that somebody else approves (exit code 11).
    Refuses our own domains, partners, VIPs, forged senders, free-mail providers and public suffixes, and says what to
    block instead. `mailroom block` makes the bare change, without these checks.
    """
    need_a_word(dry_run=dry_run, yes=yes, as_json=as_json)
    from mailroom.playbooks import block_sender as blocking

    form = blocking.BlockForm(
        sender=sender, alert=alert, covers="whole domain" if whole_domain else "address", how=how.value,
        recipients=tuple(recipient or ()), days=days, never_ends=never_ends, case=case,
        requested_by=account(), most_wanted_mail=most_wanted_mail,
        allow_uncounted=allow_uncounted,
    )  # fmt: skip
    with desk.opened() as here:
        table = here.desk()
        plan = blocking.plan_block(table, form, tenant=here.tenant)
        if not as_json:
            _show(plan)
        if dry_run:
            _end(plan, [], as_json=as_json, dry_run=True)
            return
        blocking.raise_if_refused(plan)
        if plan.steps and not yes and not agreed("Do it?"):
            output.note("nothing was changed")
            raise typer.Exit(Exit.OK)
        if blocking.needs_somebody_else(here.policy(), plan):
            numbers, approval = blocking.ask_somebody_else(table, plan, "account")
            waiting: list[dict[str, object]] = [
                {"action": one, "state": "proposed", "detail": f"waits for approval {approval.id}"} for one in numbers
            ]
            _end(plan, waiting, as_json=as_json, dry_run=False)
            output.note(f"it is wide: nothing was changed; somebody else approves it: `mailroom approve {approval.id}`")
            raise typer.Exit(Exit.WAITS)
        results = blocking.block(table, plan)
    rows = [{"action": one.action_id, "state": one.state, "detail": one.detail} for one in results]
    _end(plan, rows, as_json=as_json, dry_run=False)
    if any(not one.is_done for one in results):
        output.fail("not everything was blocked; the same command does only what is missing")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def expire_blocks(
    permit_managed_senders: Annotated[
        bool, typer.Option(help="End blocks of single recipients too, by permitting the sender.")
    ] = False,
    dry_run: Dry = False,
    as_json: AsJson = False,
) -> None:
    """End what is ours and over: policies, URLs, group members. Changes the tenant; what others changed stays."""
    from mailroom.playbooks.expire_blocks import expire_blocks as expire

    with desk.opened() as here:
        found = expire(here.desk(), tenant=here.tenant, permit_managed_senders=permit_managed_senders, dry_run=dry_run)
    rows = [one.row() for one in found]
    if as_json:
        output.print_json({"dry_run": dry_run, "blocks": rows})
    elif rows:
        output.table("What is over", tuple(rows[0]), [list(row.values()) for row in rows], _WIDE)
    else:
        output.note("nothing of ours is due")
    if any(not one.is_well for one in found):
        output.fail("not everything was ended; the same command tries only these again")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def need_a_word(*, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Nobody can be asked where JSON is wanted. Raises InvalidInputError."""
    if as_json and not yes and not dry_run:
        raise InvalidInputError("with --json nobody can be asked: add --dry-run, or --yes to do it")


def agreed(question: str) -> bool:
    """Ask on the terminal; where nobody is there, the answer is no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        return False


def _show(plan: BlockPlan) -> None:
    rows = [("would be done", step.sentence) for step in plan.steps]
    rows += [("already blocked", text) for text in plan.already]
    rows += [("refused", refusal.text) for refusal in plan.refusals]
    rows += [("note", text) for text in plan.notes]
    output.table(f"Block {plan.subject.shown}", ("what", "detail"), rows, _WIDE)


def _end(plan: BlockPlan, rows: list[dict[str, object]], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        output.print_json({
            "dry_run": dry_run, **plan.counts(), "would_do": [step.sentence for step in plan.steps],
            "already": list(plan.already), "refusals": [refusal.text for refusal in plan.refusals],
            "notes": list(plan.notes), "results": rows,
        })  # fmt: skip
        return
    if rows:
        output.table("What became of it", ("action", "state", "detail"), [list(row.values()) for row in rows], _WIDE)
