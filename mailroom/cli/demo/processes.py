"""The demo's child processes: started with a log each, watched while they start, ended in reverse order."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from mailroom.closing import Closing
from mailroom.errors import TransientError

if TYPE_CHECKING:
    from mailroom.cli.demo.home import DemoHome

_START_SECONDS = 180.0
_END_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1
_MAIL_PORTS = ("imap-port", "imaps-port", "smtp-port", "smtps-port", "relay-port")


class Children(Closing):
    """Sandbox, Prefect server and worker."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[str]]] = []

    def start_sandbox(self, home: DemoHome) -> dict[str, Any]:
        """Start the tenant and its mail server; returns their addresses and credentials."""
        size = ["--messages", str(home.messages), "--seed", str(home.seed), "--mail", str(home.mails)]
        ports = [part for name in ("port", *_MAIL_PORTS) for part in (f"--{name}", "0")]
        child = self._start("sandbox", "sandbox", *ports, *size, "--state", str(home.folder / "sandbox"), piped=True)
        assert child.stdout is not None  # noqa: S101 - piped
        line = child.stdout.readline()
        if not line:
            raise self._did_not_start("sandbox")
        threading.Thread(target=child.stdout.read, daemon=True).start()
        described: dict[str, Any] = json.loads(line)
        return described

    def start_server(self, home: DemoHome) -> None:
        """Start the Prefect server and wait until it answers."""
        child = self._start("server", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(home.port))
        session = requests.Session()
        session.trust_env = False
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if child.poll() is not None:
                break
            try:
                if session.get(f"{home.api}/health", timeout=2).status_code == requests.codes.ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.3)
        raise self._did_not_start("server")

    def start_worker(self, home: DemoHome) -> None:
        """Start a worker for the pool of `deployments.yaml`."""
        del home
        self._start("worker", "prefect", "worker", "start", "--pool", "mailroom", "--type", "process")

    def check(self) -> None:
        """All children are alive.

        Raises:
            TransientError: one has ended by itself; the end of its log is in the message.
        """
        for name, child in self._running:
            if child.poll() is not None:
                raise self._did_not_start(name)

    def wait(self) -> None:
        """Wait until a child ends by itself (which it should not) or the user interrupts."""
        while True:
            self.check()
            time.sleep(0.5)

    def close(self) -> None:
        """End all children, the last one first."""
        for _, child in reversed(self._running):
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
                try:
                    child.wait(_END_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        self._running.clear()

    def _start(self, name: str, module: str, *arguments: str, piped: bool = False) -> subprocess.Popen[str]:
        log = (self._logs / f"{name}.log").open("w")
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else log,
            stderr=log if piped else subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends them in order
            preexec_fn=_stoppable_child,
        )
        log.close()
        self._running.append((name, child))
        return child

    def _did_not_start(self, name: str) -> TransientError:
        log = self._logs / f"{name}.log"
        tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
        return TransientError(f"The {name} ended or did not start. The end of {log}:\n{tail}")


def _stoppable_child() -> None:
    """Undo an inherited "ignore SIGINT", and (on Linux) end when the demo is killed: a worker must not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
