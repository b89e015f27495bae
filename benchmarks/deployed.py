"""The same through Prefect: a server, a worker and deployments of their own, as in the demo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import corpus, mail_servers
from benchmarks.effects import intend_releases
from benchmarks.table import Figure
from mailroom.cli.demo.home import DemoHome
from mailroom.cli.demo.processes import Children
from mailroom.cli.settings import load_settings

_INGEST = "ingest held messages then triage/hourly"
_RETRY = "retry failed triage/on demand"
_MAILBOX = "ingest mailbox/every minute"


def through_prefect(folder: Path, messages: int = 300) -> list[Figure]:
    """Releases as task runs of a deployed flow, then a run that finds nothing new."""
    with _prefect(DemoHome(folder / "deployed", messages, 7)) as (home, prefect_side):
        prefect_side.run(_INGEST)
        intend_releases(home.folder)
        prefect_side.run(_RETRY)
        effects = _effects(home)
        idle = _seconds_from_pickup(prefect_side.run(_INGEST))
    return [effects, Figure("a deployed cycle with nothing new, from pick-up", idle, "s", 5.0, at_least=False)]


def mailbox_through_prefect(folder: Path, mails: int = 10_000) -> list[Figure]:
    """The mix with indicators as one run of the deployed flow; then one with a tenth of it, for its task runs."""
    with mail_servers.imap_server(folder / "dovecot-4") as server:
        if server is None:
            return []
        with _prefect(DemoHome(folder / "deployed-mailbox", 1, 7)) as (home, prefect_side):
            tasks = []
            for number in (mails // 10, mails):
                _save_mailbox(mail_servers.account(server, (one.raw for one in corpus.mix(number))))
                run = prefect_side.run(_MAILBOX, catch_up=True, mark_as_read=False)
                counts = home.mailbox_counts(run)
                assert counts["alerted"] == number, counts
                tasks.append(_task_runs(run))
            seconds = _seconds_from_pickup(run)
    return [
        Figure("mailbox, mix with indicators, deployed", seconds, f"s for {mails:,}", 15, at_least=False),
        Figure("mailbox, deployed: more task runs for ten times the mails", tasks[1] - tasks[0], "task runs", 0,
               at_least=False, note=f"{tasks[1]} task runs"),
    ]  # fmt: skip


@contextmanager
def _prefect(home: DemoHome) -> Iterator[tuple[DemoHome, Any]]:
    """A sandbox, a server, a worker and every deployment."""
    with Children(home.logs) as children:
        tenant = children.start_sandbox(home)
        home.write_settings(tenant)
        os.environ.update(home.prefect_environment())
        children.start_server(home)
        from mailroom.cli.demo import prefect_side

        prefect_side.save_blocks(home, tenant)
        prefect_side.deploy(home)
        children.start_worker(home)
        yield home, prefect_side


def _save_mailbox(of: Any) -> None:
    from blocks import MailboxCredentials
    from blocks._sync import in_sync

    imap = of.need_imap()
    block = MailboxCredentials(
        address=of.address, username=imap.username, password=imap.password, imap_host=imap.host,
        imap_port=imap.port, imap_security="none", allow_plaintext=True,
    )  # fmt: skip
    in_sync(block.save, "default", overwrite=True)


def _task_runs(flow_run_id: str) -> int:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        only = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(flow_run_id)]))
        return len(client.read_task_runs(flow_run_filter=only))


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
        states = client.read_flow_run_states(UUID(flow_run_id))
    picked_up = min(state.timestamp for state in states if state.type.value == "PENDING")
    completed = max(state.timestamp for state in states if state.type.value == "COMPLETED")
    return float((completed - picked_up).total_seconds())
