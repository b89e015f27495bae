"""The command: start everything, run the playbook, show what happened, and (unless asked to end) keep it running."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from mailroom.cli import output
from mailroom.cli.demo.home import DemoHome
from mailroom.cli.demo.processes import Children
from mailroom.cli.exits import Exit


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after one run; the last line is one JSON object.")] = False,
    messages: Annotated[int, typer.Option(help="How many messages the sandbox's hold queue starts with.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same queue.")] = 7,
    state: Annotated[Path, typer.Option(help="Folder of the demo: its databases, its sandbox, its logs.")] = Path(
        ".mailroom/demo"
    ),
) -> None:
    """Run the main job on a sandbox tenant: hold queue, alerts, verdicts, actions, all visible in the Prefect UI.

    Starts a sandbox tenant, a Prefect server and a worker on this machine, deploys the flows and runs the playbook.
    No real mail, no account, no internet. Running it again goes on where it ended.
    """
    started = time.monotonic()
    home = DemoHome(state.resolve(), messages, seed)
    children = Children(home.logs)
    for number in (signal.SIGINT, signal.SIGTERM):  # however it is stopped, it ends what it started
        signal.signal(number, signal.default_int_handler)
    try:
        with home.lock(), children:
            counts = _run(home, children, started)
            if once:
                output.print_json(counts)
                return
            _schedules_on()
            output.console.print(f"\nThe Prefect UI: {home.ui}   (Ctrl-C ends the demo; what was done is kept)")
            children.wait()
    except KeyboardInterrupt:
        output.note("demo ended; `make demo` goes on from here")
        raise typer.Exit(Exit.OK) from None


def _schedules_on() -> None:
    from mailroom.cli.demo import prefect_side  # imports prefect: only after its settings are in place

    prefect_side.schedules(on=True)


def _run(home: DemoHome, children: Children, started: float) -> dict[str, Any]:
    say = output.console.print
    say("[1/8] a Mimecast tenant with a hold queue, and a mail server with people, on this machine")
    tenant = children.start_sandbox(home)
    say(f"      {tenant['held']} held entries at {tenant['url']}")
    home.write_settings(tenant)
    say("[2/8] a Prefect server on SQLite (10 to 20 seconds)")
    os.environ.update(home.prefect_environment())  # before anything imports prefect
    children.start_server(home)
    say(f"      {home.ui}")
    say("[3/8] blocks, deployments and a worker")
    from mailroom.cli.demo import prefect_side  # imports prefect, which reads the environment set above

    prefect_side.save_blocks(home, tenant)
    prefect_side.deploy(home)
    prefect_side.schedules(on=False)
    children.start_worker(home)
    say("[4/8] playbook: check connections")
    prefect_side.run("check connections/on demand", children.check)
    say("[5/8] playbook: ingest held messages then triage")
    flow_run_id = prefect_side.run("ingest held messages then triage/hourly", children.check)
    say("[6/8] playbooks: send email and wait for reply; ask recipient about held message")
    from mailroom.cli.demo import asking, people

    asked = asking.ask_and_wait(home, tenant, children.check)
    say("[7/8] playbooks: ingest mailbox; handle reported phish, which a user has just forwarded")
    # After the questions: their answers are no alerts, and a second demo finds nothing new.
    mail_run, reported = people.report_phish(home, tenant, children.check)
    say("[8/8] playbooks: request approvals, approve action (a script fills in the forms)")
    approved = people.approve(home, children.check)
    counts = home.counts(flow_run_id) | asked | {"mailbox": home.mailbox_counts(mail_run)}
    counts |= {"reported": reported, "approvals": approved}
    counts["seconds"] = round(time.monotonic() - started, 1)
    home.show(counts)
    return counts
