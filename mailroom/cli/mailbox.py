"""`mailroom ingest mailbox`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.connectors.held import Progress as ProgressCall
    from mailroom.connectors.mailbox import MailboxReport, Preview
    from mailroom.playbooks.mail_rules import MailRulesReport

COLUMNS = ("fetched", "alerted", "duplicate", "filtered", "quarantined", "gone", "waiting", "seconds")


def mailbox(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be fetched; store nothing, mark nothing.")
    ] = False,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Take the whole backlog at once, without limit on number and time.")
    ] = False,
    folders: Annotated[str, typer.Option(help="Folders to check, separated by commas.", show_default=False)] = "",
    max_messages: Annotated[
        int, typer.Option(help="Most mails this time; 0 = no limit.", show_default=False, min=-1)
    ] = -1,
    as_json: AsJson = False,
) -> None:
    """Turn the mailbox's new mail into alerts, each mail once, and apply the rules of [mail_rules] to them.

    What to fetch stands in [intake] of mailroom.toml.
    """
    from mailroom.connectors.mailbox import ingest_mailbox, preview_mailbox  # other commands do without

    if dry_run and catch_up:
        raise InvalidInputError("--dry-run only looks and --catch-up takes everything: choose one")
    with desk.opened() as here:
        form = here.settings.intake
        given: dict[str, Any] = {"folders": folders} if folders else {}
        if max_messages >= 0:
            given["max_per_cycle"] = max_messages
        settings = dataclasses.replace(form, **given).settings()
        if dry_run:
            rows = preview_mailbox(here.account, here.store, settings, tenant=form.tenant)
            _show_preview(rows, as_json=as_json)
            return
        with output.progress(as_json) as progress:
            report = ingest_mailbox(
                here.account, here.store, settings, tenant=form.tenant, catch_up=catch_up, progress=progress
            )
            rules = _apply_rules(here, report.alerted, progress)
    _show(report, rules, as_json=as_json)


def _apply_rules(here: desk.Here, alerted: int, progress: ProgressCall) -> MailRulesReport | None:
    """Put the new mails into campaigns and apply the rules, where there are any."""
    if alerted:
        from mailroom.playbooks.campaigns import group_new  # an idle cycle does without

        group_new(here.store)
    if not here.settings.mail_rules.rules:
        return None
    from mailroom.cli.mail_rules import applied, loaded

    ruleset, templates = loaded(here, None)
    return applied(here, ruleset, templates, progress=progress)


def _show(report: MailboxReport, rules: MailRulesReport | None, *, as_json: bool) -> None:
    counts = report.counts() | {"waiting": report.waiting, "seconds": round(report.seconds, 2)}
    if as_json:
        folders = [
            {"folder": one.folder, "fetched": one.fetched, **one.counts, "waiting": one.waiting}
            for one in report.folders
        ]
        more = {"rules": rules.counts()} if rules is not None else {}
        output.print_json(counts | {"unmarked": report.unmarked, "rebuilt": report.rebuilt, "folders": folders} | more)
        return
    output.table("Mailbox", COLUMNS, [[counts[name] for name in COLUMNS]])
    for folder in report.rebuilt:
        output.note(f"{folder} was rebuilt on the server; its mails were compared with what is stored")
    if report.unmarked:
        output.note(f"{report.unmarked} mails could not be marked as read; the next cycle tries again")
    if report.waiting:
        output.note(f"{report.waiting} mails wait for the next cycle; --catch-up takes them all at once")
    if rules is not None:
        from mailroom.cli.mail_rules import show_counts

        show_counts(rules)


def _show_preview(rows: list[Preview], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"would_fetch": len(rows), "mails": [dataclasses.asdict(row) for row in rows]})
        return
    cells = [
        (row.folder, row.uid, f"{row.received_at:%Y-%m-%d %H:%M}", row.sender, row.subject, row.outcome, row.reason)
        for row in rows
    ]
    columns = ("folder", "UID", "received (UTC)", "sender", "subject", "would be", "why")
    output.table(f"{len(rows)} mails would be fetched; nothing was changed", columns, cells)
