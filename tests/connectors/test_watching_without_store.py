"""The service that watches for answers, beside a store that is away for a while: locked, or its server down."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import StoreUnavailableError
from mailroom.mail.account import MailAccount
from mailroom.playbooks.watch_replies import watch
from mailroom.store import Store
from mailroom.store.wait_rows import NewWait, Wait


class ClockWithNews:
    """The system's clock; sleeping costs nothing and puts it ahead. Something happens after so much sleep."""

    def __init__(self, after: float, happens: Callable[[], Any]) -> None:
        self.slept = 0.0
        self._after, self._happens = after, happens

    def now(self) -> datetime:
        return SYSTEM_CLOCK.now() + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return SYSTEM_CLOCK.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        if self.slept >= self._after:
            self._after = float("inf")
            self._happens()


class Outage:
    """Takes a store away from everybody, and gives it back."""

    def __init__(self, begin: Callable[[], Any], end: Callable[[], Any]) -> None:
        self._begin, self._end = begin, end
        self.lasts = False

    def begin(self) -> None:
        self._begin()
        self.lasts = True

    def end(self) -> None:
        if self.lasts:
            self._end()
        self.lasts = False


@pytest.fixture
def impatient(store_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store that does not wait half a minute for a lock or a server."""
    with Store.open(store_url, blobs=tmp_path / "blobs", busy_seconds=0.05, reconnect_seconds=0.05) as store:
        yield store


@pytest.fixture
def outage(store_url: str, request: pytest.FixtureRequest) -> Iterator[Outage]:
    if store_url.startswith("sqlite"):
        other = sqlite3.connect(store_url.removeprefix("sqlite:///"), isolation_level=None)
        made = Outage(lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK"))
    else:
        server = request.getfixturevalue("postgres")
        made = Outage(server.stop_immediately, server.start_again)
    yield made
    made.end()


class Box:
    """A mailbox of a scripted server with one question, and perhaps the answer to it."""

    def __init__(self, server: Any, store: Store) -> None:
        self.store = store
        self.account = MailAccount("soc", "soc@northwind.example", server.settings(), None)
        self._mail = b""
        for command in ("SELECT", "EXAMINE"):
            server.on(command, self._open)
        server.on("UID SEARCH", self._search)
        server.on("UID FETCH", self._fetch)
        self._server = server

    def ask(self) -> Wait:
        now = self.store.waits.now()
        return self.store.waits.ask(
            NewWait(
                key="1", mailbox="soc", recipients=("amy@example.org",), needed=1, deadline=now + timedelta(days=9),
                message_ids=("<1@northwind.example>",), subject="x", sent_at=now - timedelta(minutes=1),
            )
        )  # fmt: skip

    def answer(self) -> None:
        self._mail = (
            b"From: amy@example.org\r\nTo: soc@northwind.example\r\nSubject: Re: x\r\n"
            b"In-Reply-To: <1@northwind.example>\r\nMessage-ID: <a1@example.org>\r\n\r\nyes\r\n"
        )

    def _open(self, connection: Any, tag: bytes) -> None:
        known = bool(self._mail)
        connection.send(b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n" % known)
        connection.send(b"* OK [UIDNEXT %d] ok\r\n%s OK [READ-ONLY] opened\r\n" % (1 + known, tag))

    def _search(self, connection: Any, tag: bytes) -> None:
        connection.send(b"* SEARCH%s\r\n%s OK done\r\n" % (b" 1" if self._mail else b"", tag))

    def _fetch(self, connection: Any, tag: bytes) -> None:
        if self._mail:
            whole = b"BODY.PEEK[]" in self._server.received[-1]
            raw, item = (self._mail, b"BODY[]<0>") if whole else (self._mail[:-5], b"BODY[HEADER.FIELDS (X)]")
            when = datetime.now(UTC).strftime("%d-%b-%Y %H:%M:%S +0000").encode()
            connection.send(
                b'* 1 FETCH (UID 1 RFC822.SIZE %d INTERNALDATE "%s" FLAGS () %s {%d}\r\n%s)\r\n'
                % (len(self._mail), when, item, len(raw), raw)
            )
        connection.send(tag + b" OK done\r\n")


def test_the_service_outlives_a_store_that_is_away_and_no_answer_is_lost(
    scripted: Any, impatient: Store, outage: Outage
) -> None:
    box = Box(scripted, impatient)
    wait = box.ask()
    looks: list[int] = []
    clock = ClockWithNews(20.0, outage.end)

    def looked(report: Any) -> None:
        looks.append(report.looks)
        if len(looks) == 1:
            box.answer()
            outage.begin()

    def answered() -> bool:
        return impatient.waits.get(wait.id).state == "answered"

    report = watch(impatient, box.account, poll_seconds=0.05, clock=clock, on_look=looked, stop=answered)
    assert answered()
    assert clock.slept >= 20.0
    assert report.answered == 1
    assert impatient.leases.acquire("replies:soc", "another")


def test_a_service_with_an_end_ends_in_time_while_its_store_is_away(
    scripted: Any, impatient: Store, outage: Outage
) -> None:
    box = Box(scripted, impatient)
    box.ask()
    clock = ClockWithNews(1_000.0, outage.end)

    def looked(_report: Any) -> None:
        box.answer()
        outage.begin()

    report = watch(impatient, box.account, poll_seconds=0.05, clock=clock, seconds=100.0, on_look=looked)
    assert report.looks == 1
    assert clock.slept <= 101.0


def test_a_store_that_is_away_from_the_beginning_is_said_at_once(
    scripted: Any, impatient: Store, outage: Outage
) -> None:
    box = Box(scripted, impatient)
    outage.begin()
    with pytest.raises(StoreUnavailableError):
        watch(impatient, box.account, poll_seconds=0.05)
