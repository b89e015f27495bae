"""The private IMAP and database servers of the tests, for measuring, and the bare socket everything is compared to."""

from __future__ import annotations

import importlib.util
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSettings

_TESTS = Path(__file__).resolve().parent.parent / "tests"


def _helper(name: str) -> ModuleType:
    full = f"mailroom_tests_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, _TESTS / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


@contextmanager
def imap_server(folder: Path) -> Iterator[Any]:
    """A Dovecot of our own; None when it is not installed."""
    for name in ("loop_thread", "certificates", "dovecot_config"):
        _helper(name)
    module = _helper("dovecot")
    program = module.find_programs()
    if program is None:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    server = module.Dovecot(program, _helper("certificates").Certificates(folder))
    try:
        yield server
    finally:
        server.close()


@contextmanager
def database_server() -> Iterator[Any]:
    """A PostgreSQL of our own; None when it is not installed."""
    module = _helper("postgres")
    programs = module.find_programs()
    server = module.Postgres(programs) if programs else None
    try:
        yield server
    finally:
        if server is not None:
            server.close()


def account(server: Any, mails: Iterable[bytes]) -> MailAccount:
    """A fresh account whose INBOX holds the mails, unread."""
    user = server.new_user()
    part: list[bytes] = []
    size = 0
    for raw in mails:
        part.append(raw)
        size += len(raw)
        if size > 64 << 20:
            server.append(user, "INBOX", *part)
            part, size = [], 0
    if part:
        server.append(user, "INBOX", *part)
    imap = ImapSettings(
        host=server.host, port=server.imap_port, security="none", username=user.name, password=user.password,
        allow_plaintext=True,
    )  # fmt: skip
    return MailAccount("bench", user.address, imap, None)


def raw_fetch(of: MailAccount) -> tuple[int, float]:
    """One FETCH of everything over a bare socket, cut into mails and dropped: number and seconds."""
    imap = of.need_imap()
    with socket.create_connection((imap.host, imap.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = connection.makefile("rb", buffering=1 << 16)
        lines.readline()
        for tag, command in ((b"a", f"LOGIN {imap.username} {imap.password}"), (b"b", "EXAMINE INBOX")):
            connection.sendall(tag + b" " + command.encode() + b"\r\n")
            while not lines.readline().startswith(tag + b" "):
                pass
        number, started = 0, time.perf_counter()
        connection.sendall(b"c UID FETCH 1:* (UID INTERNALDATE RFC822.SIZE FLAGS BODY.PEEK[])\r\n")
        while not (line := lines.readline()).startswith(b"c "):
            if line.endswith(b"}\r\n"):
                lines.read(int(line[line.rindex(b"{") + 1 : -3]))
                lines.readline()
                number += 1
        seconds = time.perf_counter() - started
        lines.close()
    return number, seconds
