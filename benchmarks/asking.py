"""Ten thousand open questions in one mailbox: how soon an answer is known, and what a look costs."""

from __future__ import annotations

import hashlib
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.table import Figure
from mailroom.connectors.replies import ReplyWatcher
from mailroom.mail.account import MailAccount, account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.imap import ImapSession
from mailroom.playbooks.watch_replies import watch
from mailroom.store import Store
from mailroom.store.schema import waits
from mailroom.store.wait_rows import NewWait, Wait, wait_row

QUESTIONS, FEW, ANSWERS, LOOKS = 10_000, 100, 150, 40
_PAUSE = 0.15


def open_questions(folder: Path) -> list[Figure]:
    """All figures; on Dovecot."""
    with dovecot(folder) as (server, user), Store.open(f"sqlite:///{folder / 'asking.db'}") as store:
        account = _account(server, user)
        few = look_seconds(store, account, _ask(store, 0, FEW))
        many = look_seconds(store, account, _ask(store, FEW, QUESTIONS - FEW))
        loaded = _load_seconds(store, account)
        seconds, connections = answer_seconds(store, account, lambda raw: server.deliver(user, raw))
    seconds.sort()
    p95 = seconds[int(len(seconds) * 0.95)]
    note = f"median {statistics.median(seconds):.2f} s, worst {seconds[-1]:.2f} s of {len(seconds)} answers"
    return [
        Figure("arrival to run set to resume, p95", p95, "s", 3.0, at_least=False, note=note),
        Figure("IMAP connections", connections, "", 1, at_least=False, note=f"{QUESTIONS:,} open questions"),
        Figure(
            "a look with 10,000 open questions against 100", many / few, "times", 1.5, at_least=False,
            note=f"{many * 1000:.1f} ms and {few * 1000:.1f} ms; loading them once takes {loaded:.2f} s",
        ),
    ]  # fmt: skip


def look_seconds(store: Store, account: MailAccount, _asked: None) -> float:
    """Median time of a look with nothing new, by a watcher that runs."""
    watcher = ReplyWatcher(store, account)
    times = []
    with account.open_imap() as session:
        watcher.look(session)
        time.sleep(_FRESH)
        for _ in range(LOOKS):
            began = time.perf_counter()
            watcher.look(session)
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def answer_seconds(store: Store, account: MailAccount, deliver: Any) -> tuple[list[float], int]:
    """Seconds from the delivery of each answer to the call that resumes its run; and the connections it took."""
    known: dict[int, float] = {}
    ready, connections = threading.Event(), []
    connect = ImapSession.connect.__func__  # type: ignore[attr-defined]

    def counted(kind: Any, *arguments: Any, **options: Any) -> Any:
        connections.append(1)
        return connect(kind, *arguments, **options)

    def resume(wait: Wait) -> bool:
        known[wait.id] = time.perf_counter()
        return True

    stop = threading.Event()
    with mock.patch.object(ImapSession, "connect", classmethod(counted)):
        thread = threading.Thread(
            target=watch, args=(store, account),
            kwargs={"resume": resume, "stop": stop.is_set, "poll_seconds": 2.0, "on_look": lambda _report: ready.set()},
        )  # fmt: skip
        thread.start()
        assert ready.wait(60)
        arrived: dict[int, float] = {}
        for wait in store.waits.list(limit=ANSWERS, state="open"):
            deliver(_answer(wait))
            arrived[wait.id] = time.perf_counter()
            time.sleep(_PAUSE)
        give_up = time.monotonic() + 60
        while len(known) < len(arrived) and time.monotonic() < give_up:
            time.sleep(0.02)
        stop.set()
        thread.join(60)
    return [known.get(wait_id, float("inf")) - at for wait_id, at in arrived.items()], len(connections)


@contextmanager
def dovecot(folder: Path) -> Iterator[tuple[Any, Any]]:
    """A real IMAP server with one mailbox in it; the helper of the tests."""
    import importlib.util
    import sys

    path = Path(__file__).resolve().parent.parent / "tests" / "dovecot_fixtures.py"
    spec = importlib.util.spec_from_file_location("mailroom_tests_dovecot_fixtures", path)
    assert spec
    assert spec.loader
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    program = module.sibling("dovecot").find_programs()
    if program is None:
        sys.exit("Dovecot is not installed (Debian: dovecot-imapd dovecot-lmtpd dovecot-submissiond)")
    certificates = module.sibling("certificates").Certificates(folder)
    server = module.sibling("dovecot").Dovecot(program, certificates)
    try:
        yield server, server.new_user()
    finally:
        server.close()


def _account(server: Any, user: Any) -> MailAccount:
    return account_from("soc", AccountFields(
        address=user.address, username=user.name, password=user.password, imap_host=server.host,
        imap_port=server.imaps_port, ca_bundle=str(server.ca_file),
    ))  # fmt: skip


def _ask(store: Store, first: int, count: int) -> None:
    """Open questions, entered at once; sending them is not what is measured."""
    now = datetime.now(UTC)
    rows = [
        wait_row(NewWait(
            key=f"bench/{number}", mailbox="soc", recipients=(f"person{number}@northwind.example",), needed=1,
            deadline=now + timedelta(days=3), message_ids=(f"<q{number}@northwind.example>",), sent_at=now,
            subject=f"Did you expect mail {number}?", flow_run_id=f"run-{number}",
            token_hash=hashlib.sha256(str(number).encode()).hexdigest(),
        ), now)
        for number in range(first, first + count)
    ]  # fmt: skip
    store.run(lambda tx: store.db.insert_rows(tx, waits, rows, waits.c.id))


def _load_seconds(store: Store, account: MailAccount) -> float:
    began = time.perf_counter()
    ReplyWatcher(store, account).book.refresh()
    return time.perf_counter() - began


def _answer(wait: Wait) -> bytes:
    return (
        f"From: {wait.recipients[0]}\r\nTo: soc@northwind.example\r\nSubject: Re: {wait.subject}\r\n"
        f"Message-ID: <a{wait.id}@northwind.example>\r\nIn-Reply-To: {wait.message_ids[0]}\r\n"
        f"\r\nYes, I did.\r\n\r\nOn Mon, 16 Nov 2026, SOC <soc@northwind.example> wrote:\r\n> Did you?\r\n"
    ).encode()


_FRESH = 4.0
"""Seconds in which questions just stored are read again by every look; nobody asks 10,000 in that time."""
