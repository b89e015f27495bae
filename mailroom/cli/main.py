"""`mailroom`: the playbooks from a terminal, with or without Prefect.

Exit codes: 0 done, 1 unforeseen, 2 wrong arguments or settings, 3 no access, 4 try again later, 5 another worker is
busy, 6 not every action was applied, 7 the store cannot be used, 8 not found, 9 a check failed,
10 a safety rail said no.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from mailroom import __version__
from mailroom.cli import desk, output
from mailroom.cli.actions import actions_app
from mailroom.cli.approvals import approvals_app, approve, decline
from mailroom.cli.archive_part import archive_app
from mailroom.cli.ask_recipient import ask_recipient, ask_recipients
from mailroom.cli.block_sender import block_sender, expire_blocks
from mailroom.cli.bulk import bulk_app
from mailroom.cli.campaign import campaign_app
from mailroom.cli.case_playbooks import case_app
from mailroom.cli.check import check
from mailroom.cli.demo import demo
from mailroom.cli.dispose import overturn, reject, release
from mailroom.cli.exits import Exit, exit_for
from mailroom.cli.explain import explain
from mailroom.cli.group import group_app
from mailroom.cli.handle_report import handle_report
from mailroom.cli.hashes import hash_app
from mailroom.cli.ingest import ingest_app
from mailroom.cli.investigate import investigate
from mailroom.cli.label import label
from mailroom.cli.mail_rules import mail_rules_app
from mailroom.cli.mail_stored import mail_app
from mailroom.cli.mimecast_threats import mimecast_app
from mailroom.cli.policy import policy_app
from mailroom.cli.pull_back import remediate_incident
from mailroom.cli.remediate import remediate
from mailroom.cli.replies import ask, replies_app
from mailroom.cli.retry import retry
from mailroom.cli.rules import rules_app
from mailroom.cli.sandbox import run_sandbox
from mailroom.cli.senders import block, permit, report
from mailroom.cli.stats import stats
from mailroom.cli.triage import triage
from mailroom.cli.triage_report import triage_report
from mailroom.cli.undo import undo
from mailroom.cli.urls import url_app
from mailroom.cli.wall import wall_app
from mailroom.errors import MailroomError
from mailroom.redact import guard_logging
from mailroom.triage import RuleError

app = typer.Typer(
    name="mailroom",
    help="Mail-security playbooks: held messages and mailboxes become alerts; people are asked by mail.",
    epilog="Exit codes: 0 done · 1 unforeseen · 2 wrong arguments or settings · 3 no access · 4 try again later · "
    "5 another worker is busy · 6 not every action was applied · 7 the store cannot be used · 8 not found · "
    "9 a check failed · 10 a safety rail said no · 11 somebody else has to approve it",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(actions_app, name="actions")
app.add_typer(approvals_app, name="approvals")
app.add_typer(archive_app, name="archive")
app.add_typer(bulk_app, name="bulk")
app.add_typer(ingest_app, name="ingest")
app.add_typer(mail_app, name="mail")
app.add_typer(mail_rules_app, name="mail-rules")
app.add_typer(campaign_app, name="campaign")
app.add_typer(mimecast_app, name="mimecast")
app.add_typer(group_app, name="group")
app.add_typer(hash_app, name="hash")
app.add_typer(policy_app, name="policy")
app.add_typer(rules_app, name="rules")
app.add_typer(url_app, name="url")
app.add_typer(replies_app, name="replies")
app.add_typer(case_app, name="case")
app.add_typer(wall_app, name="wall")
app.command("ask")(ask)
app.command("ask-recipient")(ask_recipient)
app.command("ask-recipients")(ask_recipients)
app.command("block-sender")(block_sender)
app.command("expire-blocks")(expire_blocks)
app.command("remediate")(remediate)
app.command("handle-report")(handle_report)
app.command("demo")(demo)
app.command("sandbox")(run_sandbox)
app.command("check")(check)
app.command("triage")(triage)
app.command("triage-report")(triage_report)
app.command("retry")(retry)
app.command("explain")(explain)
app.command("investigate")(investigate)
app.command("release")(release)
app.command("reject")(reject)
app.command("approve")(approve)
app.command("decline")(decline)
app.command("block")(block)
app.command("permit")(permit)
app.command("report")(report)
app.command("remediate-incident")(remediate_incident)
app.command("overturn")(overturn)
app.command("label")(label)
app.command("stats")(stats)
app.command("undo")(undo)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailroom {__version__}")
        raise typer.Exit


@app.callback()
def options(
    home: Annotated[
        Path | None, typer.Option(help="Folder with mailroom.toml, the database and the blobs.", show_default=False)
    ] = None,
    blocks: Annotated[
        str, typer.Option(help="Take credentials, store and policy from the Prefect blocks of this name.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the library logs.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Options that every command understands."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(message)s"
    )
    guard_logging("mailroom")
    desk.choose(home=home, blocks=blocks)


def run() -> None:
    """Entry point: errors become one sentence and an exit code."""
    try:
        app(standalone_mode=True)
    except MailroomError as error:
        for line in error.lines if isinstance(error, RuleError) else (str(error),):
            output.fail(line)
        sys.exit(exit_for(error))
    except KeyboardInterrupt:
        output.fail("stopped; what was done is kept, and the same command goes on from there")
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    run()
