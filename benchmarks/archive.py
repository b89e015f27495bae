"""An archive search of 10,000 mails: memory that does not grow with them, and first rows while the rest loads."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.memory import Command
from benchmarks.table import Figure
from benchmarks.tenant import tenant, write_home

_FOUND = b"Successfully found archive emails"


@dataclass(frozen=True)
class _Search:
    first_rows: float
    """Seconds from the start of the process to the first rows on the terminal."""
    seconds: float
    cpu: float
    """Seconds of processor time of the command."""
    peak_mb: float


def searching(folder: Path, mails: int = 10_000) -> list[Figure]:
    """Through the command line, printed and written to CSV, as an analyst would."""
    with tenant(10, "--archive", str(mails + mails // 10)) as described:
        home = write_home(folder / "archive", described)
        _search(home, folder / "warm.csv", 100)  # the tenant has written its mails
        few, many = _search(home, folder / "few.csv", mails // 10), _search(home, folder / "many.csv", mails)
    with (folder / "many.csv").open(encoding="utf-8-sig") as stream:
        rows = sum(1 for line in stream) - 1
    assert rows == mails, rows
    more = many.peak_mb - few.peak_mb
    waited = many.first_rows / few.first_rows
    note = f"{many.peak_mb:.0f} MB for {mails:,}, {few.peak_mb:.0f} MB for {mails // 10:,}"
    took = f"{many.first_rows:.1f} s of {many.seconds:.1f} s, start of the process included"
    return [
        Figure(f"archive search, memory for {mails:,} mails", more, "MB more", 25, at_least=False, note=note),
        Figure(
            "archive search, wait for the first rows", waited, "of that for a tenth", 1.5, at_least=False, note=took
        ),
        Figure("archive search", mails / many.seconds, "mails/s", 500, note=f"{many.cpu:.1f} s of processor time"),
    ]


def _search(home: Path, csv: Path, limit: int) -> _Search:
    command = [
        sys.executable, "-m", "mailroom.cli.main", "--home", str(home), "archive", "search", "--start", "2020-01-01",
        "--limit", str(limit), "--csv", str(csv),
    ]  # fmt: skip
    started = time.perf_counter()
    child = Command(command)
    first = child.stdout.readline()
    first_rows = time.perf_counter() - started
    rest = child.stdout.read()
    used = child.wait()
    seconds = time.perf_counter() - started
    if used.code or not first or _FOUND not in rest:
        sys.exit(f"the search ended with {used.code}: {rest[-500:]!r}")
    return _Search(first_rows, seconds, used.cpu, used.peak_mb)
