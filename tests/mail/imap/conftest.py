from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.mail.imap import ImapSession, ImapSettings


def _load() -> ModuleType:
    """`scripted.py` beside this file, under a name of its own (test folders are no packages)."""
    name = "imap_scripted"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("scripted.py"))
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


_scripted = _load()


@pytest.fixture
def user(dovecot: Any) -> Any:
    return dovecot.new_user()


@pytest.fixture
def settings_for(dovecot: Any) -> Callable[..., ImapSettings]:
    """Settings for an account on Dovecot; anything can be overridden."""

    def make(user: Any, **other: Any) -> ImapSettings:
        usual = {
            "host": dovecot.host,
            "port": dovecot.imaps_port,
            "username": user.name,
            "password": user.password,
            "ca_file": str(dovecot.ca_file),
            "connect_timeout": 20.0,
            "read_timeout": 20.0,
        }
        return ImapSettings(**{**usual, **other})

    return make


@pytest.fixture
def session(user: Any, settings_for: Callable[..., ImapSettings]) -> Iterator[ImapSession]:
    with ImapSession.open(settings_for(user)) as session:
        yield session


@pytest.fixture
def scripted() -> Iterator[Any]:
    """A server that says what the test wrote down; see `scripted.py`."""
    server = _scripted.ScriptedImap()
    yield server
    server.close()
