"""How fast mails come out of IMAP, against a raw socket that does nothing but cut the same answer into mails.

    python -m benchmarks.mail_fetch [mails] [rounds]

Needs Dovecot; everything runs on loopback in a temporary folder. Prints mails per second of both, their ratio round by
round (the median is the figure), processor time per mail, peak memory, and what a poll without news costs.
"""

from __future__ import annotations

import importlib.util
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks import corpus
from mailroom.mail.imap import ImapSession, ImapSettings

_TESTS = Path(__file__).parent.parent / "tests"


def _dovecot(folder: Path) -> Any:
    """The tests' private Dovecot; None when it is not installed."""
    for name in ("loop_thread", "certificates", "dovecot_config", "dovecot"):
        spec = importlib.util.spec_from_file_location(f"mailroom_tests_{name}", _TESTS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    module = sys.modules["mailroom_tests_dovecot"]
    program = module.find_programs()
    certificates = sys.modules["mailroom_tests_certificates"].Certificates(folder)
    return module.Dovecot(program, certificates) if program else None


def _raw(server: Any, user: Any) -> tuple[int, float, float]:
    """Fetch everything in one go over a bare socket; mails, seconds, processor seconds."""
    with socket.create_connection((server.host, server.imap_port)) as sock, sock.makefile("rb", 1 << 17) as file:

        def command(text: str) -> None:
            sock.sendall(f"a {text}\r\n".encode())

        file.readline()
        for text in (f"LOGIN {user.name} {user.password}", "EXAMINE INBOX"):
            command(text)
            while not file.readline().startswith(b"a "):
                pass
        began, used, mails = time.perf_counter(), time.process_time(), 0
        command("UID FETCH 1:* (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])")
        while not (line := file.readline()).startswith(b"a "):
            if line.endswith(b"}\r\n"):
                file.read(int(line[line.rindex(b"{") + 1 : -3]))
                mails += 1
        return mails, time.perf_counter() - began, time.process_time() - used


def _settings(server: Any, user: Any) -> ImapSettings:
    return ImapSettings(server.host, server.imap_port, "none", user.name, user.password, allow_plaintext=True)


def _ours(server: Any, user: Any) -> tuple[int, float, float]:
    """Fetch everything through a session; mails, seconds, processor seconds."""
    with ImapSession.open(_settings(server, user)) as session:
        session.open("INBOX")
        uids = session.search()
        began, used = time.perf_counter(), time.process_time()
        mails = sum(1 for _ in session.fetch_raw(uids))
        return mails, time.perf_counter() - began, time.process_time() - used


def _poll(server: Any, user: Any) -> float:
    """Seconds of a question for news when there are none; the median of 50."""
    with ImapSession.open(_settings(server, user)) as session:
        uidnext = session.open("INBOX").uidnext
        spent = []
        for _ in range(50):
            began = time.perf_counter()
            assert session.search(uid_from=uidnext) == []
            spent.append(time.perf_counter() - began)
        return statistics.median(spent)


def _measure(server: Any, name: str, samples: Iterable[corpus.Sample], number: int, rounds: int) -> None:
    user = server.new_user()
    batch: list[bytes] = []
    octets = 0
    for sample in samples:
        batch.append(sample.raw)
        octets += len(sample.raw)
        if len(batch) == 100:
            server.append(user, "INBOX", *batch)
            batch.clear()
    server.append(user, "INBOX", *batch)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _raw(server, user)
    ratios, rates, costs = [], [], []
    for turn in range(rounds):
        ways: list[Callable[[Any, Any], tuple[int, float, float]]] = [_raw, _ours]
        found = {way: way(server, user) for way in (ways if turn % 2 else reversed(ways))}
        assert found[_raw][0] == found[_ours][0] == number
        ratios.append(found[_raw][1] / found[_ours][1])
        rates.append((number / found[_raw][1], number / found[_ours][1]))
        costs.append((found[_raw][2] / number * 1e6, found[_ours][2] / number * 1e6))
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024
    raw, ours = (statistics.median(column) for column in zip(*rates, strict=True))
    raw_cost, our_cost = (statistics.median(column) for column in zip(*costs, strict=True))
    print(
        f"{name:6} {number:6,} mails, {octets / 2**20:5.0f} MB: raw {raw:8,.0f}/s, ours {ours:8,.0f}/s, "
        f"of raw {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"us/mail {raw_cost:.0f} and {our_cost:.0f}; peak memory +{more:.0f} MB; "
        f"poll {_poll(server, user) * 1e3:.2f} ms"
    )


def main(number: int = 2_000, rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = _dovecot(Path(folder))
        if server is None:
            print("NOT MEASURED: Dovecot is not installed (Debian: dovecot-imapd dovecot-lmtpd)")
            return
        try:
            _measure(server, "small", corpus.small(number), number, rounds)
            _measure(server, "mix", corpus.mix(number), number, rounds)
        finally:
            server.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
