"""A folder with very many mails: bounded batches, oldest first, progress in each cycle (F27)."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox, taking
from mailroom.store.intake import Intake
from mailroom.store.schema import alerts, items

MANY = 20_000
TINY = b"From: a@example.org\r\nMessage-ID: <t%d@example.org>\r\nSubject: Mail %d\r\n\r\nx\r\n"

pytestmark = pytest.mark.slow


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def full(mailbox: Any) -> Any:
    """The mailbox, with 20,000 unread mails. Those with higher UIDs arrived first; the UIDs decide."""
    now = datetime.now(UTC)
    half = MANY // 2
    mailbox.put(*(TINY % (n, n) for n in range(1, half + 1)), arrived=now - timedelta(hours=1))
    mailbox.put(*(TINY % (n, n) for n in range(half + 1, MANY + 1)), arrived=now - timedelta(hours=2))
    return mailbox


def titles(mailbox: Any) -> list[str]:
    query = select(alerts.c.title).order_by(alerts.c.id)
    return list(mailbox.store.db.read(lambda tx: tx.execute(query).scalars().all()))


def count(mailbox: Any, table: Any) -> int:
    return int(mailbox.store.db.read(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one()))


# F27
def test_a_folder_with_very_many_mails_is_taken_in_bounded_batches_oldest_first(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    commit = Intake.commit
    monkeypatch.setattr(
        Intake, "commit", lambda self, *given, **more: (batches.append(len(given[3])), commit(self, *given, **more))[1]
    )
    # Every cycle gets on, takes the oldest, and loses sight of none.
    for cycle in range(1, 4):
        report = full.cycle(max_per_cycle=50)
        assert (report.alerted, report.waiting) == (50, MANY - 50 * cycle)
    assert titles(full) == [f"Mail {n}" for n in range(1, 151)]
    assert count(full, items) == MANY  # written down once; the first cycle saw them all
    assert max(batches) == 50

    # New mail does not push itself in front, and what somebody reads or moves away meanwhile is accounted for.
    full.put(TINY % (MANY + 1, MANY + 1))
    full.server.expunge(full.user, "INBOX", "uid", "151:160")
    report = full.cycle(max_per_cycle=50)
    assert (report.alerted, report.gone) == (40, 10)
    assert titles(full)[-1] == "Mail 200"

    # The backlog, in one go.
    tracemalloc.start()
    seen: list[tuple[int, int | None]] = []
    report = ingest_mailbox(
        full.account, full.store, MailboxSettings(indicators=False), catch_up=True,
        progress=lambda _folder, done, total: seen.append((done, total)),
    )  # fmt: skip
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (report.alerted, report.waiting) == (MANY + 1 - 200, 0)
    assert titles(full) == [f"Mail {n}" for n in range(1, MANY + 2) if not 151 <= n <= 160]
    assert max(batches) == MailboxSettings().batch_size
    assert seen[-1] == (MANY + 1 - 200, MANY + 1 - 200)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert peak < 40 << 20, f"{peak >> 20} MiB: grows with the folder"
    assert full.unread() == []
    assert full.cycle().fetched == 0
    assert full.store.runs.conservation_violations() == []


# F27
def test_the_first_look_at_many_mails_is_written_down_in_parts(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[int] = []
    stage = Intake.stage
    monkeypatch.setattr(taking, "_STAGED_AT_ONCE", 3_000)
    monkeypatch.setattr(
        Intake, "stage", lambda self, *given, **more: (parts.append(len(given[2])), stage(self, *given, **more))[1]
    )
    assert full.cycle(max_per_cycle=10).waiting == MANY - 10
    assert (max(parts), sum(parts)) == (3_000, MANY - 10)
