"""Flows against a sandbox tenant and a real Prefect server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def api(prefect: Any) -> Iterator[Any]:
    """This process talks to the test server."""
    with prefect.settings():
        yield prefect


@pytest.fixture
def worker(prefect_deployed: Any) -> Iterator[Any]:
    """The same, with deployments and a worker."""
    with prefect_deployed.settings():
        yield prefect_deployed


@pytest.fixture
def make_world(request: pytest.FixtureRequest, tmp_path: Path, helper: Any) -> Iterator[Callable[..., Any]]:
    """Make tenants whose blocks bear the test's name."""
    base = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    made = 0
    with ExitStack() as worlds:

        def make(messages: int = 40, **switches: Any) -> Any:
            nonlocal made
            made += 1
            name = f"{base}-{made}"
            return worlds.enter_context(helper.world(name, tmp_path / name, messages=messages, **switches))

        yield make
