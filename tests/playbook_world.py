"""A tenant, a store and three blocks of one name: everything a flow needs, once per test."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from blocks import AlertStore, MimecastCredentials, TriagePolicy
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.triage.packaged import demo_lists
from sandbox import Fault, Tenant, serve
from tasks import _open

RELEASE = "/api/gateway/hold-release"
REJECT = "/api/gateway/hold-reject"
LIST = "/api/gateway/get-hold-message-list"
INGEST = "ingest held messages then triage/hourly"

ACTING: dict[str, Any] = {
    "release": "auto",
    "reject": "auto",
    "require_evaluated_rules": False,
    "per_run": 1000,
    "per_hour": 10_000,
    "per_sender_domain": 1000,
    "max_release_share": 1.0,
}
"""A policy that acts on everything it has an opinion about."""


@dataclass
class World:
    """One test's tenant and what our side knows of it."""

    name: str
    tenant: Tenant
    url: str
    folder: Path

    # blocks -------------------------------------------------------------------------------------------------

    @property
    def names(self) -> dict[str, str]:
        """The block names, as parameters of every flow."""
        return {"mimecast": self.name, "store": self.name, "policy": self.name}

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store.db'}"

    def save_blocks(self, **policy: Any) -> None:
        """The three blocks under this world's name; call it again to change the policy."""
        self.save_credentials()
        AlertStore(url=self.store_url).save(self.name, overwrite=True, _sync=True)  # type: ignore[call-arg]
        self.save_policy(**policy)

    def save_credentials(self, secret: str = "") -> None:
        application = self.tenant.credentials_v2
        MimecastCredentials(
            api_root=self.url,
            client_id=application.client_id,
            client_secret=SecretStr(secret or application.client_secret),
        ).save(self.name, overwrite=True, _sync=True)  # type: ignore[call-arg]

    def save_policy(self, **policy: Any) -> None:
        made = TriagePolicy(lists=[str(demo_lists())], **(ACTING | policy))
        made.save(self.name, overwrite=True, _sync=True)  # type: ignore[call-arg]

    # runs ---------------------------------------------------------------------------------------------------

    def run(self, flow: Flow[..., Any], **parameters: Any) -> State[Any]:
        """Run a flow in this process, as if it were a fresh one."""
        _open.close_all()
        try:
            return flow(**self.names, **parameters, return_state=True)
        finally:
            _open.close_all()

    # what happened --------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def opened(self) -> Iterator[Store]:
        with Store.open(self.store_url, blobs=self.folder / "blobs") as store:
            yield store

    def applied(self) -> Counter[tuple[str, str]]:
        """(kind, hold id) -> how often it happened, by the tenant's own books."""
        return Counter((effect.kind, effect.hold_id) for effect in self.tenant.effects)

    def ledger(self) -> Counter[str]:
        """State -> number of actions."""
        with self.opened() as store:
            return Counter(action.state for action in store.ledger.list(limit=100_000))

    def alerts(self) -> list[Alert]:
        with self.opened() as store:
            return store.alerts.list(limit=100_000)

    def break_calls(self, kind: str, path: str, **options: Any) -> Fault:
        return self.tenant.faults.add(Fault(kind, path, **options))

    def check(self) -> None:
        """What must be true whatever happened."""
        assert max(self.applied().values(), default=0) <= 1, "an effect happened twice"
        with self.opened() as store:
            done = {(a.kind, a.target) for a in store.ledger.list(limit=100_000) if a.state == "applied"}
            assert done == set(self.applied()), "ledger and tenant disagree"
            assert not store.runs.conservation_violations()
            assert not store.check().problems


@contextlib.contextmanager
def world(name: str, folder: Path, *, messages: int, seed: int = 7, **switches: Any) -> Iterator[World]:
    """A tenant on loopback; the blocks are saved by the test, with the policy it wants."""
    folder.mkdir(parents=True, exist_ok=True)
    tenant = Tenant.generate(messages=messages, seed=seed, **switches)
    with serve(tenant) as server:
        yield World(name, tenant, server.url, folder)


def run_id(state: State[Any]) -> UUID:
    """The flow run behind a final state."""
    assert state.state_details.flow_run_id is not None
    return state.state_details.flow_run_id


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait for something to become true, looking often."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def artifacts(run: UUID) -> dict[str, Any]:
    """Key -> data of the artifacts of a run."""
    with get_client(sync_client=True) as client:
        body = {"flow_runs": {"id": {"any_": [str(run)]}}}
        answer = client._client.post("/artifacts/filter", json=body)
        answer.raise_for_status()
        return {item["key"]: item["data"] for item in answer.json()}


def artifact_ids(run: UUID) -> dict[str, str]:
    """Key -> id of the artifacts of a run."""
    with get_client(sync_client=True) as client:
        body = {"flow_runs": {"id": {"any_": [str(run)]}}}
        return {item["key"]: item["id"] for item in client._client.post("/artifacts/filter", json=body).json()}


def deployment_id(name: str) -> UUID:
    """The id of a deployment, named as flow/deployment."""
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name(name).id


def database_text(database: Path) -> str:
    """Every text and blob of every table of a SQLite database, as one string."""
    parts: list[str] = []
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in connection.execute(f'select * from "{table}"'):  # noqa: S608 - names from the database itself
                parts += [
                    value if isinstance(value, str) else value.decode("utf-8", "replace")
                    for value in row
                    if isinstance(value, str | bytes)
                ]
    return "\n".join(parts)
