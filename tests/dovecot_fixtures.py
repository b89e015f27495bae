"""Mail servers for test folders outside `tests/mail`; a conftest imports the fixtures by name."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def sibling(name: str) -> ModuleType:
    """Load a helper file of this folder; the test folders are no packages."""
    full = f"mailroom_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


for _name in ("loop_thread", "certificates", "dovecot_config", "dovecot", "smtp_server", "proxies"):
    sibling(_name)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An authority and its certificates; see `certificates.py`."""
    return sibling("certificates").Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def dovecot(certificates: Any) -> Iterator[Any]:
    """The IMAP server of this test process; take a `new_user()` of your own. See `dovecot.py`."""
    module = sibling("dovecot")
    program = module.find_programs()
    if program is None:
        pytest.skip("NOT TESTED ON DOVECOT: not installed (Debian: dovecot-imapd dovecot-lmtpd dovecot-submissiond)")
    server = module.Dovecot(program, certificates)
    yield server
    server.close()


@pytest.fixture(scope="session")
def _smtp_server(certificates: Any, dovecot: Any) -> Iterator[Any]:
    server = sibling("smtp_server").SmtpServer(certificates, dovecot)
    yield server
    server.close()


@pytest.fixture
def smtp_server(_smtp_server: Any) -> Iterator[Any]:
    """An SMTP server that knows Dovecot's accounts and delivers there; see `smtp_server.py`. Needs `_smtp_server`."""
    _smtp_server.reset()
    yield _smtp_server
    _smtp_server.reset()
