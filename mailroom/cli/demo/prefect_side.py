"""Blocks, deployments and flow runs of the demo. Imported only after the demo's Prefect settings are in place."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.deployments import run_deployment
from prefect.utilities.processutils import command_to_string
from pydantic import SecretStr

from blocks import AlertStore, MailboxCredentials, MimecastCredentials, TriagePolicy
from blocks._sync import in_sync
from mailroom.cli import output
from mailroom.cli.demo.home import MAILBOX, MODES, RAILS
from mailroom.errors import EffectsFailedError, TransientError
from mailroom.triage.packaged import demo_lists

if TYPE_CHECKING:
    from mailroom.cli.demo.home import DemoHome

_POOL = "mailroom"
_TRIES = 3
_MOST_SECONDS = 900.0


def save_blocks(home: DemoHome, tenant: dict[str, Any]) -> None:
    """The blocks that the deployments name."""
    application = tenant["credentials_v2"]
    credentials = MimecastCredentials(
        api_root=tenant["url"],
        client_id=application["client_id"],
        client_secret=SecretStr(application["client_secret"]),
    )
    store = AlertStore(url=home.store_url, blobs=str(home.folder / "blobs"))
    policy = TriagePolicy(lists=[str(demo_lists())], **MODES, **RAILS)
    password = SecretStr(tenant["mail"]["accounts"][MAILBOX])
    mailbox = MailboxCredentials(**home.mailbox(tenant), password=password)
    for block in (credentials, mailbox, store, policy):
        in_sync(block.save, "default", overwrite=True)


def deploy(home: DemoHome) -> None:
    """Block types, work pool and every deployment of `deployments.yaml`."""
    _prefect(home, "block", "register", "-m", "blocks")
    _prefect(home, "work-pool", "create", _POOL, "--type", "process", "--overwrite")
    _start_runs_with_this_python()
    _prefect(home, "--no-prompt", "deploy", "--prefect-file", "deployments.yaml", "--all")


def schedules(*, on: bool) -> None:
    """Switch the schedules of all deployments: while the demo starts runs itself, they would only get in its way."""
    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments(limit=200):
            if any(schedule.active for schedule in deployment.schedules):
                (client.resume_deployment if on else client.pause_deployment)(deployment.id)


def _start_runs_with_this_python() -> None:
    """Name the command of the pool's runs, which saves each run the start of a Python that only prepares the next one.

    For the demo alone: its worker has this very environment; workers on other machines may have it elsewhere.
    """
    with get_client(sync_client=True) as client:
        template = client.read_work_pool(_POOL).base_job_template
        template["variables"]["properties"]["command"]["default"] = command_to_string(
            [sys.executable, "-m", "prefect.engine"]
        )
        client.update_work_pool(_POOL, WorkPoolUpdate(base_job_template=template))


def run(deployment: str, check: Callable[[], None] = lambda: None, **parameters: object) -> str:
    """Run a deployment to its end, saying what state it is in; `check` raises when waiting has become pointless.

    Returns:
        The flow run's id.

    Raises:
        EffectsFailedError: the run failed; the message is the run's own.
        TransientError: it did not end in time, or no worker took it.
    """
    for _ in range(_TRIES):
        flow_run_id = begin(deployment, **parameters)
        name, message = follow(flow_run_id, check)
        if name == "Completed":
            return flow_run_id
        if name not in {"Cancelled", "Cancelling"}:  # a scheduled run of the same deployment was just under way
            msg = f"{deployment}: {name}. {message}"
            raise EffectsFailedError(msg)
        time.sleep(5)
    msg = f"{deployment} was cancelled {_TRIES} times: another run of it is under way."
    raise TransientError(msg)


def begin(deployment: str, **parameters: object) -> str:
    """Start a run as the UI's button does; returns its id at once."""
    return str(in_sync(run_deployment, deployment, parameters=parameters, timeout=0, as_subflow=False).id)


def follow(
    flow_run_id: str, check: Callable[[], None] = lambda: None, until: frozenset[str] | set[str] = frozenset(),
    most_seconds: float = _MOST_SECONDS, *, quiet: bool = False,
) -> tuple[str, str]:  # fmt: skip
    """Say (unless `quiet`) what state a run is in until it ended or reached a state in `until`; name and message.

    Raises:
        TransientError: it did not end in time.
    """
    run_id, last = UUID(flow_run_id), ""
    deadline = time.monotonic() + most_seconds
    with get_client(sync_client=True) as client:
        flow = client.read_flow(client.read_flow_run(run_id).flow_id)
        while time.monotonic() < deadline:
            state = client.read_flow_run(run_id).state
            if state is not None and state.name != last:
                last = state.name or ""
                if not quiet:
                    output.console.print(f"      {flow.name}: {last}", style="dim")
            if state is not None and (state.is_final() or state.name in until):
                return state.name or "", state.message or ""
            check()
            time.sleep(0.5)
    msg = "The run did not end in time; the log of the worker says why."
    raise TransientError(msg)


def _prefect(home: DemoHome, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "prefect", *arguments], cwd=home.root, capture_output=True, text=True, check=False
    )
    (home.logs / "setup.log").open("a").write(done.stdout + done.stderr)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["nothing"]
        msg = f"`prefect {' '.join(arguments)}` failed: {said[-1][:500]}. More is in {home.logs / 'setup.log'}."
        raise TransientError(msg)
