"""What `triage` and `retry` share: carrying out, showing, and the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.effects.kinds import KINDS
from mailroom.playbooks.report import counts_of, folded, table_rows

if TYPE_CHECKING:
    from mailroom.connectors.report import Progress
    from mailroom.playbooks.triage import TriageReport, Wanted
    from mailroom.store.actions import ActionResult

_SHOWN = 25
_WELL = {"applied", "already_done"}


def carry_out(here: desk.Here, to_do: Sequence[Wanted], progress: Progress) -> list[ActionResult]:
    """Carry out what is wanted, in batches, with progress."""
    if not to_do:
        return []
    from mailroom.playbooks import act  # an idle cycle does without

    done = 0

    def settled(results: list[ActionResult]) -> None:
        nonlocal done
        done += len(results)
        progress("actions", min(done, len(to_do)), len(to_do))

    return act.carry_out_wanted(here.desk(), [wanted.action_id for wanted in to_do], on_settled=settled)


def show(
    here: desk.Here,
    report: TriageReport,
    results: Sequence[ActionResult],
    *,
    dry_run: bool,
    as_json: bool,
    ingested: Mapping[str, Any] | None = None,
) -> None:
    """Print what was decided and done."""
    outcomes = _outcomes(report, results)
    unknown = len(here.store.ledger.open_effects(states=("unknown",), kinds=KINDS))
    counts = counts_of({}, report.verdicts, outcomes, unknown=unknown, seconds=report.seconds)
    if report.run_id:
        here.store.runs.finish(report.run_id, "completed", {"triaged": report.triaged, "actions": counts["actions"]})
    if as_json:
        kept = ("verdicts", "actions", "unknown", "seconds")
        planned = {"triaged": report.triaged, "planned": report.planned, "dry_run": dry_run}
        output.print_json(
            dict(ingested or {}) | planned | {name: counts[name] for name in kept} | {"warnings": report.warnings}
        )
        return
    rows = folded(report.preview if dry_run else table_rows(here.store, report.alert_ids, 10 * _SHOWN), _SHOWN)
    if rows:
        columns = tuple(rows[0])
        title = f"{report.triaged} alerts triaged" + (" (dry run: nothing was written)" if dry_run else "")
        output.table(title, columns, [[row[name] for name in columns] for row in rows])
    output.table("Verdicts", ("verdict", "messages"), list(report.verdicts.items()))
    output.table("Rulings", ("ruling", "messages"), list(report.planned.items()))
    if counts["actions"]:
        output.table("Actions", ("action", "messages"), list(counts["actions"].items()))
    for warning in report.warnings:
        output.note(warning)


def exit_if_not_applied(results: Sequence[ActionResult], *, refused_is_well: bool = True) -> None:
    """End with exit code 6 when something that was wanted did not happen."""
    well = _WELL | {"refused"} if refused_is_well else _WELL
    bad = [result for result in results if result.state not in well]
    if bad:
        output.fail(f"{len(bad)} actions were not applied; first: {bad[0].detail}. `mailroom retry` takes them up.")
        raise typer.Exit(Exit.NOT_ALL_APPLIED)


def _outcomes(report: TriageReport, results: Sequence[ActionResult]) -> list[dict[str, str]]:
    kinds = {wanted.action_id: wanted.kind for wanted in report.to_do}
    return [{"kind": kinds.get(result.action_id, "action"), "state": result.state} for result in results]
