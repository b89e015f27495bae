"""The mailbox connector against servers that answer oddly: each mail is one alert all the same, and nothing is lost."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from imap_scripted import Connection, ScriptedImap
from mailroom_tests_mailbox_world import mail
from sqlalchemy import select

from mailroom.connectors.mailbox import MailboxReport, MailboxSettings, ingest_mailbox
from mailroom.errors import MailroomError, RateLimitError, TransientError
from mailroom.mail.account import MailAccount
from mailroom.store import Store
from mailroom.store.schema import items

LAST = 4_294_967_295
_RANGE = re.compile(rb"(\d+)(?::(\d+|\*))?")


@pytest.fixture
def store_url(sqlite_url: str) -> str:
    """What a server says does not depend on our database."""
    return sqlite_url


class OddMailbox:
    """A folder on the scripted server. What differs from the usual answers is set by the test.

    Attributes:
        mails: UID -> mail.
        seen: UIDs that were marked as read.
        search: Lines of a SEARCH answer, from the UIDs that fit.
        lines: Lines of a FETCH answer, from UIDs asked for.
        store: How STORE ends.
        poison: UID -> how a FETCH of this mail ends; empty: the connection is cut there.
    """

    def __init__(self, server: ScriptedImap, store: Store, mails: dict[int, bytes]) -> None:
        self.server, self.kept, self.mails = server, store, mails
        self.seen: set[int] = set()
        self.search: Any = lambda uids: [b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids)]
        self.lines: Any = lambda uids: [self.line(uid) for uid in uids]
        self.store = b"OK done"
        self.poison: dict[int, bytes] = {}
        self.account = MailAccount("soc", "soc@northwind.example", server.settings(), None)
        server.on("SELECT", self._selected)
        server.on("EXAMINE", self._selected)
        server.on("UID SEARCH", self._searched)
        server.on("UID FETCH", self._fetched)
        server.on("UID STORE", self._stored)

    def cycle(self, **settings: Any) -> MailboxReport:
        given = {"indicators": False, "max_per_cycle": 0} | settings
        return ingest_mailbox(self.account, self.kept, MailboxSettings(**given))

    def titles(self) -> list[str]:
        """Of all alerts, oldest first."""
        return [alert.title for alert in self.kept.alerts.list(limit=1_000, after_id=0)]

    def states(self) -> dict[int, str]:
        """UID -> state, of every item."""
        query = select(items.c.external_key, items.c.state)
        return {int(key): state for key, state in self.kept.db.read(lambda tx: list(tx.execute(query).all()))}

    def line(self, uid: int, *, items: str = "UID RFC822.SIZE INTERNALDATE FLAGS", raw: bytes | None = None) -> bytes:
        """One FETCH answer."""
        raw = self.mails[uid] if raw is None else raw
        flags = b"\\Seen" if uid in self.seen else b""
        values = {
            "UID": b"%d" % uid, "RFC822.SIZE": b"%d" % len(raw), "INTERNALDATE": b'"05-Jan-2026 08:00:00 +0000"',
            "FLAGS": b"(%s)" % flags,
        }  # fmt: skip
        said = b" ".join(name.encode() + b" " + values[name] for name in items.split())
        number = sorted(self.mails).index(uid) + 1
        return b"* %d FETCH (%s BODY[]<0> {%d}\r\n%s)" % (number, said, len(raw), raw)

    def _selected(self, connection: Connection, tag: bytes) -> None:
        following = max(self.mails, default=0) + 1
        uidnext = b"* OK [UIDNEXT %d] ok\r\n" % following if following <= LAST else b""
        connection.send(
            b"* %d EXISTS\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] ok\r\n* OK [UIDVALIDITY 7] ok\r\n" % len(self.mails)
            + uidnext + tag + b" OK [READ-WRITE] opened\r\n"
        )  # fmt: skip

    def _searched(self, connection: Connection, tag: bytes) -> None:
        asked = self.server.received[-1].upper()
        uids = sorted(self.mails)
        if scope := re.search(rb"(?<!NOT )UID (\d[\d:*,]*)", asked.partition(b"SEARCH")[2]):
            uids = self._within(scope[1])
        if left_out := re.search(rb"NOT UID (\d[\d:,]*)", asked):
            uids = [uid for uid in uids if uid not in self._within(left_out[1])]
        if b"UNSEEN" in asked:
            uids = [uid for uid in uids if uid not in self.seen]
        connection.send(b"\r\n".join([*self.search(uids), tag + b" OK done", b""]))

    def _fetched(self, connection: Connection, tag: bytes) -> None:
        uids = self._within(self.server.received[-1].split(b" ")[3])
        if b"BODY.PEEK[]" not in self.server.received[-1]:
            answers = [b"* 1 FETCH (UID %d FLAGS ())" % uid for uid in uids]
        else:
            good = list(itertools.takewhile(lambda uid: uid not in self.poison, uids))
            answers = self.lines(good)
            if good != uids:
                how = self.poison[uids[len(good)]]
                connection.send(b"".join(line + b"\r\n" for line in answers))
                if not how or how.startswith(b"* BYE"):
                    connection.send(how and how + b"\r\n")
                    raise ConnectionError
                connection.send(tag + b" " + how + b"\r\n")
                return
        connection.send(b"\r\n".join([*answers, tag + b" OK done", b""]))

    def _stored(self, connection: Connection, tag: bytes) -> None:
        if self.store.startswith(b"OK"):
            self.seen |= set(self._within(self.server.received[-1].split(b" ")[3]))
        connection.send(tag + b" " + self.store + b"\r\n")

    def _within(self, uid_set: bytes) -> list[int]:
        spans = [(int(low), int(high or low) if high != b"*" else LAST) for low, high in _RANGE.findall(uid_set)]
        return [uid for uid in sorted(self.mails) if any(low <= uid <= high for low, high in spans)]


@pytest.fixture
def odd(scripted: ScriptedImap, store: Store, tmp_path: Path) -> Any:
    """Makes a mailbox whose mails have these UIDs; "Mail N" lies under UID N."""
    return lambda *uids: OddMailbox(scripted, store, {uid: mail(uid) for uid in uids})


# F19
def test_uids_out_of_order_twice_and_with_gaps_of_millions_are_taken_once_each_oldest_first(odd: Any) -> None:
    box = odd(3, 9, 4_000_000, 2_500_000_000)
    box.search = lambda uids: [
        b"* SEARCH " + b" ".join(b"%d" % uid for uid in [*reversed(uids), *uids[:1]]),
        b"* 4 EXISTS",
        b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids[1:2]),
        b"* SEARCH",
    ]
    box.lines = lambda uids: [box.line(uid) for uid in [*reversed(uids), *uids]]
    report = box.cycle()
    assert (report.fetched, report.alerted) == (4, 4)
    assert sorted(box.titles()) == sorted(f"Mail {uid}" for uid in box.mails)
    assert box.seen == set(box.mails)
    assert box.cycle().fetched == 0
    assert box.kept.runs.conservation_violations() == []


# F19
def test_what_waits_is_taken_oldest_first_however_the_server_lists_it(odd: Any) -> None:
    box = odd(7, 70, 700, 7_000)
    box.search = lambda uids: [b"* SEARCH " + b" ".join(b"%d" % uid for uid in reversed(uids))]
    for _ in range(4):
        assert box.cycle(max_per_cycle=1).alerted == 1
    assert box.titles() == [f"Mail {uid}" for uid in (7, 70, 700, 7_000)]


# F19
@pytest.mark.parametrize("fetch", ["unread", "latest", "everything"])
def test_the_highest_uid_there_is_can_be_taken_and_ends_nothing(odd: Any, fetch: str) -> None:
    box = odd(1, LAST)
    assert box.cycle(fetch=fetch).alerted == 2
    assert box.cycle(fetch=fetch).fetched == 0
    assert box.cycle(fetch=fetch, mark_as_read=False).fetched == 0


# F20
@pytest.mark.parametrize("fetch", ["unread", "latest", "everything"])
def test_a_mail_is_an_alert_although_one_that_was_taken_had_its_number(odd: Any, fetch: str) -> None:
    box = odd(1, 2, 3)
    box.cycle(fetch=fetch)
    del box.mails[3]  # a backup was restored
    again = box.cycle(fetch=fetch)
    assert (again.rebuilt, again.alerted) == (["INBOX"], 0)
    box.seen.discard(3)
    box.mails[3] = mail(30)
    assert box.cycle(fetch=fetch).alerted == 1
    assert box.titles() == ["Mail 1", "Mail 2", "Mail 3", "Mail 30"]
    assert box.cycle(fetch=fetch).fetched == 0


def test_untagged_data_of_every_kind_between_the_mails_changes_nothing(odd: Any) -> None:
    box = odd(1, 2, 3)
    news = [b"* 4 EXISTS", b"* 1 RECENT", b"* 9 EXPUNGE", b"* 2 FETCH (FLAGS (\\Answered) UID 2)", b"* OK still here",
            b"* FLAGS (\\Seen NIL)", b"* 1 FETCH (MODSEQ (77))", b"* CAPABILITY IMAP4rev1"]  # fmt: skip
    box.lines = lambda uids: [*news, *(line for uid in uids for line in (box.line(uid), *news))]
    assert box.cycle().alerted == 3
    assert box.titles() == ["Mail 1", "Mail 2", "Mail 3"]


# F20
def test_items_in_any_order_and_missing_ones_do_not_matter(odd: Any) -> None:
    box = odd(1, 2, 3)
    shapes = {1: "FLAGS INTERNALDATE UID", 2: "RFC822.SIZE UID", 3: "UID"}
    box.lines = lambda uids: [box.line(uid, items=shapes[uid]) for uid in uids]
    assert box.cycle().alerted == 3
    assert box.titles() == ["Mail 1", "Mail 2", "Mail 3"]
    assert box.cycle().fetched == 0


# F20
def test_an_answer_without_uid_is_asked_for_again_alone(odd: Any) -> None:
    box = odd(1, 2, 3)

    def lines(uids: list[int]) -> list[bytes]:
        return [box.line(uid, items="RFC822.SIZE FLAGS" if uid == 2 else "UID RFC822.SIZE FLAGS") for uid in uids]

    box.lines = lines
    report = box.cycle()
    assert (report.alerted, report.gone) == (3, 0)
    assert sorted(box.titles()) == ["Mail 1", "Mail 2", "Mail 3"]
    asked = [line for line in box.server.commands("UID FETCH") if b"BODY.PEEK" in line]
    assert [line.split(b" ")[2] for line in asked] == [b"1:3", b"2"]


# F20
def test_a_mail_nobody_asked_for_is_not_taken(odd: Any) -> None:
    box = odd(1, 2, 3)
    box.seen = {3}
    box.lines = lambda uids: [box.line(3), *(box.line(uid) for uid in uids)]
    assert box.cycle().alerted == 2
    assert box.titles() == ["Mail 1", "Mail 2"]


# F20
def test_nil_instead_of_a_mail_is_tried_three_times_and_delays_nobody(odd: Any) -> None:
    box = odd(1, 2, 3)
    box.lines = lambda uids: [b"* 2 FETCH (UID 2 BODY[] NIL)" if uid == 2 else box.line(uid) for uid in uids]
    first = box.cycle()
    assert (first.alerted, first.waiting) == (2, 1)
    assert [box.cycle().quarantined for _ in range(3)] == [0, 1, 0]
    assert box.titles() == ["Mail 1", "Mail 3"]
    assert box.kept.runs.conservation_violations() == []


def cycles(box: OddMailbox, number: int, **settings: Any) -> list[MailroomError | None]:
    """How so many cycles ended."""
    ended: list[MailroomError | None] = []
    for _ in range(number):
        try:
            box.cycle(**settings)
            ended.append(None)
        except MailroomError as error:
            ended.append(error)
    return ended


POISONS = (
    b"",
    b"* BYE [UNAVAILABLE] Internal error",
    b"NO [SERVERBUG] Internal error",
    b"NO no such thing",
    b"BAD what",
)


# F21
@pytest.mark.parametrize("how", POISONS)
@pytest.mark.parametrize("uid", [1, 3, 12])
@pytest.mark.parametrize("batch_size", [500, 5])
def test_a_mail_that_the_server_fails_at_is_quarantined_and_delays_nobody(
    odd: Any, how: bytes, uid: int, batch_size: int
) -> None:
    box = odd(*range(1, 13))
    box.poison = {uid: how}
    cycles(box, 2, batch_size=batch_size)
    assert sorted(box.titles()) == sorted(f"Mail {one}" for one in range(1, 13) if one != uid)
    cycles(box, 2, batch_size=batch_size)
    assert box.states() == dict.fromkeys(range(1, 13), "alerted") | {uid: "quarantined"}
    assert box.seen == set(range(1, 13)) - {uid}
    box.mails[13] = mail(13)
    assert cycles(box, 2, batch_size=batch_size) == [None, None]
    assert box.states()[13] == "alerted"
    assert box.kept.runs.conservation_violations() == []


# F21
@pytest.mark.parametrize("how", POISONS)
def test_two_mails_that_the_server_fails_at_are_told_apart_from_the_others(odd: Any, how: bytes) -> None:
    box = odd(*range(1, 13))
    box.poison = {4: how, 5: how}
    cycles(box, 10)
    assert box.states() == dict.fromkeys(range(1, 13), "alerted") | {4: "quarantined", 5: "quarantined"}


def test_what_was_read_before_the_connection_was_lost_is_kept(odd: Any) -> None:
    box = odd(*range(1, 13))
    box.poison = {7: b""}
    with pytest.raises(TransientError):
        box.cycle()
    assert box.titles() == [f"Mail {uid}" for uid in range(1, 7)]
    box.poison = {}
    assert (box.cycle().alerted, len(box.titles())) == (6, 12)
    assert box.seen == set(range(1, 13))


# F21
@pytest.mark.parametrize("how", [*POISONS, b"NO [UNAVAILABLE] cannot now", b"NO [INUSE] busy"])
def test_a_server_that_fails_at_every_mail_quarantines_nothing(odd: Any, how: bytes) -> None:
    box = odd(*range(1, 13))
    box.poison = dict.fromkeys(box.mails, how)
    assert None not in cycles(box, 20)
    assert set(box.states().values()) <= {"listed"}
    box.poison = {}
    cycles(box, 2)
    assert box.states() == dict.fromkeys(range(1, 13), "alerted")


# F21
@pytest.mark.parametrize(
    "answer",
    [
        b"NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
        b"NO [THROTTLED] Request is throttled",
        b"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds",
    ],
)
def test_a_throttled_account_quarantines_nothing(odd: Any, answer: bytes) -> None:
    box = odd(*range(1, 13))
    box.cycle(max_per_cycle=2)
    box.poison = dict.fromkeys(range(3, 13), answer)
    assert [type(one) for one in cycles(box, 5)] == [RateLimitError] * 5
    assert set(box.states().values()) == {"alerted", "listed"}
    assert len(box.server.commands("UID FETCH")) == 6
    box.poison = {}
    box.cycle()
    assert set(box.states().values()) == {"alerted"}


# F26
@pytest.mark.parametrize("answer", [b"NO [NOPERM] not yours", b"NO not now", b"BAD what", b"NO [INUSE] busy"])
def test_a_server_that_refuses_to_mark_is_asked_again_by_the_next_cycle(odd: Any, answer: bytes) -> None:
    box = odd(1, 2)
    box.store = answer
    try:
        assert box.cycle().unmarked == 2
    except TransientError:
        assert b"INUSE" in answer
    assert len(box.titles()) == 2
    assert box.seen == set()
    box.store = b"OK done"
    report = box.cycle()
    assert (report.fetched, report.unmarked) == (0, 0)
    assert box.seen == {1, 2}
    assert len(box.titles()) == 2


# F26
def test_marks_that_were_refused_for_ever_so_long_are_made_when_the_server_takes_them(odd: Any) -> None:
    box = odd(1, 2)
    box.store = b"NO not now"
    for _ in range(60):
        assert box.cycle().unmarked == 2
    box.mails[3] = mail(3)
    assert box.cycle().unmarked == 3
    box.store = b"OK done"
    assert box.cycle().unmarked == 0
    assert box.seen == {1, 2, 3}
    box.seen = {1, 3}
    assert box.cycle().unmarked == 0
    assert box.seen == {1, 3}  # somebody marked it as unread since


# F26
def test_marks_are_caught_up_however_many_runs_were_killed_since(odd: Any) -> None:
    box = odd(1, 2)
    box.store = b"NO not now"
    box.cycle()
    source = box.kept.runs.latest("ingest mailbox")[0].source_id
    for _ in range(120):
        box.kept.runs.start("ingest mailbox", source_id=source)
    box.store = b"OK done"
    box.cycle()
    assert box.seen == {1, 2}


# F26
def test_refused_marks_are_counted_in_the_run(odd: Any) -> None:
    box = odd(1, 2)
    box.store = b"NO not now"
    box.cycle()
    (run,) = box.kept.runs.latest("ingest mailbox")
    assert run.counts["unmarked"] == 2
