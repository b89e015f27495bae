"""Who holds a lease or sends an action: a name for this process that others can check for life.

A process that was killed cannot say goodbye. On the same machine one can see that it is dead, so its lease need not
be waited out and its open actions can be looked up at once. From elsewhere nothing is concluded.
"""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path


@cache
def _machine() -> str:
    """This machine, this boot, this process table: the same number elsewhere is another process."""
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8])
        parts.append(str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]"))
    except OSError:
        parts.append("-")
    return "+".join(parts).replace("/", "_")


def _started(pid: int) -> str:
    """When the process began, in the kernel's own ticks; tells a reused process number from the old one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if not fields or fields[0] in {"Z", "X"} else fields[19]


def process_owner(label: str = "") -> str:
    """A new owner name for work in this process, unique per call: `label/machine/pid/start/nonce`."""
    pid = os.getpid()
    return "/".join((label.replace("/", "_") or "mailroom", _machine(), str(pid), _started(pid), uuid.uuid4().hex[:8]))


def owner_is_dead(owner: str) -> bool:
    """True only when the owner was a process of this machine and is certainly no longer alive."""
    parts = owner.split("/")
    if len(parts) != 5 or parts[1] != _machine() or not parts[2].isdigit():
        return False
    pid = int(parts[2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it exists and belongs to another user
    if not Path("/proc/self/stat").exists():
        return False
    return _started(pid) != parts[3]
