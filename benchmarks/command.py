"""Run a `mailroom` command as a user would, and measure it: wall time and peak memory of the child."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.memory import Command


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
    return subprocess.Popen(_line(home, *arguments), stdout=subprocess.PIPE, text=True)


def mailroom(home: Path, *arguments: str) -> Measured:
    """`mailroom --home HOME ARGUMENTS... --json` in a new process."""
    started = time.perf_counter()
    command = Command(_line(home, *arguments))
    output = command.stdout.read().decode()
    used = command.wait()
    seconds = time.perf_counter() - started
    if used.code:
        sys.exit(f"mailroom {' '.join(arguments)} ended with {used.code}: {output[-500:]}")
    return Measured(json.loads(output.splitlines()[-1]), seconds, used.peak_mb, used.cpu)


def _line(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "mailroom.cli.main", "--home", str(home), *arguments, "--json"]
