"""Named points where a test may kill, stop or break the process.

Production code calls `faultpoint("ledger.after_send")` at every step that could be the last one. Without
the environment variable `MAILROOM_FAULT` this costs one comparison. With it:

    MAILROOM_FAULT="kill:ledger.after_send"        SIGKILL at the first pass
    MAILROOM_FAULT="kill:ledger.after_send:3"      ... at the third pass
    MAILROOM_FAULT="kill:#17"                      ... at the 17th fault point passed, whatever its name
    MAILROOM_FAULT="stop:ingest.before_commit"     SIGSTOP (a paused worker; continue it with SIGCONT)
    MAILROOM_FAULT="raise:ingest.before_commit"    raises `FaultError`
    MAILROOM_FAULT="count:/path/to/file"           appends the name of each point passed, for counting
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path


class FaultError(Exception):
    """Raised by a fault point on request; deliberately not a `MailroomError`."""


class _Plan:
    """One parsed `MAILROOM_FAULT`; counts passes over all threads."""

    def __init__(self, text: str) -> None:
        action, _, rest = text.partition(":")
        if action not in {"kill", "stop", "raise", "count"} or not rest:
            msg = f"MAILROOM_FAULT={text!r}: expected kill|stop|raise:<point>[:<nth>] or count:<file>"
            raise ValueError(msg)
        self.action = action
        name, _, nth = rest.partition(":")
        self.name = rest if action == "count" else name
        self.nth = int(nth or 1) if not name.startswith("#") else int(name[1:])
        self._passes = 0
        self._lock = threading.Lock()

    def passed(self, name: str) -> None:
        if self.action == "count":
            with self._lock, Path(self.name).open("a", encoding="ascii") as log:
                log.write(name + "\n")
            return
        if not self.name.startswith("#") and name != self.name:
            return
        with self._lock:
            self._passes += 1
            hit = self._passes == self.nth
        if not hit:
            return
        if self.action == "raise":
            raise FaultError(name)
        os.kill(os.getpid(), signal.SIGKILL if self.action == "kill" else signal.SIGSTOP)


def _from_environment() -> _Plan | None:
    text = os.environ.get("MAILROOM_FAULT", "")
    return _Plan(text) if text else None


_plan = _from_environment()


def faultpoint(name: str) -> None:
    """Say that the process has come to the step `name`."""
    if _plan is not None:
        _plan.passed(name)
