"""How fast actions are carried out: from the command line, through the ledger alone, and as task runs."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.command import mailroom
from benchmarks.table import Figure
from benchmarks.tenant import tenant, write_home
from mailroom.effects.carry_out import BATCH
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult, NewAction


def from_the_command_line(folder: Path, messages: int = 2_000) -> list[Figure]:
    """Releases through `mailroom retry`: the intents are in the ledger, the command carries them out."""
    with tenant(messages, "--large") as described:
        home = write_home(folder / "cli", described, held="with_detail = false")
        mailroom(home, "ingest", "held")
        wanted = intend_releases(home)
        done = mailroom(home, "retry")
    applied = done.answer["actions"].get("release_applied", 0)
    assert applied > wanted / 2, done.answer
    note = f"{applied} releases in {done.seconds:.1f} s, start of the process and checks included"
    rate = applied / done.seconds
    return [Figure("releases from the command line", rate, "releases/s", 200, peak_mb=done.peak_mb, note=note)]


def intend_releases(home: Path) -> int:
    """Enter a release of every alert that may be released, as an analyst who chose them all."""
    from mailroom.cli.settings import load_settings
    from mailroom.effects.kinds import slot

    with load_settings(home, {}).open_store() as store:
        # A rail refuses what the gateway rates as high.
        alerts = [a for a in store.alerts.list(limit=100_000) if (a.event or {}).get("risk") != "high"]
        store.ledger.intend_many(
            [
                NewAction(a.tenant, a.id, "release", a.hold_id, slot(a.hold_id), mode="manual", requested_by="bench")
                for a in alerts
            ]
        )
        return len(alerts)


def _release(target: str) -> NewAction:
    return NewAction("bench", None, "release", target, f"disposition:{target}")


def ledger_alone(folder: Path, effects: int = 500) -> list[Figure]:
    """What the ledger costs per effect: one at a time as a mail is sent, and in batches as messages are released."""
    with Store.open(f"sqlite:///{folder / 'ledger.db'}", blobs=str(folder / "ledger-blobs")) as store:
        started = time.perf_counter()
        for number in range(effects):
            action, _ = store.ledger.begin(_release(f"h{number}"), owner="bench")
            store.ledger.settle([ActionResult(action.id, "applied")])
        seconds = time.perf_counter() - started
        started = time.perf_counter()
        for start in range(0, effects, BATCH):
            wanted = [_release(f"b{number}") for number in range(start, start + BATCH)]
            ids = [action.id for action in store.ledger.intend_many(wanted) if isinstance(action, Action)]
            store.ledger.claim(ids, owner="bench")
            store.ledger.settle([ActionResult(known, "applied") for known in ids])
        batched = (time.perf_counter() - started) / effects * 1000
    one_by_one = seconds / effects * 1000
    return [
        Figure("ledger overhead per effect", batched, "ms", 3.0, at_least=False, note=f"SQLite, batches of {BATCH}"),
        Figure(
            "ledger overhead per effect, one by one",
            one_by_one,
            "ms",
            3.0,
            at_least=False,
            note=f"two commits with full sync; two bare syncs here: {2 * _sync_ms(folder):.2f} ms",
        ),
    ]


def _sync_ms(folder: Path, times: int = 100) -> float:
    """What one write and fsync costs on this disk: the floor under every commit."""
    with (folder / "sync").open("wb") as file:
        started = time.perf_counter()
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        return (time.perf_counter() - started) / times * 1000
