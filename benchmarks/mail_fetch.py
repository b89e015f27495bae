"""How fast mails come out of IMAP, against a bare socket that does nothing but cut the same answer into mails.

`python -m benchmarks mail-fetch` prints the table alone. Needs Dovecot; everything runs on loopback.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus, mail_servers
from benchmarks.memory import forget_peak, peak_mb
from benchmarks.table import Figure
from mailroom.mail.account import MailAccount

_MAILS = 2_000
_ROUNDS = 5


def fetching(folder: Path) -> list[Figure]:
    """Both corpora: rates round by round in turn with the bare socket (the median counts), memory, an idle poll."""
    with mail_servers.imap_server(folder / "dovecot-fetch") as server:
        if server is None:
            return []
        figures: list[Figure] = []
        for name, make, promised in (("small", corpus.small, 0.70), ("mix", corpus.mix, 0.90)):
            of = mail_servers.account(server, (sample.raw for sample in make(_MAILS)))
            figures += _corpus(name, of, promised)
        return figures


def _corpus(name: str, of: MailAccount, promised: float) -> list[Figure]:
    mail_servers.raw_fetch(of)
    forget_peak()
    before = peak_mb()
    ratios, costs, rates = [], [], []
    for turn in range(_ROUNDS):
        ways: list[Callable[[MailAccount], float]] = [_raw, _ours]
        taken: dict[Callable[[MailAccount], float], float] = {}
        for way in ways if turn % 2 else reversed(ways):
            began = time.process_time()
            taken[way] = way(of)
            if way is _ours:
                costs.append((time.process_time() - began) / _MAILS * 1e6)
        ratios.append(taken[_raw] / taken[_ours])
        rates.append(_MAILS / taken[_ours])
    more = peak_mb() - before
    note = (
        f"{statistics.median(rates):,.0f} mails/s, {min(ratios):.2f} to {max(ratios):.2f}, CPU {min(costs):.0f} us/mail"
    )
    return [
        Figure(f"fetch, {name}: of raw FETCH", statistics.median(ratios), "of raw", promised, note=note),
        Figure(f"fetch, {name}: memory", more, "MB more", 30, at_least=False),
        Figure(f"fetch, {name}: a question without news", _poll(of), "ms", 5, at_least=False),
    ]


def _raw(of: MailAccount) -> float:
    number, seconds = mail_servers.raw_fetch(of)
    assert number == _MAILS
    return seconds


def _ours(of: MailAccount) -> float:
    with of.open_imap() as session:
        session.open("INBOX")
        uids = session.search()
        began = time.perf_counter()
        number = sum(1 for _ in session.fetch_raw(uids))
        seconds = time.perf_counter() - began
    assert number == _MAILS
    return seconds


def _poll(of: MailAccount) -> float:
    """Milliseconds of a question for news when there are none; the median of 50."""
    with of.open_imap() as session:
        uidnext = session.open("INBOX").uidnext
        spent = []
        for _ in range(50):
            began = time.perf_counter()
            assert session.search(uid_from=uidnext) == []
            spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1e3
