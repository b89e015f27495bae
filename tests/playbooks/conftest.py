"""A workbench whose queue has been taken in: it waits for its verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mailroom_tests_small_tenant import Workbench, small_tenant

from sandbox import Tenant


@pytest.fixture
def tenant() -> Tenant:
    return small_tenant()


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    """Four entries to release, five to reject, four to leave."""
    bench = bench_for(tenant)
    bench.ingest()
    return bench
