"""The Prefect API goes away: before a run, in the middle of one, and for good. The store is the truth throughout."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.check_connections import check_connections
from flows.ingest_held_messages_then_triage import ingest_held_messages_then_triage
from flows.retry_failed_triage import retry_failed_triage
from mailroom.cli.demo.home import MODES, RAILS
from mailroom.errors import TransientError
from mailroom.triage.packaged import demo_lists
from tasks import _open

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


@pytest.fixture
def mortal(worker: Any) -> Iterator[Any]:
    """The shared server, for tests that kill it; it is up again afterwards."""
    yield worker
    if not worker.answers():
        worker.start()


def _mailroom(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILROOM_")}
    return subprocess.run(
        [Path(sys.executable).with_name("mailroom"), "--home", home, *arguments],
        env=environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
        capture_output=True,
        text=True,
        timeout=600,
    )


def _home_of(world: Any) -> Path:
    """A home folder for the command line, on the tenant of a world."""
    home = world.folder / "home"
    home.mkdir()
    application = world.tenant.credentials_v2
    policy = "\n".join(f"{name} = {json.dumps(value)}" for name, value in RAILS.items())
    modes = "\n".join(f"{name} = {json.dumps(mode)}" for name, mode in MODES.items())
    (home / "mailroom.toml").write_text(
        f"[mimecast]\napi_root = '{world.url}'\nclient_id = '{application.client_id}'\n"
        f"client_secret = '{application.client_secret}'\n"
        f"[policy]\nlists = ['{demo_lists()}']\n{policy}\n[policy.modes]\n{modes}\n"
    )
    return home


@pytest.mark.parametrize("flow", [ingest_held_messages_then_triage, check_connections], ids=lambda flow: flow.name)
def test_without_the_api_a_flow_says_at_once_what_still_works(flow: Any) -> None:
    started = time.monotonic()
    with pytest.raises(
        TransientError, match=r"not started: the Prefect API at http://127\.0\.0\.1:9/api did not"
    ) as it:
        flow()
    assert time.monotonic() - started < 15
    assert "`mailroom ingest held`, then `mailroom triage`" in str(it.value)


def test_without_the_api_the_command_line_does_the_whole_job(make_world: Any) -> None:
    world = make_world(15)
    home = _home_of(world)
    ingested = _mailroom(home, "ingest", "held", "--json")
    assert ingested.returncode == 0, ingested.stderr
    assert json.loads(ingested.stdout)["alerted"] == len(world.tenant.hold_queue()) > 0
    triaged = _mailroom(home, "triage", "--json")
    assert triaged.returncode == 0, triaged.stderr
    assert sum(json.loads(triaged.stdout)["actions"].values()) == len(world.tenant.effects) > 0
    assert max(world.applied().values()) == 1


def test_an_api_that_dies_during_a_run_loses_and_doubles_nothing(mortal: Any, make_world: Any, helper: Any) -> None:
    world = make_world(150)
    world.save_blocks()
    for path in (helper.RELEASE, helper.REJECT):
        world.break_calls("slow", path, times=None, seconds=0.8)
    run = mortal.begin(helper.INGEST, **world.names)
    mortal.wait_until(lambda: len(world.tenant.effects) >= 3)
    process = mortal.pid_of(run)

    mortal.kill_server()

    # The kill switch can no longer be read, so the run stops acting within seconds and on its own.
    deadline = time.monotonic() + 300
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < 3:
        assert time.monotonic() < deadline, "it went on acting without anybody being able to stop it"
        if seen != (seen := len(world.tenant.effects)):
            since = time.monotonic()
        time.sleep(0.1)
    ledger = world.ledger()
    assert ledger["applied"] == len(world.tenant.effects)
    assert ledger["intended"] > 0
    wanted = ledger.total()

    os.kill(process, signal.SIGKILL)  # the worst: it can not even say that it ended
    mortal.stop_worker()
    mortal.start()
    mortal.start_worker()
    world.tenant.faults.clear()
    mortal.expire_leases()
    mortal.wait_until(lambda: not _slots_taken(world.name))

    later = world.run(retry_failed_triage)
    assert later.is_completed(), later.message
    assert world.ledger() == {"applied": wanted}
    world.check()


def _slots_taken(name: str) -> int:
    """Slots of a tenant and of the deployments that are still counted as taken."""
    with contextlib.suppress(Exception), get_client(sync_client=True) as client:
        limits = client.read_global_concurrency_limits(limit=200)
        return sum(
            int(limit.active_slots) for limit in limits if limit.name.startswith(("deployment:", f"mimecast-{name}"))
        )
    return 1


def test_a_prefect_that_forgot_everything_is_set_up_again_and_nothing_happens_twice(
    mortal: Any, make_world: Any, helper: Any
) -> None:
    world = make_world(20)
    world.save_blocks()
    assert world.run(ingest_held_messages_then_triage).is_completed()
    before = world.applied()
    alerts = len(world.alerts())
    assert before

    mortal.forget_everything()
    mortal.start()
    mortal.deploy()
    mortal.start_worker()
    _open.close_all()
    world.save_blocks()
    world.tenant.add_message(category="malware")

    again = mortal.run(helper.INGEST, **world.names)
    assert again.state.name == "Completed", again.state.message
    assert len(world.alerts()) == alerts + 1
    assert before <= world.applied()
    assert len(world.applied()) <= len(before) + 1
    world.check()
