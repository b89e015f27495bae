"""A workbench around the held connector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, empty_tenant

from mailroom.store import Store
from sandbox import Tenant, serve


@pytest.fixture
def bench_for(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Workbench]]:
    """Benches that share one store; each serves the tenant it is given."""
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(sqlite_url, blobs=tmp_path / "blobs"))

        def make(tenant: Tenant, generation: str = "2.0", **options: Any) -> Workbench:
            server = stack.enter_context(serve(tenant))
            bench = Workbench(tenant, server.url, store, generation, **options)
            stack.callback(bench.client.close)
            return bench

        yield make


@pytest.fixture
def tenant() -> Tenant:
    """Empty; messages are added by the test."""
    return empty_tenant()


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    return bench_for(tenant)
