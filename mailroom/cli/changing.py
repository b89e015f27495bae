"""What the commands that change the tenant share: once, a dry run, how it is shown, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.person import account
from mailroom.errors import RefusedError

if TYPE_CHECKING:
    from mailroom.effects.changes import ChangeResult, Preview

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and what is there; change nothing.")]
Again = Annotated[
    str, typer.Option(help="Any text: do it although it was done before.", metavar="WHY", show_default=False)
]
Until = Annotated[
    str, typer.Option(help="Its time is over then: ISO 8601, e.g. 2027-03-07T16:03Z.", show_default=False)
]

Ids = Annotated[bool, typer.Option("--ids", help="Show ids, whole, and little else.")]

Wish = Callable[[desk.Here], tuple[Mapping[str, Any], int | None]]


def change(
    kind: str,
    wish: Mapping[str, Any] | Wish,
    *,
    dry_run: bool,
    as_json: bool,
    again: str = "",
    until: str = "",
) -> None:
    """Make one change, once, or show what it would do; prints, and ends with the exit code that fits.

    Args:
        kind: As in the ledger.
        wish: Its parameters, or what finds out parameters and alert.
        dry_run: Only show it.
        as_json: For programs.
        again: Names a new wish.
        until: When its time is over.
    """
    from mailroom.mimecast.field_checks import checked_time
    from mailroom.playbooks import changes

    end = checked_time(until, "--until")
    with desk.opened() as here:
        parameters, alert_id = wish(here) if callable(wish) else (wish, None)
        if dry_run:
            show_preview(
                changes.preview(
                    here.client, here.store, kind, parameters, tenant=here.tenant, again=again, expires_at=end
                ),
                as_json,
            )
            return
        done = changes.change(
            here.desk(), kind, parameters, requested_by=account(), tenant=here.tenant, alert_id=alert_id,
            again=again, expires_at=end, proposed_by="account",
        )  # fmt: skip
    show(done, as_json)


def show(done: ChangeResult, as_json: bool) -> None:
    """Print an outcome and end with the exit code that fits.

    Raises:
        RefusedError: a rail said no.
    """
    from mailroom.effects.changes import change_of

    if as_json:
        output.print_json(done.as_json())
    else:
        output.console.print(output.plain(f"{done.state}: {done.detail} (action {done.action_id})", 1_000))
        for name in ("id", "code"):
            if done.is_done and done.result.get(name):
                output.console.print(output.plain(f"{name}: {done.result[name]}", 4_500))
        if done.expires_at is not None and done.is_done:
            only_reported = change_of(done.kind).only_reported
            then = f"reports it after that; {only_reported}" if only_reported else "takes it back after that"
            output.note(f"ends at {done.expires_at:%Y-%m-%d %H:%M} UTC: `mailroom expire-blocks` {then}")
    if done.is_done:
        return
    if done.state == "proposed":
        raise typer.Exit(Exit.WAITS)
    if done.state == "refused":
        raise RefusedError(done.detail)
    output.fail(f"not done: {done.detail}. The same command looks first and tries again where that is safe.")
    raise typer.Exit(Exit.NOT_ALL_APPLIED)


def show_preview(preview: Preview, as_json: bool) -> None:
    """Print a dry run."""
    if as_json:
        output.print_json(preview.as_json())
        return
    for line in preview.lines:
        output.console.print(output.plain(f"would: {line}", 1_000))
    if preview.there is not None and preview.there.detail:
        output.console.print(output.plain(f"there now: {preview.there.detail}", 1_000))
    if preview.recorded is not None:
        output.console.print(output.plain(f"done before by action {preview.recorded}; --again does it once more"))
    output.note("dry run: nothing was changed" + ("" if preview.would_send else ", and nothing would be"))
