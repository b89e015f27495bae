"""How fast the hold queue becomes alerts, and with how much memory."""

from __future__ import annotations

from pathlib import Path

from benchmarks.command import mailroom
from benchmarks.table import Figure
from benchmarks.tenant import tenant, write_home

# A tenant has its mails; the sandbox writes each on first sight unless it is told to write them before.
_FLAT = ("--large", "--written")


def with_details(folder: Path) -> list[Figure]:
    """Detail calls included; then with a quota, against the quota's own pace."""
    with tenant(3_000, *_FLAT) as described:
        free = mailroom(write_home(folder / "free", described), "ingest", "held")
    quota, messages = 100, 1_000
    with tenant(messages, *_FLAT, "--rate-limit", f"{quota}/s") as described:
        paced = mailroom(write_home(folder / "paced", described), "ingest", "held")
    # The first second's quota is there at once, so n calls need (n - quota) / quota seconds at the least.
    at_best = (messages - quota) / quota
    return [
        Figure(
            "ingest with details, end to end",
            free.answer["fetched"] / free.answer["seconds"],
            "messages/s",
            300,
            peak_mb=free.peak_mb,
            note=f"{free.answer['fetched']} messages, sandbox in another process",
        ),
        Figure(
            f"ingest under a quota of {quota} calls/s",
            at_best / paced.answer["seconds"],
            "of the quota's pace",
            0.9,
            note=f"{messages} messages in {paced.answer['seconds']:.1f} s, at best {at_best:.1f} s",
        ),
    ]


def home_with_details(folder: Path, messages: int = 1_000) -> Path:
    """A home whose store holds alerts with their details."""
    with tenant(messages, *_FLAT) as described:
        home = write_home(folder / "detailed", described)
        mailroom(home, "ingest", "held")
    return home


def without_details(folder: Path, *, large: int = 100_000) -> list[Figure]:
    """The hold list alone: rate, memory, and how time grows."""
    seconds: dict[int, float] = {}
    peak = 0.0
    for size in (large // 10, large):
        with tenant(size, *_FLAT) as described:
            home = write_home(folder / f"list-{size}", described, held="with_detail = false")
            done = mailroom(home, "ingest", "held")
        assert done.answer["alerted"] == size, done.answer
        seconds[size], peak = done.answer["seconds"], done.peak_mb
    growth = seconds[large] / seconds[large // 10]
    return [
        Figure("hold-list items stored", large / seconds[large], "items/s", 3_000, note=f"{large:,} held messages"),
        Figure("memory while ingesting them", peak, "MB", 400, at_least=False, peak_mb=peak),
        Figure("growth of time, ten times the messages", growth, "x", 12, at_least=False, note="linear: 8 to 12"),
    ]
