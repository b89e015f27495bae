"""Workbenches around the connectors."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import _dovecot_if_installed, certificates, dovecot, sibling
from mailroom_tests_small_tenant import Workbench, empty_tenant

from mailroom.store import Store
from sandbox import Tenant

__all__ = ["_dovecot_if_installed", "certificates", "dovecot"]

sibling("mailbox_world")

_spec = importlib.util.spec_from_file_location(
    "imap_scripted", Path(__file__).parent.with_name("mail") / "imap" / "scripted.py"
)
assert _spec
assert _spec.loader
_scripted = sys.modules.setdefault(_spec.name, importlib.util.module_from_spec(_spec))
if not hasattr(_scripted, "ScriptedImap"):
    _spec.loader.exec_module(_scripted)


@pytest.fixture
def tenant() -> Tenant:
    """Empty; messages are added by the test."""
    return empty_tenant()


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    return bench_for(tenant)


@pytest.fixture
def mailbox(dovecot: Any, store: Store) -> Any:
    """A fresh mailbox on the real server, with a fresh store; on both databases. See `mailbox_world.py`."""
    world = sibling("mailbox_world")
    user = dovecot.new_user()
    return world.Mailbox(dovecot, user, world.account_of(dovecot, user), store)


@pytest.fixture
def scripted() -> Iterator[Any]:
    """An IMAP server that says what the test wrote down; see `tests/mail/imap/scripted.py`."""
    server = _scripted.ScriptedImap()
    yield server
    server.close()
