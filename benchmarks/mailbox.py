"""How fast a mailbox becomes alerts, against a bare FETCH of the same mails in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import corpus, mail_peer, mail_servers
from benchmarks.command import mailroom
from benchmarks.table import Figure
from mailroom.clock import SYSTEM_CLOCK
from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.connectors.mailbox.scan import Scan
from mailroom.mail.account import MailAccount
from mailroom.store import Store

_ROUNDS = 8
_CORE = MailboxSettings(mark_as_read=False, indicators=False)
_PURE = MailboxSettings(mark_as_read=False, indicators=False, accelerator=False)


def end_to_end(folder: Path, mails: int = 10_000) -> list[Figure]:
    """Fetched, parsed, de-duplicated, stored: both corpora, both databases, with and without what is compiled."""
    with mail_servers.imap_server(folder / "dovecot") as server:
        if server is None:
            return []
        peer = mail_peer.imap_tools(folder)
        figures: list[Figure] = []
        boxes: dict[str, MailAccount] = {}
        for name, make, wanted in (("mix", corpus.mix, (0.30, 0.15, 8)), ("small", corpus.small, (0.13, 0.08, 3))):
            boxes[name] = mail_servers.account(server, (sample.raw for sample in make(mails)))
            figures += _on_sqlite(folder, name, boxes[name], mails, wanted, peer)
        with mail_servers.database_server() as database:  # only now: it works on when nobody asks it for anything
            for name, least in (("mix", 0.20), ("small", 0.07)) if database is not None else ():
                figures.append(_on_postgres(folder, name, boxes[name], mails, least, database))
    return figures


def _on_sqlite(
    folder: Path, name: str, of: MailAccount, mails: int, wanted: tuple[float, float, float], peer: Any
) -> list[Figure]:
    def sqlite(settings: MailboxSettings) -> Callable[[], float]:
        return lambda: _seconds(of, f"sqlite:///{_fresh(folder)}", folder, settings, mails)

    best = _best({"raw": lambda: mail_servers.raw_fetch(of)[1], "sqlite": sqlite(_CORE), "pure": sqlite(_PURE)})
    raw = best["raw"]
    note = f"{mails / best['sqlite']:,.0f} mails/s; raw {mails / raw:,.0f}"
    figures = [
        Figure(f"mailbox, {name}: of raw FETCH, SQLite", raw / best["sqlite"], "of raw", wanted[0], note=note),
        Figure(f"mailbox, {name}: of raw FETCH, pure Python", raw / best["pure"], "of raw", wanted[1]),
    ]
    if peer is not None:
        other = mail_peer.seconds(peer, of, _fresh(folder))
        figures.append(Figure(f"mailbox, {name}: against imap_tools + ORM", other / best["sqlite"], "x", wanted[2]))
    return figures


def _on_postgres(folder: Path, name: str, of: MailAccount, mails: int, least: float, database: Any) -> Figure:
    def postgres() -> float:
        return _seconds(of, database.url(database.new_database()), folder, _CORE, mails)

    best = _best({"raw": lambda: mail_servers.raw_fetch(of)[1], "postgres": postgres})
    return Figure(f"mailbox, {name}: of raw FETCH, PostgreSQL", best["raw"] / best["postgres"], "of raw", least)


def _best(ways: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The quickest of several rounds of each, in turn, so that a busy minute hits all of them."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(_ROUNDS):
        for way, measure in ways.items():
            best[way] = min(best[way], measure())
    return best


_number = iter(range(1_000_000))


def _fresh(folder: Path) -> Path:
    return folder / f"mailbox-{next(_number)}.db"


def _seconds(of: MailAccount, url: str, folder: Path, settings: MailboxSettings, mails: int) -> float:
    with Store.open(url, blobs=folder / "blobs") as store:
        started = time.perf_counter()
        report = ingest_mailbox(of, store, settings, catch_up=True)
        seconds = time.perf_counter() - started
    assert report.alerted == mails, report
    if url.startswith("sqlite"):
        for file in folder.glob("mailbox-*.db*"):
            file.unlink()  # what is written back to disk later would be charged to the next one
    return seconds


def with_indicators(folder: Path, mails: int = 10_000) -> list[Figure]:
    """The mix with indicators, from the command line: time and memory; then a mailbox with one mail of 25 MB."""
    with mail_servers.imap_server(folder / "dovecot-2") as server:
        if server is None:
            return []
        empty = _command(folder / "empty", server, mail_servers.account(server, ()))
        full = _command(folder / "full", server, mail_servers.account(server, (one.raw for one in corpus.mix(mails))))
        assert full.answer["alerted"] == mails, full.answer
        big = _command(folder / "big", server, mail_servers.account(server, [_big()]))
        return [
            Figure("mailbox, mix with indicators, command line", full.seconds, f"s for {mails:,}", 15, at_least=False,
                   peak_mb=full.peak_mb),
            Figure("memory above idle, mix", full.peak_mb - empty.peak_mb, "MB", 150, at_least=False),
            Figure("memory above idle, one mail of 25 MB", big.peak_mb - empty.peak_mb, "MB", 150, at_least=False),
        ]  # fmt: skip


def _command(home: Path, server: Any, of: MailAccount) -> Any:
    imap = of.need_imap()
    home.mkdir(parents=True)
    (home / "mailroom.toml").write_text(
        f'[mailbox]\nname = "bench"\naddress = "{of.address}"\nusername = "{imap.username}"\n'
        f'password = "{imap.password}"\nimap_host = "{server.host}"\nimap_port = {server.imap_port}\n'
        'imap_security = "none"\nallow_plaintext = true\n'
    )
    return mailroom(home, "ingest", "mailbox", "--catch-up")


def _big() -> bytes:
    line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3\r\n"
    return (
        b"From: big@example.org\r\nTo: soc@northwind.example\r\nSubject: big\r\nMessage-ID: <big@example.org>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name="big.bin"\r\n'
        b'Content-Disposition: attachment; filename="big.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    ) + line * ((25 << 20) // len(line))


def idle_poll(folder: Path, mails: int = 50_000) -> list[Figure]:
    """What a poll with nothing new asks of the server: open the folder, search."""
    with mail_servers.imap_server(folder / "dovecot-3") as server:
        if server is None:
            return []
        body = b"From: a@example.org\r\nSubject: %d\r\nMessage-ID: <%d@example.org>\r\n\r\nhello\r\n"
        of = mail_servers.account(server, (body % (number, number) for number in range(mails)))
        settings = MailboxSettings(offset_days=3650, indicators=False)
        with Store.open(f"sqlite:///{_fresh(folder)}", blobs=folder / "blobs") as store:
            ingest_mailbox(of, store, settings, catch_up=True)
            (known,) = store.intake.generations(of.address, "mailbox", "bench/INBOX")
            best = float("inf")
            for _ in range(10):
                with of.open_imap() as session:
                    started = time.perf_counter()
                    status = session.open("INBOX", readonly=False)
                    found = Scan(session, status, settings, store, known.id, [], SYSTEM_CLOCK.now()).look()
                    best = min(best, time.perf_counter() - started)
                    assert not (found.new or found.below)
    return [Figure(f"a poll with nothing new, {mails:,} mails", best * 1000, "ms", 5, at_least=False)]
