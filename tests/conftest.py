"""Fixtures every wing may use: a fresh store on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import certifi
import pytest

from mailroom.store import Store
from sandbox import Tenant, serve

# Whatever Prefect a developer runs is none of the tests' business: no setting of theirs, no home, and nothing listens
# at this address. Tests that need a server start their own.
_PREFECT_HOME = tempfile.TemporaryDirectory(prefix="mailroom-tests-")
# Prefect's client reads all authorities of the world each time it is made, also for plain HTTP. One is read quicker.
_ONE_AUTHORITY = Path(_PREFECT_HOME.name, "authority.pem")
_END = "-----END CERTIFICATE-----"
_ONE_AUTHORITY.write_text(certifi.contents().partition(_END)[0] + _END + "\n")
for _name in [name for name in os.environ if name.startswith("PREFECT_")]:
    del os.environ[_name]
os.environ |= {
    "PREFECT_HOME": _PREFECT_HOME.name,
    "PREFECT_API_URL": "http://127.0.0.1:9/api",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
    "PREFECT_API_SSL_CERT_FILE": str(_ONE_AUTHORITY),
}


def _sibling(name: str) -> ModuleType:
    """Load a helper file of this folder; the test folders are no packages."""
    full = f"mailroom_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


small_tenant = _sibling("small_tenant")  # for `from mailroom_tests_small_tenant import ...`
_sibling("change_world")  # for `from mailroom_tests_change_world import ...`
_sibling("dovecot_fixtures")  # a folder that needs mail servers imports the fixtures it wants by name


@pytest.fixture(scope="session")
def postgres() -> Iterator[object]:
    """The PostgreSQL server of this test process; started when the first test asks for it."""
    module = _sibling("postgres")
    programs = module.find_programs()
    if programs is None:
        pytest.skip("NOT TESTED ON POSTGRESQL: initdb and postgres are not installed (Debian: postgresql)")
    server = module.Postgres(programs)
    yield server
    server.close()


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A Prefect server in a home of its own, without worker and deployments; see `prefect_server.py`."""
    server = _sibling("prefect_server").PrefectServer(tmp_path_factory.mktemp("prefect") / "home")
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def helper() -> ModuleType:
    """`playbook_world.py`: tenants with blocks, and ways to look at what flows did to them."""
    return _sibling("playbook_world")


@pytest.fixture(scope="session")
def mail_helper() -> ModuleType:
    """`mail_world.py`: mailboxes with people, blocks and a store, and questions to ask them."""
    return _sibling("mail_world")


@pytest.fixture(scope="session")
def prefect_deployed(prefect: object) -> object:
    """The same server, with everything of `deployments.yaml` deployed and a worker that takes the runs."""
    prefect.deploy()  # type: ignore[attr-defined]
    prefect.start_worker()  # type: ignore[attr-defined]
    return prefect


@pytest.fixture(scope="session")
def postgres_template(postgres: object) -> str:
    """A database with our schema in it, to copy from."""
    name = postgres.new_database()  # type: ignore[attr-defined]
    Store.open(postgres.url(name)).close()  # type: ignore[attr-defined]
    return str(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our schema in it, to copy from."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of a fresh, empty store on SQLite."""
    path = tmp_path / "store" / "store.db"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(sqlite_template.read_bytes())
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: object, postgres_template: str) -> Iterator[str]:
    """The address of a fresh, empty store on PostgreSQL."""
    name = postgres.new_database(postgres_template)  # type: ignore[attr-defined]
    yield postgres.url(name)  # type: ignore[attr-defined]
    postgres.drop_database(name)  # type: ignore[attr-defined]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, empty store; every test that uses it runs on both databases."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """A fresh, empty store; every test that uses it runs on both databases."""
    with Store.open(store_url, blobs=tmp_path / "blobs") as opened:
        yield opened


@pytest.fixture
def bench_for(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Makes workbenches that share one store on SQLite; each serves the tenant it is given."""
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(sqlite_url, blobs=tmp_path / "blobs"))

        def make(tenant: Tenant, generation: str = "2.0", **options: Any) -> Any:
            server = stack.enter_context(serve(tenant))
            bench = small_tenant.Workbench(tenant, server.url, store, generation, **options)
            stack.callback(bench.client.close)
            return bench

        yield make


@pytest.fixture
def longest_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between repeats are as long as they may be, so that a deadline leaves room for a known number."""
    monkeypatch.setattr("mailroom.mimecast.waiting.random.uniform", lambda _shortest, longest: longest)
