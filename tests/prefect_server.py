"""A real Prefect server and worker for the tests, in a temporary home on a free port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import requests
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.deployments import run_deployment
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    temporary_settings,
)
from prefect.states import Scheduled

ROOT = Path(__file__).resolve().parent.parent
POOL = "mailroom"
START_SECONDS = 600.0
_AUTHORITIES = "PREFECT_API_SSL_CERT_FILE"


class PrefectServer:
    """One Prefect home: its database, its server process, its worker."""

    def __init__(self, home: Path, **extra: str) -> None:
        self.home = home
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.temporary = home.parent / f"{home.name}-temporary"
        self.temporary.mkdir(mode=0o700, exist_ok=True)
        self.port = _free_port()
        self.extra = extra
        self.schedules: dict[str, dict[str, bool]] = {}
        """`name/entrypoint` of a deployment -> slug -> active, as deployed; `deploy` then switches them off."""
        self._server: subprocess.Popen[bytes] | None = None
        self._worker: subprocess.Popen[bytes] | None = None

    # addresses ----------------------------------------------------------------------------------------------

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.ui}/api"

    @property
    def database(self) -> Path:
        return self.home / "prefect.db"

    @property
    def environment(self) -> dict[str, str]:
        """For child processes; the rest comes from `[tool.prefect]`, which they read in the project's folder."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        return inherited | {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": self.api,
            # A worker keeps a folder there that only the first user of a machine may write.
            "TMPDIR": str(self.temporary),
            **{name: os.environ[name] for name in (_AUTHORITIES,) if name in os.environ},
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            # A server on SQLite says 503 while it is locked; giving up sooner than Prefect does would be our failure.
            "PREFECT_CLIENT_MAX_RETRIES": "4",
            "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            **self.extra,
        }

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        """Point this process at the server. Without the heartbeat a flow ends a second sooner."""
        with temporary_settings(
            {
                PREFECT_API_URL: self.api,
                PREFECT_HOME: str(self.home),
                PREFECT_LOCAL_STORAGE_PATH: str(self.home / "storage"),
                PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
                PREFECT_CLIENT_MAX_RETRIES: 7,
            }
        ):
            yield

    # processes ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._server = self._run("server", "server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._server.poll() is None, f"exit code {self._server.returncode}: {self._tail('server')}"
            if self.answers():
                return
            time.sleep(0.2)
        raise AssertionError(self._tail("server"))

    def answers(self) -> bool:
        """Whether the API is up."""
        with contextlib.suppress(requests.RequestException):
            return _direct().get(f"{self.api}/health", timeout=2).status_code == requests.codes.ok
        return False

    def start_worker(self) -> None:
        """Start a process worker; runs are taken as soon as it is up."""
        self._worker = self._run("worker", "worker", "start", "--pool", POOL, "--type", "process")

    def kill_server(self) -> None:
        """As a power cut would."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        self._server = None

    def stop_worker(self) -> None:
        self._stop(self._worker)
        self._worker = None

    def close(self) -> None:
        """End everything; what this process still wanted to log goes first."""
        if self._server is not None:
            APILogWorker.drain_all(timeout=10)
        self.stop_worker()
        self._stop(self._server)
        self._server = None

    def expire_leases(self) -> None:
        """Let the time pass after which the slots of the dead are free again."""
        folder = self.home / "concurrency_leases"
        for path in folder.glob("*.json"):
            known = json.loads(path.read_text())
            past = "2020-01-01T00:00:00+00:00"
            if path.name == "expirations.json":
                known = dict.fromkeys(known, past)
            else:
                known["expiration"] = past
            path.write_text(json.dumps(known))

    def forget_everything(self) -> None:
        """Delete the home: database, blocks, deployments, runs."""
        self.close()
        shutil.rmtree(self.home)
        self.home.mkdir(mode=0o700)

    def command(self, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """`prefect ...` as a user types it."""
        line = [sys.executable, "-m", "prefect", *arguments]
        return subprocess.run(
            line, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )

    def deploy(self) -> str:
        """Block types, work pool and deployments, as `make deploy` makes them; returns what `prefect deploy` printed.

        The schedules are switched off afterwards: no run starts but those that a test asks for.
        """
        registered = self.command("block", "register", "-m", "blocks")
        assert registered.returncode == 0, registered.stdout + registered.stderr
        pool = {"name": POOL, "type": "process"}
        assert _direct().post(f"{self.api}/work_pools/", json=pool, timeout=10).status_code in {201, 409}
        done = self.command("--no-prompt", "deploy", "--prefect-file", "deployments.yaml", "--all")
        assert done.returncode == 0, done.stdout + done.stderr
        with self.settings(), get_client(sync_client=True) as client:
            for item in client.read_deployments():
                self.schedules[f"{item.name}/{item.entrypoint}"] = {str(s.slug): s.active for s in item.schedules}
                for schedule in item.schedules:
                    client._client.patch(
                        f"/deployments/{item.id}/schedules/{schedule.id}", json={"active": False}
                    ).raise_for_status()
        return done.stdout

    # runs ---------------------------------------------------------------------------------------------------

    def run(self, deployment: str, *, seconds: float = 600.0, **parameters: object) -> FlowRun:
        """Run a deployment to its end, with the command of docs/prefect.md, "Quicker starts"."""
        quick = {"command": f"{sys.executable} -m prefect.engine"}
        return self.wait(self._begin(deployment, parameters, quick), seconds=seconds)

    def begin(self, deployment: str, **parameters: object) -> UUID:
        """Start a run as the UI's button does, and come back at once."""
        return self._begin(deployment, parameters, {})

    def retry(self, run: UUID, *, seconds: float = 600.0) -> FlowRun:
        """What the Retry button of the UI does, and wait for the end of the second attempt."""
        with self.settings(), get_client(sync_client=True) as client:
            before = client.read_flow_run(run).run_count
            client.set_flow_run_state(run, Scheduled(name="AwaitingRetry", message="Retry from the UI"), force=True)
        return self.wait(run, seconds=seconds, after=before)

    def wait(self, run: UUID, *, seconds: float = 600.0, after: int = 0) -> FlowRun:
        """The run, ended; with `after`, ended for the time after so many attempts."""
        with self.settings(), get_client(sync_client=True) as client:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                found = client.read_flow_run(run)
                if found.state is not None and found.state.is_final() and found.run_count > after:
                    return found
                if found.state is not None and found.state.is_cancelled():
                    return found
                self._need_worker()
                time.sleep(0.2)
        state = found.state.name if found.state else "no state"
        raise AssertionError(f"the run is still {state} after {seconds} s: {self._tail('worker')}")

    def wait_until(self, condition: object, seconds: float = 300.0) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():  # type: ignore[operator]
                return
            self._need_worker()
            time.sleep(0.02)
        raise AssertionError("it did not happen in time: " + self._tail("worker"))

    def task_runs(self, run: UUID, at_least: int = 1) -> list[TaskRun]:
        """The task runs of a flow run; the server records them some seconds late."""
        known = -1
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with self.settings(), get_client(sync_client=True) as client:
                found: list[TaskRun] = []
                while page := client.read_task_runs(
                    flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])), limit=200, offset=len(found)
                ):
                    found += page
            settled = all(task.state is not None and task.state.is_final() for task in found)
            if len(found) >= at_least and len(found) == known and settled:
                return found
            known = len(found)
            time.sleep(0.7)
        return found

    def wait_until_written(self) -> None:
        """Return when all logs and events so far are in the database, which the server fills in batches.

        A mark is sent after them; where the mark is, they are.
        """
        APILogWorker.drain_all(timeout=60)
        mark, now = uuid4().hex, datetime.now(UTC).isoformat()
        log = {"name": "mark", "level": 20, "message": mark, "timestamp": now}
        event = {"id": str(uuid4()), "occurred": now, "event": mark, "resource": {"prefect.resource.id": mark}}
        with requests.Session() as session:
            session.trust_env = False
            session.post(f"{self.api}/logs/", json=[log], timeout=60).raise_for_status()
            session.post(f"{self.api}/events", json=[event], timeout=60).raise_for_status()
        self.wait_until(lambda: self._has("log", "message", mark) and self._has("events", "event", mark))

    def pid_of(self, run: UUID) -> int:
        """The process of a deployed run."""
        with self.settings(), get_client(sync_client=True) as client:
            place = client.read_flow_run(run).infrastructure_pid
        assert place, "the run has no process yet"
        return int(place.rpartition(":")[2])

    # inside -------------------------------------------------------------------------------------------------

    def _begin(self, deployment: str, parameters: dict[str, object], job: dict[str, str]) -> UUID:
        with self.settings():
            made = run_deployment(
                deployment, parameters=parameters, job_variables=job, timeout=0, as_subflow=False, _sync=True
            )
        return made.id  # type: ignore[union-attr]

    def _has(self, table: str, column: str, value: str) -> bool:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            query = f"select 1 from {table} where {column} = ?"  # noqa: S608 - names from this file
            return connection.execute(query, (value,)).fetchone() is not None

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home.parent / f"{self.home.name}-{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _stop(self, child: subprocess.Popen[bytes] | None) -> None:
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def _need_worker(self) -> None:
        """A worker that ended by itself takes no run any more: no need to wait for one."""
        if self._worker is not None and self._worker.poll() is not None:
            raise AssertionError(f"the worker ended with {self._worker.returncode}: {self._tail('worker')}")

    def _tail(self, name: str) -> str:
        log = self.home.parent / f"{self.home.name}-{name}.log"
        return log.read_text(errors="replace")[-4000:] if log.exists() else f"{name}: no log"

    def log_text(self, name: str) -> str:
        """Everything a process printed."""
        return (self.home.parent / f"{self.home.name}-{name}.log").read_text(errors="replace")


def _direct() -> requests.Session:
    """A session that asks no proxy of the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
