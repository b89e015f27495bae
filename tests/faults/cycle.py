"""The whole playbook once, as a process that a test can kill: ingest, look up, triage, carry out.

    python cycle.py once      one cycle; everything it needs stands in the environment (see `Wanted`)
    python cycle.py serve     a warm parent that forks one such process per line on its standard input

The parent has everything imported and the rules loaded, so a child starts within milliseconds. It is single-threaded
and holds no connection: what it forks is as good as a fresh process, and SIGKILL really kills it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mailroom.faults
from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.connectors.tracked import TrackedSettings, ingest_tracked
from mailroom.errors import MailroomError
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.playbooks import act
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.store import Store
from mailroom.triage.packaged import demo_lists

PREFIX = "CYCLE_"
MODES = {"release": "auto", "reject": "auto"}


@dataclass(frozen=True)
class Wanted:
    """What the environment says.

    Attributes:
        url: Of the tenant.
        client_id: OAuth client.
        client_secret: Its secret.
        store: Of the store.
        blobs: Folder of raw bytes.
        steps: Which of ingest, track, look_up, triage, act; comma-separated.
        each: "1" carries out one action at a time, as the flow does, instead of batches.
        held: JSON with fields of `HeldSettings`.
        tracked: JSON with fields of `TrackedSettings`, for the step `track`.
        catch_up: "1" lets that step take the whole backlog.
        client: JSON with options of the client.
        busy_seconds: How long to wait for a locked store.
        file_limit: Largest file this process may write, in bytes; empty = no limit.
        user: Number of the user it runs as; empty = as its parent.
        report: File that gets what happened, as JSON.
    """

    url: str
    client_id: str
    client_secret: str
    store: str
    blobs: str
    steps: str = "ingest,look_up,triage,act"
    each: str = ""
    held: str = "{}"
    tracked: str = "{}"
    catch_up: str = ""
    client: str = "{}"
    busy_seconds: str = "30"
    file_limit: str = ""
    user: str = ""
    report: str = ""

    @classmethod
    def from_environment(cls) -> Wanted:
        """Read the variables that begin with `CYCLE_`."""
        names = cls.__dataclass_fields__
        return cls(**{name: os.environ[PREFIX + name.upper()] for name in names if PREFIX + name.upper() in os.environ})


@cache
def policy() -> Policy:
    """Everything automatic, by rules that look at the subject only: "junk" is rejected, "wanted" released."""
    return Policy.build(
        rules=(Path(__file__).parent.with_name("rules"),), lists=(demo_lists(),), starter_rules=False, modes=MODES,
        require_evaluated_rules=False, per_run=500, per_hour=1_000, per_sender_domain=500, max_release_share=0.4,
    )  # fmt: skip


def cycle(wanted: Wanted) -> dict[str, Any]:
    """Run the steps; returns what each reported."""
    steps = wanted.steps.split(",")
    report: dict[str, Any] = {}
    credentials = ClientCredentials(wanted.client_id, wanted.client_secret)
    with (
        MimecastClient(wanted.url, credentials, **json.loads(wanted.client)) as client,
        Store.open(wanted.store, blobs=wanted.blobs, busy_seconds=float(wanted.busy_seconds)) as store,
    ):
        desk = act.Desk(client, store, policy)
        if "ingest" in steps:
            settings = HeldSettings(**{"slice_size": 7, "workers": 4} | json.loads(wanted.held))
            ingested = ingest_held(client, store, settings)
            report["ingest"] = ingested.counts() | {"waiting": ingested.waiting}
        if "track" in steps:
            given = {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(wanted.tracked).items()}
            tracked = ingest_tracked(client, store, TrackedSettings(**given), catch_up=bool(wanted.catch_up))
            report["track"] = tracked.counts() | {"waiting": tracked.waiting}
        if "look_up" in steps:
            report["looked_up"] = [result.state for result in act.look_up_unknown(desk)]
        if "triage" in steps:
            triaged = triage_alerts(store, policy())
            report["triaged"] = triaged.triaged
            report["planned"] = triaged.planned
        if "act" in steps:
            to_do = triaged.to_do
            if wanted.each:
                results = [act.carry_out_action(desk, one.action_id) for one in to_do]
            else:
                results = act.carry_out_wanted(desk, [one.action_id for one in to_do])
            report["acted"] = [result.state for result in results]
    return report


def once() -> int:
    """One cycle; the exit code is 0, or 3 after an error that names itself in the report."""
    wanted = Wanted.from_environment()
    if wanted.file_limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead of the process
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(wanted.file_limit), resource.RLIM_INFINITY))
    if wanted.user:
        os.setuid(int(wanted.user))
    try:
        report = cycle(wanted)
    except MailroomError as error:
        report = {"error": type(error).__name__, "message": str(error)}
    if wanted.report:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        partial = Path(wanted.report + ".new")
        partial.write_text(json.dumps(report))
        partial.replace(wanted.report)
    return 3 if "error" in report else 0


Step = Callable[[dict[str, str]], dict[str, Any]]
"""What another program does instead of a cycle: takes what the environment says, and gives its report."""


def serve_step(step: Step) -> None:
    """As `serve`, for another program."""

    def run() -> int:
        wanted = {
            name.removeprefix(PREFIX).lower(): text for name, text in os.environ.items() if name.startswith(PREFIX)
        }
        try:
            report = step(wanted)
        except MailroomError as error:
            report = {"error": type(error).__name__, "message": str(error)}
        Path(wanted["report"]).write_text(json.dumps(report))
        return 3 if "error" in report else 0

    serve(run)


@contextmanager
def opened(wanted: dict[str, str]) -> Iterator[tuple[MimecastClient, Store]]:
    """Tenant and store of a step."""
    keys = json.loads(wanted["keys"])
    credentials = ApplicationKeys(**keys) if "app_id" in keys else ClientCredentials(**keys)
    with (
        MimecastClient(wanted["url"], credentials) as client,
        Store.open(wanted["store"], blobs=wanted["blobs"]) as store,
    ):
        yield client, store


def die_with_parent() -> None:
    """When the tests are killed, nothing of theirs stays behind, stopped processes included (Linux only)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def serve(run: Callable[[], int] = once) -> None:
    """Fork one cycle per line; answer with its process number, or with how it ended."""
    die_with_parent()
    from warmth import Warmth  # its neighbour only where this is run as a script, and nobody else forks

    policy().ruleset()
    warmth = Warmth()
    for line in sys.stdin:
        asked = json.loads(line)
        if "environment" in asked:
            answer = {"pid": _fork(asked["environment"], warmth, run)}
        else:
            _, status = os.waitpid(asked["wait"], os.WUNTRACED if asked.get("stopped") else 0)
            warmth.learn()
            answer = {"code": -os.WSTOPSIG(status) if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)  # noqa: T201 - the protocol


def _fork(environment: dict[str, str], warmth: Any, run: Callable[[], int]) -> int:
    warmth.begin()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        die_with_parent()
        os.environ.update(environment)
        mailroom.faults._plan = mailroom.faults._from_environment()
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        code = run()
        warmth.end()
    except BaseException:  # noqa: BLE001 - a child must never go on in its parent's loop
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(once())
