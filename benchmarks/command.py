"""Run a `mailroom` command as a user would, and measure it: wall time and peak memory of the child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One command's result."""

    answer: dict[str, Any]
    seconds: float
    peak_mb: float
    cpu: float = 0.0
    """Seconds of processor time of the child."""


def begin(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command; the caller waits for it."""
    command = [sys.executable, "-m", "mailroom.cli.main", "--home", str(home), *arguments, "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def mailroom(home: Path, *arguments: str) -> Measured:
    """`mailroom --home HOME ARGUMENTS... --json` in a new process."""
    started = time.perf_counter()
    child = begin(home, *arguments)
    assert child.stdout is not None
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"mailroom {' '.join(arguments)} ended with {child.returncode}: {output[-500:]}")
    return Measured(
        json.loads(output.splitlines()[-1]), seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
    )
