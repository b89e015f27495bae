"""`mailroom rules`: the workbench for whoever writes rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.cli.person import account
from mailroom.errors import InvalidInputError
from mailroom.rulelang.folders import is_folder

if TYPE_CHECKING:
    from mailroom.playbooks.policy import Policy
    from mailroom.playbooks.workbench import Backtest, Change

rules_app = typer.Typer(
    name="rules", help="Test rules, try them on stored mail, see what they are worth.", no_args_is_help=True
)

_Rules = Annotated[
    list[Path] | None,
    typer.Option("--rules", help="These folders in place of the policy's own; as often as you like."),
]
_Json = AsJson
_WIDE = 600
_MOST_ROWS = 40


@rules_app.command("test")
def test(rules: _Rules = None, as_json: _Json = False) -> None:
    """Load rules and lists and run every test in them. Exit code 2 when one fails, with file and line."""
    with desk.opened() as here:
        ruleset = _with_rules(here.policy(), rules).ruleset()
    tests = sum(len(rule.document.data["tests"]) for rule in ruleset.rules)
    by_status: dict[str, int] = {}
    for rule in ruleset.rules:
        by_status[rule.status] = by_status.get(rule.status, 0) + 1
    if as_json:
        output.print_json({
            "rules": len(ruleset.rules), "tests": tests, "digest": ruleset.digest, "by_status": by_status,
            "warnings": list(ruleset.warnings),
        })  # fmt: skip
        return
    statuses = ", ".join(f"{number} {name}" for name, number in sorted(by_status.items()))
    output.console.print(f"{len(ruleset.rules)} rules ({statuses}), {tests} tests, all as expected")
    output.console.print(f"digest {ruleset.digest}")
    for warning in ruleset.warnings:
        output.note(f"warning: {warning}")


@rules_app.command("lint")
def lint(
    rules: _Rules = None,
    all_rules: Annotated[bool, typer.Option("--all", help="Look at the packaged rules too.")] = False,
    as_json: _Json = False,
) -> None:
    """Look for rules that load and may still not mean what you want. Hints only: the exit code is 0.

    Evaluation records of rules with status auto are compared with the decisions and labels in the store.
    """
    from mailroom.playbooks.workbench import lint as hints_of
    from mailroom.playbooks.workbench import unproven_records

    with desk.opened() as here:
        ruleset = _with_rules(here.policy(), rules).ruleset()
        hints = hints_of(ruleset, all_rules=all_rules)
        if any(rule.status == "auto" for rule in ruleset.rules):  # others need no store
            hints += unproven_records(here.store, ruleset)
    if as_json:
        rows = [{"where": one.where, "rule": one.rule_id, "text": one.text} for one in hints]
        output.print_json({"hints": rows})
        return
    for one in hints:
        output.console.print(
            output.plain(": ".join(part for part in (one.where, one.rule_id, one.text) if part), _WIDE)
        )
    output.note(f"{len(hints)} hints")


@rules_app.command("backtest")
def backtest(
    rules: _Rules = None,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Compare with these folders, not with the policy's own.")
    ] = None,
    only_labelled: Annotated[bool, typer.Option("--labels", help="Only mail with a label; quicker.")] = False,
    acknowledge: Annotated[
        Path | None, typer.Option(help="YAML file with changes that somebody accepts.", show_default=False)
    ] = None,
    days: Annotated[int, typer.Option(help="Only mail of so many days; 0 for all.", min=0, max=3660)] = 0,
    as_json: _Json = False,
) -> None:
    """Judge stored mail by other rules and show gained and lost matches, by label. Reads the store.

    Exit code 9 when a match is lost that was right, or one gained that is wrong, and nobody has acknowledged it.
    """
    from mailroom.playbooks import workbench

    accepted = workbench.read_acknowledged(acknowledge) if acknowledge else workbench.Acknowledged()
    now = datetime.now(UTC)
    with desk.opened() as here:
        policy = here.policy()
        before, after = _with_rules(policy, against).ruleset(), _with_rules(policy, rules).ruleset()
        with output.progress(as_json) as progress:
            found = workbench.backtest(
                here.store, before, after, now=now, only_labelled=only_labelled, progress=progress,
                since=now - timedelta(days=days) if days else None,
            )  # fmt: skip
    left = accepted.open_ones(found.matters)
    stale = accepted.stale(found.matters)
    if as_json:
        output.print_json(found.as_dict() | {"not_acknowledged": len(left) + found.not_shown, "stale": len(stale)})
    else:
        _show_backtest(found, left)
        for rule_id, kind, alert_id in stale[:_MOST_ROWS]:
            output.note(f"acknowledged and not happening: {rule_id} {kind} on alert {alert_id}")
    if left or found.not_shown:
        raise typer.Exit(Exit.CHECK_FAILED)


@rules_app.command("shadow")
def shadow(
    days: Annotated[int, typer.Option(help="How many days back.", min=1, max=3660)] = 30, as_json: _Json = False
) -> None:
    """Compare what the rules proposed with what people did, and rules in shadow with the labels. Reads the store."""
    from mailroom.playbooks.workbench import shadow_report

    with desk.opened() as here:
        report = shadow_report(here.store, days=days)
    if as_json:
        output.print_json(report.as_dict())
        return
    rows = [
        (name, one.proposed, one.agreed, one.disagreed, _share(one.agreement),
         ", ".join(f"{what} {number}" for what, number in one.did.most_common()))
        for name, one in sorted(report.actions.items())
    ]  # fmt: skip
    output.table(
        "Proposed and done by people", ("proposed", "mails", "agreed", "disagreed", "agreement", "value"), rows
    )
    gone = [(one.alert_id, one.proposed, one.did, ", ".join(one.rules)) for one in report.disagreements]
    if gone:
        output.table("Where people did otherwise", ("alert", "proposed", "did", "value"), gone)
    silent = [
        (f"{one.rule_id} v{one.version}", one.points, one.spoke, one.labelled, _share(one.precision))
        for one in report.shadow_rules
    ]
    if silent:
        output.table("Rules in shadow", ("rule", "points", "spoke", "labelled", "precision"), silent)


@rules_app.command("evaluate")
def evaluate(
    rule: Annotated[str, typer.Argument(help="Id of a rule.")],
    action: Annotated[str, typer.Option(help="What it should be allowed to cause, such as release or reject.")],
    by: Annotated[str, typer.Option(help="Who vouches for the labels; you, when left out.", show_default=False)] = "",
    as_json: _Json = False,
) -> None:
    """Count a rule's labelled decisions; prints the record for `status: auto`, or what is missing. Reads the store.

    Exit code 9 when the gate is not met.
    """
    from mailroom.playbooks import workbench

    now = datetime.now(UTC)
    with desk.opened() as here:
        found = workbench.evaluate(here.store, here.policy().ruleset(), rule, action)
    who = by or account()
    if as_json:
        record = found.record(who, now.date()) if found.is_earned else None
        output.print_json({
            "rule": found.rule_id, "version": found.version, "action": action, "decisions": found.decisions,
            "wrong": found.wrong, "unlabelled": found.unlabelled, "harm": found.harm, "earned": found.is_earned,
            "missing": found.missing, "record": record, "wrong_alerts": list(found.wrong_alerts),
        })  # fmt: skip
    elif found.is_earned:
        output.console.print(f"# {found.rule_id}, version {found.version}: up to {found.harm[1]:.2%} harm")
        output.console.print(found.as_yaml(who, now.date()), markup=False, end="")
    else:
        _show_missing(found.missing, found.unlabelled, found.wrong_alerts)
    if not found.is_earned:
        raise typer.Exit(Exit.CHECK_FAILED)


def _with_rules(policy: Policy, folders: list[Path] | None) -> Policy:
    """The policy with other rule folders of the site; the packaged rules stay if they are used."""
    if not folders:
        return policy
    from mailroom.triage.packaged import starter_rules

    for folder in folders:
        if not is_folder(folder):
            raise InvalidInputError(f"{folder} is not a folder")
    packaged = tuple(folder for folder in policy.rules if folder == starter_rules())
    return replace(policy, rules=packaged + tuple(folder.absolute() for folder in folders))


def _show_backtest(found: Backtest, left: list[Change]) -> None:
    output.console.print(f"{found.looked_at} mails judged twice, {found.labelled} of them labelled")
    output.console.print(f"rules {found.before[:12]} -> {found.after[:12]}")
    rows: list[tuple[Any, ...]] = []
    for name, one in sorted(found.rules.items()):
        for kind, counted in (("gained", one.gained), ("lost", one.lost)):
            rows += [(name, kind, label, number, _some(one.examples[kind])) for label, number in counted.most_common()]
    if rows:
        output.table("Matches", ("rule", "change", "label", "mails", "value"), rows)
    changed = [
        (old, new, label, number) for (old, new), labels in found.verdicts.items() for label, number in labels.items()
    ]
    if changed:
        output.table("Verdicts", ("before", "after", "label", "mails"), changed)
    proposed = [(old, new, number) for (old, new), number in found.proposals.most_common()]
    if proposed:
        output.table("Proposed actions", ("before", "after", "mails"), proposed)
    if not left:
        output.console.print("nothing right was lost and nothing wrong was gained that is not acknowledged")
        return
    from mailroom.playbooks.workbench import as_file

    lost = sum(one.kind == "lost" for one in left)
    output.fail(
        f"{lost} lost that were right, {len(left) - lost} gained that are wrong; correct the rule, or acknowledge:"
    )
    output.console.print(as_file(left[:_MOST_ROWS]), markup=False, end="")


def _show_missing(missing: str, unlabelled: int, wrong_alerts: tuple[int, ...]) -> None:
    output.fail(missing)
    if unlabelled:
        output.note(f"{unlabelled} further decisions have no label: `mailroom label ALERT LABEL`")
    if wrong_alerts:
        output.note(f"wrong: alerts {', '.join(map(str, wrong_alerts))}")


def _some(alerts: list[int]) -> str:
    return "alerts " + ", ".join(map(str, alerts))


def _share(found: tuple[float, float, float] | None) -> str:
    return f"{found[0]:.1%} ({found[1]:.1%} to {found[2]:.1%})" if found else ""
