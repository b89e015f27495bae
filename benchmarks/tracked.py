"""How fast message tracking becomes alerts, and what a catch-up of a month costs when it is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
import urllib.request
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from benchmarks.command import begin, mailroom
from benchmarks.table import Figure
from benchmarks.tenant import tenant, write_home

_SETTINGS = (
    "domains = ['northwind.example', 'northwind-group.example']\nstatus_filter = ''\nmax_hours_backwards = 720\n"
    "max_messages = 0\ntime_limit = 0\n"
)
_INFO = "/api/message-finder/get-message-info"
_SLICE = 250
"""Messages whose answers a killed process may have had and not stored yet."""


def with_details(folder: Path, messages: int = 3_000) -> list[Figure]:
    """Listed in every status, detail calls included; then with a quota, against the quota's own pace."""
    with _tenant(messages) as described:
        free = mailroom(write_home(folder / "tracked-free", described, tracked=_SETTINGS), "ingest", "tracked")
    quota, few = 100, 2_000
    with _tenant(few, "--rate-limit", f"{quota}/s") as described:
        paced = mailroom(write_home(folder / "tracked-paced", described, tracked=_SETTINGS), "ingest", "tracked")
    # The first second's quota is there at once, so n calls need (n - quota) / quota seconds at the least.
    fetched = paced.answer["fetched"]
    at_best = (fetched - quota) / quota
    return [
        Figure(
            "message tracking with details, end to end",
            free.answer["fetched"] / free.answer["seconds"],
            "messages/s",
            300,
            peak_mb=free.peak_mb,
            note=f"{free.answer['fetched']} messages, {free.cpu:.1f} s of processor time of our own",
        ),
        Figure(
            f"message tracking under a quota of {quota} calls/s",
            at_best / paced.answer["seconds"],
            "of the quota's pace",
            0.9,
            note=f"{fetched} messages in {paced.answer['seconds']:.1f} s, at best {at_best:.1f} s",
        ),
    ]


def month_with_a_kill(folder: Path, messages: int = 100_000) -> list[Figure]:
    """29 days: killed when two fifths are stored, then finished; counts the detail calls."""
    messages = int(os.environ.get("MAILROOM_BENCH_MONTH", messages))
    with _tenant(messages) as described:
        home = write_home(folder / "tracked-month", described, tracked=_SETTINGS)
        child = begin(home, "ingest", "tracked", "--catch-up")
        stored = 0
        while stored < messages * 2 // 5 and child.poll() is None:
            time.sleep(0.05)
            stored = _stored(home)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        stored, before = _stored(home), _calls(described)
        rest = mailroom(home, "ingest", "tracked", "--catch-up")
        after, in_all = _calls(described), _stored(home)
    if rest.answer["waiting"] or rest.answer["quarantined"]:
        sys.exit(f"the catch-up is not complete: {rest.answer}")
    again = before + after - before - in_all
    return [
        Figure(
            "catch-up of 29 days after a kill: calls for what is stored",
            after - before - (in_all - stored),
            "calls",
            0,
            at_least=False,
            note=f"{in_all:,} messages, {stored:,} stored when it was killed, {again} answers lost with the process",
        ),
        Figure("... answers lost with the killed process", again, "calls", _SLICE, at_least=False),
        Figure(
            "... rate of what was left",
            (in_all - stored) / rest.answer["seconds"],
            "messages/s",
            300,
            peak_mb=rest.peak_mb,
            note=f"{rest.cpu:.1f} s of processor time",
        ),
        Figure("... memory", rest.peak_mb, "MB", 400, at_least=False, peak_mb=rest.peak_mb),
    ]


def _tenant(messages: int, *options: str) -> Any:
    return tenant(0, "--tracked", str(messages), "--written", *options)


def _stored(home: Path) -> int:
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{home / 'mailroom.db'}?mode=ro", uri=True)) as store:
        return int(store.execute("SELECT count(*) FROM items WHERE state <> 'listed'").fetchone()[0])
    return 0


def _calls(described: dict[str, Any]) -> int:
    with urllib.request.urlopen(f"{described['url']}/__sandbox__/state") as answer:  # noqa: S310 - our own sandbox
        return int(json.load(answer)["calls"].get(_INFO, 0))
