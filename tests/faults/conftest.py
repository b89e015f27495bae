"""Small tenants, fresh stores and processes to kill."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import _dovecot_if_installed, certificates, dovecot
from mailroom_tests_small_tenant import small_tenant

from mailroom.mimecast import ClientCredentials, MimecastClient
from sandbox import Tenant, serve

HERE = Path(__file__).parent


def _sibling(name: str) -> ModuleType:
    """Load a helper file of this folder; the test folders are no packages."""
    full = f"faults_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


__all__ = ["_dovecot_if_installed", "certificates", "dovecot"]

_sibling("checker")
_sibling("place")
cycle = _sibling("cycle")


class Process:
    """One forked cycle."""

    def __init__(self, forks: Forks, pid: int, report: Path) -> None:
        self._forks, self.pid, self._report = forks, pid, report

    def wait(self) -> int:
        """Its exit code; negative = the signal that ended it."""
        return int(self._forks.ask({"wait": self.pid})["code"])

    def wait_until_stopped(self) -> None:
        """Return when it has stopped itself."""
        assert self._forks.ask({"wait": self.pid, "stopped": True})["code"] == -signal.SIGSTOP

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    @property
    def report(self) -> dict[str, Any]:
        """What it said at its end."""
        return dict(json.loads(self._report.read_text()))


class Forks:
    """The warm parent of all cycles of this test process."""

    def __init__(self, folder: Path, program: str = "cycle.py") -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAILROOM_", "CYCLE_"))}
        root = str(HERE.parent.parent)
        self._parent = subprocess.Popen(
            [sys.executable, str(HERE / program), "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=clean | {"PYTHONPATH": root}, cwd=folder,
        )  # fmt: skip

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._parent.stdin
        assert self._parent.stdout
        self._parent.stdin.write(json.dumps(question) + "\n")
        self._parent.stdin.flush()
        answer = self._parent.stdout.readline()
        assert answer, "the parent of the cycles has died"
        return dict(json.loads(answer))

    def start(self, fault: str = "", **wanted: str) -> Process:
        report = self._folder / f"report-{next(self._numbers)}.json"
        environment = {"CYCLE_" + name.upper(): value for name, value in ({"report": str(report)} | wanted).items()}
        environment["MAILROOM_FAULT"] = fault
        return Process(self, self.ask({"environment": environment})["pid"], report)

    def close(self) -> None:
        assert self._parent.stdin
        self._parent.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._parent.wait(10)
        self._parent.kill()
        self._parent.wait()
        assert self._parent.stdout
        self._parent.stdout.close()


@pytest.fixture(scope="session")
def fault_helpers() -> ModuleType:
    """This module, for tests that fork other processes than the cycle."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    forks = Forks(tmp_path_factory.mktemp("cycles"))
    yield forks
    forks.close()


@pytest.fixture(scope="module")
def forks_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Forks]]:
    """The warm parent of one of the programs here, by its file; one for all tests of a module."""
    parents: dict[str, Forks] = {}

    def parent(program: str) -> Forks:
        if program not in parents:
            parents[program] = Forks(tmp_path_factory.mktemp(Path(program).stem), program)
        return parents[program]

    yield parent
    for one in parents.values():
        one.close()


class Site:
    """One tenant on loopback, one store, and the cycles between them."""

    def __init__(self, forks: Forks, tenant: Tenant, url: str, store_url: str, blobs: Path) -> None:
        self._forks, self.tenant, self.url, self.store_url, self.blobs = forks, tenant, url, store_url, blobs

    def start(self, fault: str = "", **wanted: str) -> Process:
        """Start a cycle in a process of its own."""
        known = self.tenant.credentials_v2
        settings = {
            "url": self.url, "client_id": known.client_id, "client_secret": known.client_secret,
            "store": self.store_url, "blobs": str(self.blobs),
        }  # fmt: skip
        return self._forks.start(fault, **settings | wanted)

    def run(self, fault: str = "", **wanted: str) -> Process:
        """Run a cycle to its end."""
        process = self.start(fault, **wanted)
        process.code = process.wait()
        return process

    def client(self, **options: Any) -> MimecastClient:
        known = self.tenant.credentials_v2
        return MimecastClient(self.url, ClientCredentials(known.client_id, known.client_secret), **options)


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is one: a killed process loses nothing there, and a commit costs no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


class FreshStores:
    """Empty stores with their schema, one after the other, on one database."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder = request, folder
        self.kind: str = request.param
        self._made = 0
        self._used: list[str] = []

    def url(self) -> str:
        """A new one; the one before is not needed any more."""
        self._made += 1
        if self.kind == "postgres":
            self.drop()
            server = self._request.getfixturevalue("postgres")
            self._used.append(server.new_database(self._request.getfixturevalue("postgres_template")))
            return str(server.url(self._used[-1]))
        folder = self._folder / f"store-{self._made}"
        folder.mkdir(mode=0o700)
        shutil.copy(self._request.getfixturevalue("sqlite_template"), folder / "store.db")
        return f"sqlite:///{folder / 'store.db'}"

    def folder(self) -> Path:
        """Where the process with the newest store may keep its files."""
        return self._folder / f"place-{self._made}"

    def places(self, make: Callable[..., Any]) -> Places:
        """`make`, knowing on which database it makes them."""
        return Places(make, self.kind)

    def drop(self) -> None:
        """Tidy up; only PostgreSQL keeps anything."""
        while self._used:
            self._request.getfixturevalue("postgres").drop_database(self._used.pop())


class Places:
    """Makes the place that a kill happens in: a store, a tenant, whatever the playbook needs."""

    def __init__(self, make: Callable[..., Any], kind: str) -> None:
        self._make, self.kind = make, kind

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest, memory_folder: Path) -> Iterator[FreshStores]:
    """Stores to be killed in, on both databases."""
    fresh = FreshStores(request, memory_folder)
    yield fresh
    fresh.drop()


@pytest.fixture
def tenant() -> Tenant:
    return small_tenant()


@pytest.fixture
def site(forks: Forks, tenant: Tenant, store_url: str, tmp_path: Path) -> Iterator[Site]:
    """A small tenant and a fresh store; on both databases."""
    with serve(tenant) as server:
        yield Site(forks, tenant, server.url, store_url, tmp_path / "blobs")


@pytest.fixture
def sites(forks: Forks, tmp_path: Path) -> Callable[[str], Any]:
    """Make further sites by the address of their store."""
    numbers = itertools.count(1)

    class _Open:
        def __init__(self, store_url: str) -> None:
            self.tenant = small_tenant()
            self.server = serve(self.tenant)
            self.site = Site(forks, self.tenant, self.server.url, store_url, tmp_path / f"blobs-{next(numbers)}")

        def __enter__(self) -> Site:
            return self.site

        def __exit__(self, *_: object) -> None:
            self.server.close()

    return _Open
