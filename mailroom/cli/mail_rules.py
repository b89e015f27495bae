"""`mailroom mail-rules ...`: rules on mail that came into the mailbox."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.known_word import known_word
from mailroom.cli.options import AsJson
from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.cases.mail_rules import MailRuleSet
    from mailroom.cli.desk import Here
    from mailroom.connectors.held import Progress as ProgressCall
    from mailroom.playbooks.mail_rules import MailRulesReport
    from mailroom.playbooks.mail_rules.loading import Templates

Folders = Annotated[
    list[str] | None,
    typer.Option("--rules", help="Folder of rules, or starter; several times for more.", show_default="[mail_rules]"),
]
COUNTS = ("looked_at", "matched", "unknown", "done", "failed", "waiting", "incidents")
_WIDE = 300

mail_rules_app = typer.Typer(
    help="Rules on mail: what becomes an incident, joins one, starts a playbook.", no_args_is_help=True,
    rich_markup_mode=None,
)  # fmt: skip


@mail_rules_app.callback()
def _mail_rules() -> None:
    """Rules on mail. `mailroom ingest mailbox` applies those of [mail_rules] in mailroom.toml after each cycle."""


@mail_rules_app.command("list")
def show(rules: Folders = None, as_json: AsJson = False) -> None:
    """Show the rules, in the order in which they act, and how often they held. Reads only."""
    with desk.opened() as here:
        ruleset, _ = loaded(here, rules)
        counts = here.store.mail_rules.counts()
    rows = [
        {
            "id": rule.id, "version": rule.version, "enabled": rule.enabled, "title": rule.title, "owner": rule.owner,
            "actions": [one.do for one in rule.actions], "where": rule.where,
            "done": counts.get((rule.id, "done"), 0), "open": counts.get((rule.id, "open"), 0),
            "failed": counts.get((rule.id, "failed"), 0), "unknown": counts.get((rule.id, "unknown"), 0),
        }
        for rule in ruleset.rules
    ]  # fmt: skip
    if as_json:
        output.print_json({"digest": ruleset.digest, "rules": rows, "warnings": list(ruleset.warnings)})
        return
    columns = ("rule", "version", "on", "title", "actions", "done", "open", "failed", "unknown")
    cells = [
        (row["id"], row["version"], "yes" if row["enabled"] else "no", row["title"],
         ", ".join(one.do for one in rule.actions), *(row[name] for name in columns[5:]))
        for row, rule in zip(rows, ruleset.rules, strict=True)
    ]  # fmt: skip
    output.table(f"{len(rows)} rules on mail", columns, cells, _WIDE)
    for warning in ruleset.warnings:
        output.note(warning)


@mail_rules_app.command("test")
def test(rules: Folders = None, as_json: AsJson = False) -> None:
    """Run the tests inside the rule files. Exit code 2, and file and line, when one does not come out as it says."""
    with desk.opened() as here:
        ruleset, _ = loaded(here, rules)
    tests = sum(len(rule.document.data["tests"]) for rule in ruleset.rules)
    if as_json:
        output.print_json({"rules": len(ruleset.rules), "tests": tests, "digest": ruleset.digest})
    else:
        output.note(f"{tests} tests of {len(ruleset.rules)} rules came out as they say")


@mail_rules_app.command("lint")
def lint(
    folder: Annotated[Path, typer.Argument(help="Folder of rules; nothing else is read.")],
    as_json: AsJson = False,
) -> None:
    """Check a folder of rules: form, fields, what they name, tests. Exit code 2 names the wrong files and lines."""
    with desk.opened() as here:
        ruleset, _ = loaded(here, [str(folder)])
    if as_json:
        output.print_json({"rules": [rule.id for rule in ruleset.rules], "warnings": list(ruleset.warnings)})
        return
    output.note(f"{len(ruleset.rules)} rules in {folder}: nothing is wrong")
    for warning in ruleset.warnings:
        output.note(warning)


@mail_rules_app.command("apply")
def apply(
    rules: Folders = None,
    days: Annotated[
        float, typer.Option(help="Only mail stored within so many days; 0 = any.", show_default="[mail_rules]")
    ] = -1.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply the rules to every stored mail they were not applied to yet, each mail once. Writes the store."""
    with desk.opened() as here, output.progress(as_json) as progress:
        ruleset, templates = loaded(here, rules)
        report = applied(here, ruleset, templates, days=days, dry_run=dry_run, progress=progress)
    if as_json:
        matches = [
            {"alert": one.alert_id, "rule": one.rule_id, "answer": one.answer, "actions": list(one.actions),
             "missing": list(one.missing)}
            for one in report.matches
        ]  # fmt: skip
        output.print_json(report.counts() | {"by_rule": report.by_rule} | ({"matches": matches} if dry_run else {}))
        return
    if dry_run:
        cells = [
            (one.alert_id, one.rule_id, one.answer, ", ".join(one.actions or one.missing)) for one in report.matches
        ]
        title = f"{report.looked_at} mails: what rules would do; nothing was changed"
        output.table(title, ("alert", "rule", "holds", "actions, or what is not known"), cells, _WIDE)
        return
    show_counts(report)


@mail_rules_app.command("hits")
def hits(
    alert: Annotated[int | None, typer.Option(help="Of this alert.", min=1)] = None,
    rule: Annotated[str, typer.Option(help="Of this rule.", show_default=False)] = "",
    state: Annotated[str, typer.Option(help="open, done, failed or unknown.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="Most rows, the newest.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show which rules held for which mails, and what became of their actions. Reads only."""
    from mailroom.store.mail_rules import STATES

    known_word(state, STATES, "--state")
    with desk.opened() as here:
        found = here.store.mail_rules.hits(alert_id=alert, rule_id=rule, state=state, limit=limit)
    rows = [
        {
            "id": one.id, "alert": one.alert_id, "rule": one.rule_id, "version": one.rule_version, "state": one.state,
            "at": one.created_at.isoformat(), "results": one.results, "detail": one.detail,
        }
        for one in found
    ]  # fmt: skip
    if as_json:
        output.print_json({"hits": rows})
        return
    cells = [
        (one.id, one.alert_id, one.rule_id, one.state, f"{one.created_at:%Y-%m-%d %H:%M}", _outcomes(one.results),
         one.detail)
        for one in found
    ]  # fmt: skip
    output.table(f"{len(rows)} hits", ("hit", "alert", "rule", "state", "at (UTC)", "actions", "detail"), cells, _WIDE)


@mail_rules_app.command("retry")
def retry(
    hit: Annotated[list[int], typer.Argument(help="Numbers of failed hits; `mailroom mail-rules hits` shows them.")],
    as_json: AsJson = False,
) -> None:
    """Let the next round try the actions of failed hits again. What is done already is not done again."""
    with desk.opened() as here:
        reopened = here.store.mail_rules.reopen(hit, who="analyst")
    if as_json:
        output.print_json({"reopened": reopened})
    else:
        output.note(f"{reopened} hits are tried again by the next `mailroom mail-rules apply`")
    if not reopened:
        raise typer.Exit(Exit.NOT_FOUND)


def loaded(here: Here, folders: list[str] | None) -> tuple[MailRuleSet, Templates]:
    """The rules of these folders, or of the settings, or the packaged ones; and the templates they may name."""
    from mailroom.playbooks.mail_rules import load_checked

    section = here.settings.mail_rules
    wanted = folders or here.settings.mail_rule_folders(section.rules) or ["starter"]
    lists: list[Path | str] = [*here.policy().lists, *here.settings.mail_rule_folders(section.lists)]
    return load_checked(wanted, lists, templates=here.settings.incident_templates())


def applied(
    here: Here, ruleset: MailRuleSet, templates: Templates, *, days: float = -1.0, dry_run: bool = False,
    progress: ProgressCall = lambda _step, _done, _total: None,
) -> MailRulesReport:  # fmt: skip
    """One round over the mails of the configured mailbox, or of every mailbox where none is configured."""
    from mailroom.playbooks.mail_rules import apply_mail_rules

    account = here.account if here.has_mailbox else None
    period = here.settings.mail_rules.days if days < 0 else days
    if not period >= 0:  # nan as well
        raise InvalidInputError(f"days {period:g}: write a number of days; 0 means mail of any age")
    since = SYSTEM_CLOCK.now() - timedelta(days=min(period, 100_000)) if period else None
    tenant = (here.settings.intake.tenant or account.address) if account else ""
    return apply_mail_rules(
        here.store, ruleset, templates, account=account, tenant=tenant, since=since, dry_run=dry_run, progress=progress
    )


def show_counts(report: MailRulesReport) -> None:
    """The numbers of a round as a table."""
    counts = report.counts()
    output.table("Rules on mail", COUNTS, [[counts[name] for name in COUNTS]])
    for warning in report.warnings:
        output.note(warning)
    if report.failed:
        output.note("`mailroom mail-rules hits --state failed` says why; `mailroom mail-rules retry` tries them again")


def _outcomes(results: list[dict[str, object]]) -> str:
    return ", ".join(
        f"{one['do']}: {one['outcome']}" + (f" (incident {one['case']})" if one.get("case") else "") for one in results
    )
