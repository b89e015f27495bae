"""Peak memory, of this process and of commands.

What the kernel calls the peak of a process begins with the memory of whoever started it, and never falls. After bigger
work it would be the bigger work's figure: so commands are started by a small process in between, and the peak of this
one is set back first.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_BETWEEN = """
import json, os, sys
report = int(sys.argv[1])
os.set_inheritable(report, False)
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
os.write(report, json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss / 1024,
                             used.ru_utime + used.ru_stime]).encode())
"""


class Used(NamedTuple):
    """How a command ended and what it took: megabytes at its peak, seconds of processor time."""

    code: int
    peak_mb: float
    cpu: float


class Command:
    """A command that runs; its output is `stdout`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._report, given = os.pipe()
        between = [sys.executable, "-I", "-S", "-c", _BETWEEN, str(given), *command]
        self._process = subprocess.Popen(between, stdout=subprocess.PIPE, pass_fds=(given,))
        os.close(given)
        assert self._process.stdout is not None
        self.stdout = self._process.stdout

    def wait(self) -> Used:
        """Wait for the end."""
        with os.fdopen(self._report, "rb") as report:
            used = Used(*json.loads(report.read()))
        self._process.wait()
        return used


def forget_peak() -> None:
    """From here on this process's peak is that of what follows."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The most memory this process has had since `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this kernel does not tell VmHWM")
