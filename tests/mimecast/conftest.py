from __future__ import annotations

import base64
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import certificates, proxy_servers

from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient

__all__ = ["certificates", "proxy_servers"]


def _load(stem: str) -> ModuleType:
    """A helper beside this file, under a name of its own (test folders are no packages)."""
    name = f"mimecast_{stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{stem}.py"))
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


_scripted = _load("scripted")
_load("documented")
_load("requests_made")
_load("sample_answers")

KEYS = ApplicationKeys(
    app_id="app-id-1",
    app_key="00000000-aaaa-bbbb-cccc-000000000001",
    access_key="access-key-for-tests",
    secret_key=base64.b64encode(b"secret key for tests").decode(),
)
CLIENT = ClientCredentials("client-id-1", "client-secret-for-tests")


@pytest.fixture
def server() -> Iterator[Any]:
    server = _scripted.Scripted()
    yield server
    server.close()


@pytest.fixture
def clock() -> Any:
    return _scripted.FakeClock()


@pytest.fixture
def keys() -> ApplicationKeys:
    return KEYS


@pytest.fixture
def client_for(server: Any, clock: Any) -> Iterator[Callable[..., MimecastClient]]:
    clients: list[MimecastClient] = []

    def make(generation: str = "2.0", **settings: Any) -> MimecastClient:
        credentials = settings.pop("credentials", KEYS if generation == "1.0" else CLIENT)
        client = MimecastClient(server.url, credentials, **{"clock": clock, **settings})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(client_for: Callable[..., MimecastClient]) -> MimecastClient:
    return client_for("2.0")


@pytest.fixture
def client_1(client_for: Callable[..., MimecastClient]) -> MimecastClient:
    return client_for("1.0")
