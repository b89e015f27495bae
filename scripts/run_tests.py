"""Run the tests, several groups of them at a time.

Half of the tests wait for servers they started (Prefect, PostgreSQL, Dovecot, a browser), so groups run side by side,
one more than there are processors. Groups are processes of their own: tests that fork and kill cannot share one with
threads. With arguments, one plain `pytest` run with these arguments.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
# Longest first. What stands in no group is in the last one, so that a new folder is never forgotten; a file that is
# named by itself is left out where its folder is named.
GROUPS = (
    ("flows",),
    ("faults/test_change_kills.py", "faults/test_blocking_kills.py", "faults/test_workers.py"),
    ("faults",),
    ("browser", "blocks", "tasks", "cli", "examples"),
    ("store", "connectors", "effects"),
)


def groups() -> list[list[str]]:
    """Arguments of each pytest process."""
    named = {name for group in GROUPS for name in group}
    there = sorted(path for path in TESTS.iterdir() if path.name.startswith("test_") or path.is_dir())
    rest = [str(path) for path in there if path.name not in named and not path.name.startswith(("_", "."))]
    chosen = []
    for group in GROUPS:
        elsewhere = [name for name in sorted(named - set(group)) if name.partition("/")[0] in group]
        chosen.append([str(TESTS / name) for name in group] + [f"--ignore={TESTS / name}" for name in elsewhere])
    return [*chosen, rest]


def at_once() -> int:
    """How many groups side by side; MAILROOM_TEST_GROUPS says otherwise."""
    return int(os.environ.get("MAILROOM_TEST_GROUPS", 0)) or min(4, 1 + (os.cpu_count() or 2))


def main(arguments: list[str]) -> int:
    """Exit code 0 only when every group passed."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.run([*pytest, *arguments], cwd=ROOT, check=False).returncode
    waiting, running, failed = groups(), [], []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mailroom-tests-") as folder:
        while waiting or running:
            while waiting and len(running) < at_once():
                group = waiting.pop(0)
                output = Path(folder, f"{len(waiting)}.txt").open("w+", encoding="utf-8")  # noqa: SIM115
                name = " ".join(Path(path).name for path in group if not path.startswith("--"))
                print(f"-- started: {name}", flush=True)
                options = ["-q", "-p", "no:cacheprovider", "--durations=8"]
                child = subprocess.Popen([*pytest, *options, *group], cwd=ROOT, stdout=output, stderr=output)
                running.append((name, child, output, time.monotonic()))
            time.sleep(0.2)
            for entry in [entry for entry in running if entry[1].poll() is not None]:
                running.remove(entry)
                name, child, output, since = entry
                output.seek(0)
                print(output.read(), flush=True)
                output.close()
                print(f"-- ended with {child.returncode} after {time.monotonic() - since:.0f} s: {name}", flush=True)
                if child.returncode:
                    failed.append(name)
    print(f"-- all groups: {time.monotonic() - started:.0f} s; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
