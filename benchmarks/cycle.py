"""What a cycle costs when there is nothing to do."""

from __future__ import annotations

from pathlib import Path

from benchmarks.command import mailroom
from benchmarks.table import Figure
from benchmarks.tenant import tenant, write_home


def nothing_new(folder: Path) -> list[Figure]:
    """Ingest and triage in one command, process start included; the best of three."""
    with tenant(500) as described:
        home = write_home(folder / "idle", described)
        mailroom(home, "ingest", "held", "--then-triage")
        runs = [mailroom(home, "ingest", "held", "--then-triage") for _ in range(3)]
    seconds, cpu = min(run.seconds for run in runs), min(run.cpu for run in runs)
    note = f"{cpu:.2f} s of processor time"
    return [Figure("a cycle with nothing new, command line", seconds, "s", 1.5, at_least=False, note=note)]
