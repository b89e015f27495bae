"""Is the store what it should be? Quick at every start, thorough on request. Damage stops work; nothing is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select, text

from mailroom.errors import StoreError
from mailroom.store.blobs import Blobs
from mailroom.store.database import Database
from mailroom.store.events import Events
from mailroom.store.failures import corrupt
from mailroom.store.runs import Runs
from mailroom.store.schema import blobs as blob_rows
from mailroom.store.schema import items

_QUICK_BYTES = 32 << 20
"""Up to this size every start checks all pages (some tens of milliseconds)."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; each problem is a sentence."""

    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing found."""
        return not self.problems


def check_on_start(db: Database) -> None:
    """Stop at once on a file that is no SQLite database or whose pages are damaged. Raises StoreError."""
    if not db.is_sqlite:
        return
    path = Path(db.url.database or "")
    size = path.stat().st_size
    if not size:
        return
    # Only SQLite itself may open the file. Closing it anywhere in a process takes away the locks of every connection
    # that the process has to it; another process then removes the log they are writing to.
    if size > _QUICK_BYTES:
        db.value(text("PRAGMA schema_version"))
    elif problems := db.read(lambda tx: _pages(tx, "quick_check")):
        raise corrupt(str(path), problems[0])


def check(db: Database, events: Events, runs: Runs, blobs: Blobs, *, deep: bool) -> CheckReport:
    """See `Store.check`."""
    problems: list[str] = []
    try:
        if db.is_sqlite:
            problems += db.read(lambda tx: _pages(tx, "integrity_check" if deep else "quick_check"))
            problems += db.read(_references)
        problems += db.read(_items)
        problems += [
            f"Run {run.id}: fetched {run.counts['fetched']} items, but their endings add up to something else."
            for run in runs.conservation_violations()
        ]
        problems += events.verify()
        if deep:
            problems += _missing_blobs(db, blobs)
    except StoreError as error:
        problems.append(str(error))
    return CheckReport(tuple(problems))


def _pages(tx: Connection, pragma: str) -> list[str]:
    found: Sequence[str] = tx.execute(text(f"PRAGMA {pragma}(10)")).scalars().all()
    return [f"Damaged page: {line}" for line in found if line != "ok"]


def _references(tx: Connection) -> list[str]:
    rows = tx.execute(text("PRAGMA foreign_key_check")).fetchmany(10)
    return [f"Row {row[1]} of {row[0]} refers to a row of {row[2]} that does not exist." for row in rows]


def _items(tx: Connection) -> list[str]:
    lost = select(items.c.id).where(items.c.state == "alerted", items.c.alert_id.is_(None)).limit(10)
    return [f"Item {item_id} says it became an alert, but names none." for item_id in tx.execute(lost).scalars()]


def _missing_blobs(db: Database, blobs: Blobs) -> list[str]:
    problems: list[str] = []
    after = ""
    while len(problems) < 10:
        query = select(blob_rows.c.sha256).where(blob_rows.c.sha256 > after).order_by(blob_rows.c.sha256).limit(1_000)
        page = db.values(query)
        if not page:
            break
        problems += [f"Blob {name} is missing from the blob folder." for name in page if not blobs.exists(name)]
        after = page[-1]
    return problems
