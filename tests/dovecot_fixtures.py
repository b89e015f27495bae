"""Mail servers for the tests: a real Dovecot, SMTP with planned faults, proxies, certificates.

A conftest imports the fixtures it needs by name; with `dovecot` or `_smtp_server` also `_dovecot_if_installed`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_ABSENT = "NOT TESTED ON DOVECOT: not installed (Debian: dovecot-imapd dovecot-lmtpd dovecot-submissiond)"


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
    """An authority, a good server certificate, and five that must be refused; see `certificates.py`."""
    return sibling("certificates").Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def _dovecot_if_installed(certificates: Any) -> Iterator[Any]:
    module = sibling("dovecot")
    program = module.find_programs()
    server = module.Dovecot(program, certificates) if program else None
    yield server
    if server is not None:
        server.close()


@pytest.fixture(scope="session")
def dovecot(_dovecot_if_installed: Any) -> Any:
    """The IMAP server of this test process; take a `new_user()` of your own. See `dovecot.py`."""
    if _dovecot_if_installed is None:
        pytest.skip(_ABSENT)
    return _dovecot_if_installed


@pytest.fixture
def start_dovecot(certificates: Any) -> Iterator[Callable[..., Any]]:
    """Starts more servers with options of your own: `kind`, `prefix`, `separator`, `extra`. About 0.2 s each."""
    module = sibling("dovecot")
    program = module.find_programs()
    if program is None:
        pytest.skip(_ABSENT)
    with ExitStack() as stack:

        def start(**options: Any) -> Any:
            server = module.Dovecot(program, certificates, **options)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture(scope="session")
def _smtp_server(certificates: Any, _dovecot_if_installed: Any) -> Iterator[Any]:
    server = sibling("smtp_server").SmtpServer(certificates, _dovecot_if_installed)
    yield server
    server.close()


@pytest.fixture
def smtp_server(_smtp_server: Any) -> Iterator[Any]:
    """An SMTP server with STARTTLS and implicit TLS, AUTH and planned faults; it knows Dovecot's accounts and delivers
    there. See `smtp_server.py`. Faults and what was accepted are forgotten after each test.
    """
    _smtp_server.reset()
    yield _smtp_server
    _smtp_server.reset()


@pytest.fixture
def submission(dovecot: Any, smtp_server: Any) -> Any:
    """Dovecot with `submission_port` and `submissions_port` at work: SMTP with PLAIN, XOAUTH2 and OAUTHBEARER. What it
    takes shows up in `smtp_server.accepted`.
    """
    assert smtp_server.relay_port == dovecot.relay_port
    return dovecot


@pytest.fixture
def proxy_servers(certificates: Any) -> Iterator[Any]:
    """Proxies with `.http`, `.https`, `.socks5`, `.socks4`, each with switches; see `proxies.py`."""
    servers = sibling("proxies").ProxyServers(certificates)
    yield servers
    servers.close()


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[int], Any]]:
    """Starts relays in front of a port that cut, stall or slow down what passes: `tcp_proxy(port).cut_after(1_000)`."""
    module = sibling("proxies")
    with ExitStack() as stack:

        def start(port: int) -> Any:
            relay = module.TcpProxy(port)
            stack.callback(relay.close)
            return relay

        yield start
