"""Settings for the test servers, and an SMTP server that says exactly what a test wrote down."""

from __future__ import annotations

import importlib.util
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mailroom.mail.compose import OutgoingMail
from mailroom.mail.smtp import SmtpSettings

# `sound.py` beside this file, under a name of its own (test folders are no packages).
_spec = importlib.util.spec_from_file_location("smtp_sound", Path(__file__).with_name("sound.py"))
assert _spec and _spec.loader
sys.modules["smtp_sound"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["smtp_sound"])

EHLO = b"250-scripted.example\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"


class ScriptedSmtp:
    """Answers each line of the client with the next entry of a script; `received` holds all that came.

    An entry is bytes to send (b"" sends nothing), "close" (goodbye without one), "reset" (a TCP reset), "sip" (reads
    on, a little at a time, until the client gives up), or ("after", n, what): what, once n more octets have come. The
    script starts with the greeting.
    """

    def __init__(self, *scripts: list[Any]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port = int(self._listener.getsockname()[1])
        self.received = b""
        self.gone = threading.Event()
        self._scripts = scripts
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        self.gone.set()
        self._thread.join(25)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with suppress(OSError):
            for script in self._scripts:
                client, _ = self._listener.accept()
                with client, suppress(OSError):
                    client.settimeout(20)
                    self._play(client, list(script))

    def _play(self, client: socket.socket, script: list[Any]) -> None:
        unread = b""
        for position, step in enumerate(script):
            if position and isinstance(step, bytes | str):
                in_mail = script[position - 1] == b"354 go on\r\n"
                mark = b"\r\n.\r\n" if in_mail else b"\r\n"
                while mark not in unread:
                    data = client.recv(65_536)
                    if not data:
                        return
                    unread += data
                    self.received += data
                unread = unread.partition(mark)[2]
            if isinstance(step, tuple):
                _, octets, step = step
                seen = len(unread)
                while seen < octets:
                    data = client.recv(65_536)
                    if not data:
                        return
                    seen += len(data)
                    self.received += data
            if step == "close":
                return
            if step == "sip":
                while data := client.recv(4_096):
                    self.received += data
                    self.gone.wait(0.02)
                return
            if step == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            client.sendall(step)
        while data := client.recv(65_536):
            self.received += data


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedSmtp]]:
    servers: list[ScriptedSmtp] = []

    def start(*scripts: list[Any]) -> ScriptedSmtp:
        servers.append(ScriptedSmtp(*scripts))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def bare() -> Callable[..., SmtpSettings]:
    """Settings without TLS and login, with short patience, for a scripted server."""

    def make(port: int, **options: Any) -> SmtpSettings:
        defaults: dict[str, Any] = {"security": "none", "connect_timeout": 10, "read_timeout": 10, "final_timeout": 10}
        return SmtpSettings("127.0.0.1", port, **(defaults | options))

    return make


@pytest.fixture
def account(smtp_server: Any) -> Callable[..., SmtpSettings]:
    """Settings for the test server's own account, `account("starttls")` or `account("implicit")`."""

    def make(security: str = "starttls", **options: Any) -> SmtpSettings:
        port = smtp_server.starttls_port if security == "starttls" else smtp_server.implicit_port
        defaults = {
            "username": smtp_server.user,
            "password": smtp_server.password,
            "ca_file": smtp_server.ca_file,
            "read_timeout": 20,
        }
        return SmtpSettings("localhost", port, security, **(defaults | options))  # type: ignore[arg-type]

    return make


@pytest.fixture
def mail() -> OutgoingMail:
    return OutgoingMail(
        sender="SOC <sender@northwind.example>",
        to=("Ann <ann@northwind.example>", "bob@northwind.example"),
        cc=("carol@northwind.example",),
        bcc=("hidden@northwind.example",),
        subject="Is this mail yours?",
        text="Please answer.\n",
        message_id="<question-1@northwind.example>",
    )
