"""A workbench around the held connector."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mailroom_tests_small_tenant import Workbench, empty_tenant

from sandbox import Tenant


@pytest.fixture
def tenant() -> Tenant:
    """Empty; messages are added by the test."""
    return empty_tenant()


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    return bench_for(tenant)
