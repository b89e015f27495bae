"""The same through Prefect: a server, a worker and deployments of their own, as in the demo."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.effects import intend_releases
from benchmarks.table import Figure
from mailroom.cli.demo.home import DemoHome
from mailroom.cli.demo.processes import Children
from mailroom.cli.settings import load_settings

_INGEST = "ingest held messages then triage/hourly"
_RETRY = "retry failed triage/on demand"


def through_prefect(folder: Path, messages: int = 300) -> list[Figure]:
    """Releases as task runs of a deployed flow, then a run that finds nothing new."""
    home = DemoHome(folder / "deployed", messages, 7)
    with Children(home.logs) as children:
        tenant = children.start_sandbox(home)
        home.write_settings(tenant)
        os.environ.update(home.prefect_environment())
        children.start_server(home)
        from mailroom.cli.demo import prefect_side

        prefect_side.save_blocks(home, tenant)
        prefect_side.deploy(home)
        children.start_worker(home)
        prefect_side.run(_INGEST)
        intend_releases(home.folder)
        prefect_side.run(_RETRY)
        effects = _effects(home)
        idle = _seconds_from_pickup(prefect_side.run(_INGEST))
    return [effects, Figure("a deployed cycle with nothing new, from pick-up", idle, "s", 5.0, at_least=False)]


def _effects(home: DemoHome) -> Figure:
    """From the first claim to the last result, by the ledger's own times."""
    with load_settings(home.folder, {}).open_store() as store:
        applied = [a for a in store.ledger.list(state="applied", limit=10_000) if a.mode == "manual"]
    assert applied, "nothing was released"
    first = min(action.claimed_at for action in applied if action.claimed_at)
    last = max(action.settled_at for action in applied if action.settled_at)
    rate = len(applied) / (last - first).total_seconds()
    return Figure("releases as task runs of a deployed flow", rate, "releases/s", 25, note=f"{len(applied)} task runs")


def _seconds_from_pickup(flow_run_id: str) -> float:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(flow_run_id)  # type: ignore[arg-type]
    picked_up = min(state.timestamp for state in states if state.type.value == "PENDING")
    completed = max(state.timestamp for state in states if state.type.value == "COMPLETED")
    return float((completed - picked_up).total_seconds())
