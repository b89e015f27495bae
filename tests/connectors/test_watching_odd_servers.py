"""Watching for answers on servers that refuse, stall and tire, and beside clocks and services that do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mailroom.clock import SYSTEM_CLOCK
from mailroom.connectors import replies, replies_finder
from mailroom.errors import BusyError, TransientError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession
from mailroom.mail.replies import hash_token, new_token
from mailroom.playbooks import watch_replies
from mailroom.playbooks.watch_replies import GRACE, resume_settled, watch, watch_once
from mailroom.store import Store, leases
from mailroom.store.schema import waits
from mailroom.store.wait_rows import NewWait, Wait

AMY = "amy@example.org"
UNREADABLE = b"{tag} NO could not read that one\r\n"


class ClockAhead:
    """The system's clock; sleeping costs nothing and puts it ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return SYSTEM_CLOCK.now() + self.ahead

    def monotonic(self) -> float:
        return SYSTEM_CLOCK.monotonic() + self.ahead.total_seconds()

    def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Box:
    """A mailbox of a scripted server: mails by UID, of which some cannot be read, and the questions about them."""

    def __init__(self, server: Any, store: Store) -> None:
        self.server, self.store = server, store
        self.mails: dict[int, bytes] = {}
        self.arrived: dict[int, datetime] = {}
        self.broken: set[int] = set()
        self.opens = True
        self.account = MailAccount("soc", "soc@northwind.example", server.settings(), None)
        for command in ("SELECT", "EXAMINE"):
            server.on(command, self._open)
        server.on("UID SEARCH", self._search)
        server.on("UID FETCH", self._fetch)

    def ask(self, key: str, *, hours: float = 1.0, people: tuple[str, ...] = (AMY,), **more: Any) -> Wait:
        now = self.store.waits.now()
        return self.store.waits.ask(
            NewWait(
                key=key, mailbox="soc", recipients=people, needed=1, deadline=now + timedelta(hours=hours),
                message_ids=(f"<{key}@northwind.example>",), subject="x", sent_at=now - timedelta(minutes=1), **more,
            )
        )  # fmt: skip

    def answer(
        self, key: str, *, sender: str = AMY, date: str = "", subject: str = "Re: x", body: str = "yes",
        ago: timedelta = timedelta(),
    ) -> int:  # fmt: skip
        uid = max(self.mails, default=0) + 1
        date = date or format_datetime(datetime.now(UTC))
        self.arrived[uid] = datetime.now(UTC) - ago
        self.mails[uid] = (
            f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: {subject}\r\n"
            + (f"In-Reply-To: <{key}@northwind.example>\r\n" if key else "")
            + f"Message-ID: <a{uid}@example.org>\r\nDate: {date}\r\n\r\n{body}\r\n"
        ).encode()
        return uid

    def look(self, **options: Any) -> Any:
        return watch_once(self.store, self.account, **options)

    def state(self, wait: Wait) -> str:
        return self.store.waits.get(wait.id).state

    def overdue(self, wait: Wait, by: timedelta) -> None:
        past = self.store.waits.now() - by
        self.store.run(lambda tx: tx.execute(waits.update().where(waits.c.id == wait.id).values(deadline=past)))

    def _open(self, connection: Any, tag: bytes) -> None:
        if not self.opens:
            connection.send(tag + b" NO EXAMINE failed.\r\n")
            return
        following = max(self.mails, default=0) + 1
        connection.send(b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n" % len(self.mails))
        connection.send(b"* OK [UIDNEXT %d] ok\r\n%s OK [READ-ONLY] opened\r\n" % (following, tag))

    def _named(self, text: bytes) -> list[int]:
        last = max(self.mails, default=0)
        found: set[int] = set()
        for low, high in re.findall(rb"(\d+)(?::(\d+|\*))?", text):
            end = last if high == b"*" else int(high or low)
            found.update(uid for uid in self.mails if int(low) <= uid <= max(end, int(low)))
        return sorted(found)

    def _search(self, connection: Any, tag: bytes) -> None:
        wanted = re.search(rb"UID (\d[\d:*,]*)", self.server.received[-1].upper().partition(b"SEARCH")[2])
        uids = self._named(wanted[1]) if wanted else sorted(self.mails)
        connection.send(b"* SEARCH %s\r\n%s OK done\r\n" % (b" ".join(b"%d" % uid for uid in uids), tag))

    def _fetch(self, connection: Any, tag: bytes) -> None:
        line = self.server.received[-1]
        for uid in self._named(line.split(b" ")[3]):
            whole = b"BODY.PEEK[]" in line
            if whole and uid in self.broken:
                connection.send(UNREADABLE.replace(b"{tag}", tag))
                return
            when = self.arrived[uid].strftime("%d-%b-%Y %H:%M:%S +0000").encode()
            raw = self.mails[uid] if whole else self.mails[uid].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            item = b"BODY[]<0>" if whole else b"BODY[HEADER.FIELDS (X)]"
            connection.send(
                b'* 1 FETCH (UID %d RFC822.SIZE %d INTERNALDATE "%s" FLAGS () %s {%d}\r\n%s)\r\n'
                % (uid, len(raw), when, item, len(raw), raw)
            )
        connection.send(tag + b" OK done\r\n")


@pytest.fixture
def box(scripted: Any, tmp_path: Path) -> Any:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}", blobs=tmp_path / "blobs") as store:
        yield Box(scripted, store)


def test_an_answer_from_the_end_of_the_calendar_counts_like_any_other(box: Box) -> None:
    first, second = box.ask("1"), box.ask("2")
    box.look()
    box.answer("1", date="Fri, 31 Dec 9999 23:59:59 -0100")
    box.answer("2", date="Mon, 01 Jan 0001 00:00:00 +1400")
    assert box.look().answered == 2
    assert (box.state(first), box.state(second)) == ("answered", "answered")


def test_a_fault_over_one_mail_leaves_it_to_people_and_holds_up_no_other(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = box.ask("1"), box.ask("2")
    box.look()
    box.answer("1")
    box.answer("2")
    really = replies_finder.judge

    def judge(mail: Any, *arguments: Any) -> Any:
        if mail.in_reply_to == ("<1@northwind.example>",):
            raise KeyError("a fault of ours")
        return really(mail, *arguments)

    monkeypatch.setattr(replies_finder, "judge", judge)
    assert box.look().answered == 1
    assert (box.state(first), box.state(second)) == ("open", "answered")
    (kept,) = box.store.waits.answers(first.id)
    assert (kept.classification, kept.accepted) == ("unreadable", False)
    assert b"yes" in box.store.blobs.get(kept.raw_sha256)
    assert box.look().looked_at == 0


def test_an_answer_that_lies_in_a_folder_that_does_not_open_is_waited_for(box: Box) -> None:
    wait = box.ask("1")
    box.look()
    box.answer("1", ago=GRACE * 0.75)
    box.overdue(wait, GRACE / 2)
    box.opens = False
    report = box.look()
    assert "EXAMINE failed" in report.problems[0]
    assert box.state(wait) == "open"
    box.opens = True
    box.look()
    assert (box.state(wait), [one.accepted for one in box.store.waits.answers(wait.id)]) == ("answered", [True])


def test_an_answer_that_cannot_be_read_is_waited_for_an_hour_after_the_deadline(box: Box) -> None:
    wait = box.ask("1")
    box.look()
    box.broken = {box.answer("1")}
    box.overdue(wait, GRACE / 2)
    box.look()
    assert box.state(wait) == "open"
    box.overdue(wait, GRACE * 2)
    box.look()
    assert box.state(wait) == "no_answer"
    assert "an answer may lie in it" in box.store.waits.get(wait.id).detail


def test_a_look_back_is_not_over_while_a_mail_in_it_cannot_be_read(box: Box) -> None:
    box.broken = {box.answer("1")}
    box.look()
    wait = box.ask("1", scan_from=box.store.waits.now() - timedelta(hours=1), kind="mail")
    box.look()
    assert box.state(wait) == "open"
    box.broken = set()
    box.look()
    assert box.state(wait) == "answered"


def test_the_service_asks_for_an_unreadable_answer_again_at_the_next_look_and_not_in_a_loop(box: Box) -> None:
    box.ask("1")
    box.look()
    box.broken = {box.answer("1")}
    looks: list[int] = []
    watch(box.store, box.account, poll_seconds=0.05, on_look=lambda r: looks.append(r.looks),
          stop=lambda: len(looks) >= 3)  # fmt: skip
    assert looks == [1, 2, 3]


@pytest.mark.parametrize("command", ["UID SEARCH", "UID FETCH"])
def test_the_service_outlives_a_server_that_says_not_now(box: Box, command: str) -> None:
    wait = box.ask("1")
    box.look()
    box.answer("1")
    usual: Callable[..., None] = box.server.scripts[command]
    box.server.on(command, b"{tag} NO [UNAVAILABLE] try again\r\n", usual)
    watch(box.store, box.account, poll_seconds=0.05, stop=lambda: box.state(wait) == "answered")
    assert box.state(wait) == "answered"


@pytest.mark.parametrize("refusal", [b"{tag} NO [INUSE] busy\r\n", b"{tag} NO EXAMINE failed.\r\n"])
def test_the_service_outlives_a_folder_that_does_not_open_for_a_moment(box: Box, refusal: bytes) -> None:
    wait = box.ask("1")
    box.look()
    box.answer("1")
    usual: Callable[..., None] = box.server.scripts["EXAMINE"]
    box.server.on("EXAMINE", usual, refusal, refusal, usual)
    clock = ClockAhead()
    watch(box.store, box.account, poll_seconds=0.05, clock=clock, stop=lambda: box.state(wait) == "answered")
    assert box.state(wait) == "answered"


def test_the_service_outlives_an_answer_that_nobody_understands(box: Box) -> None:
    wait = box.ask("1")
    box.look()
    box.answer("1")
    usual: Callable[..., None] = box.server.scripts["UID FETCH"]
    box.server.on("UID FETCH", b"* 1 FETCH nonsense\r\n{tag} OK done\r\n", usual)
    watch(box.store, box.account, poll_seconds=0.05, stop=lambda: box.state(wait) == "answered")
    assert box.state(wait) == "answered"


def test_the_service_waits_where_a_login_that_worked_is_refused_for_a_while(box: Box) -> None:
    wait, clock = box.ask("1"), ClockAhead()
    box.look()
    yes, no = b"{tag} OK in\r\n", b"{tag} NO AUTHENTICATE failed.\r\n"
    box.server.on("LOGIN", yes, no, yes)
    box.server.on("IDLE", box.server.drop())
    problems: list[str] = []

    def over() -> bool:
        refusals = box.store.logins.may_try(f"soc@127.0.0.1:{box.server.port}")
        if refusals and not problems:
            problems.append(f"{refusals.next_try_at:%H:%M}")
            box.answer("1")
            box.store.logins.worked(f"soc@127.0.0.1:{box.server.port}")  # somebody has tested it
        return box.state(wait) == "answered"

    watch(box.store, box.account, poll_seconds=0.05, clock=clock, stop=over)
    assert (box.state(wait), len(problems), len(box.server.commands("LOGIN"))) == ("answered", 1, 4)


def test_a_folder_name_that_cannot_be_one_keeps_no_other_question_from_its_answer(box: Box) -> None:
    box.ask("1", folders=("INBOX\nAnswers",))
    wait = box.ask("2")
    box.look()
    box.answer("2")
    report = box.look()
    assert (report.answered, box.state(wait)) == (1, "answered")
    assert "control characters" in report.problems[0]


def test_nobody_takes_over_while_the_mail_server_is_away(
    box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    box.server.greeting = b"* BYE [UNAVAILABLE] down\r\n"
    monkeypatch.setattr(leases, "owner_is_dead", lambda _owner: False)
    clock, tries = ClockAhead(), 0
    with Store.open(f"sqlite:///{tmp_path / 'away.db'}", blobs=tmp_path / "blobs", clock=clock) as store:

        def over() -> bool:
            nonlocal tries
            tries += 1
            with pytest.raises(BusyError):
                store.leases.acquire("replies:soc", "another")
            return clock.ahead > timedelta(hours=1)

        watch(store, box.account, stop=over, clock=clock)
    assert tries > 100


def test_many_reminders_leave_time_for_looks_and_keep_the_lease(
    box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, reminded = ClockAhead(), list[int]()
    monkeypatch.setattr(leases, "owner_is_dead", lambda _owner: False)
    with Store.open(f"sqlite:///{tmp_path / 'slow.db'}", blobs=tmp_path / "blobs", clock=clock) as store:
        slow = Box(box.server, store)
        for key in "12345":
            wait = slow.ask(key, hours=24, reminders=(1,))
            store.run(lambda tx, wait=wait: tx.execute(
                waits.update().where(waits.c.id == wait.id).values(next_reminder_at=wait.created_at)
            ))  # fmt: skip

        def slowly(store: Store, _account: Any, wait_id: int, **_options: Any) -> int:
            with pytest.raises(BusyError):
                store.leases.acquire("replies:soc", "another")
            clock.sleep(200)
            reminded.append(wait_id)
            store.waits.reminded(wait_id, 1)
            return 1

        monkeypatch.setattr(watch_replies, "remind", slowly)
        assert [slow.look(clock=clock).reminders for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert sorted(reminded) == [1, 2, 3, 4, 5]


def test_the_service_leaves_a_server_alone_for_as_long_as_it_asks(box: Box) -> None:
    box.ask("1")
    box.look()
    box.answer("1")
    box.server.on("UID SEARCH", b"{tag} BAD Request is throttled. Suggested Backoff Time: 3600000 milliseconds\r\n")
    hints: list[int] = []

    def over() -> bool:
        hints.append(len(box.server.commands("UID SEARCH")))
        return len(hints) > 20

    before = len(box.server.commands("UID SEARCH"))
    watch(box.store, box.account, poll_seconds=0.05, stop=over)
    assert len(box.server.commands("UID SEARCH")) == before + 1


def test_the_reference_may_stand_in_the_text_only_below_a_subject_of_its_own(box: Box) -> None:
    token = new_token()
    wait = box.ask("1", token_hash=hash_token(token))
    box.look()
    box.answer("", subject="About that mail", body=f"yes\r\n\r\n> Reference: {token}")
    box.answer("", subject="About that mail", sender="eve@evil.example", body="nobody asked her")
    report = box.look()
    assert (report.fetched, report.answered) == (1, 1)
    assert box.state(wait) == "answered"


@pytest.mark.parametrize(
    ("who", "more"),
    [
        ("amy.private@home.example", {"question": {"aliases": {AMY: ["amy.private@home.example"]}}}),
        ("ben@example.org", {"sender_policy": "domain"}),
        ("ben@elsewhere.example", {"sender_policy": "any"}),
    ],
)
def test_the_reference_may_stand_in_the_text_only_of_whoever_may_answer(
    box: Box, who: str, more: dict[str, Any]
) -> None:
    token = new_token()
    wait = box.ask("1", token_hash=hash_token(token), **more)
    box.look()
    box.answer("", sender=who, body=f"yes\r\n\r\n> Reference: {token}")
    box.answer("", sender="ben@example.org", subject="Lunch?", body="at noon")
    report = box.look()
    assert (report.fetched, report.answered) == (1, 1)
    assert box.state(wait) == "answered"


@pytest.mark.parametrize("service", [True, False])
def test_an_answer_counts_although_an_earlier_mail_had_its_number(box: Box, service: bool) -> None:
    first, second = box.ask("1"), box.ask("2")
    watcher = replies.ReplyWatcher(box.store, box.account)

    def look() -> list[str]:
        now = watcher if service else replies.ReplyWatcher(box.store, box.account)
        with ImapSession.open(box.account.imap) as session:
            return now.look(session).problems

    look()
    box.answer("1")
    assert look() == []
    box.mails.clear()
    assert "restored from a backup?" in look()[0]
    box.answer("2")
    assert (look(), look()) == ([], [])
    assert (box.state(first), box.state(second)) == ("answered", "answered")
    assert [len(box.store.waits.answers(one.id)) for one in (first, second)] == [1, 1]


def test_a_server_that_is_late_to_say_which_number_comes_next_is_not_read_again(box: Box) -> None:
    box.ask("1")
    box.look()
    box.answer("1")
    box.look()
    box.server.on("EXAMINE", b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 1] ok\r\n{tag} OK opened\r\n")
    report = box.look()
    assert (report.problems, report.looked_at) == ([], 0)


def test_a_server_that_does_not_say_which_number_comes_next_is_not_read_again(box: Box) -> None:
    box.ask("1")
    box.look()
    box.answer("1")
    box.look()
    box.mails.clear()
    box.server.on("EXAMINE", b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK opened\r\n")
    report = box.look()
    assert (report.problems, report.looked_at) == ([], 0)


def test_a_dry_run_leaves_no_trace_of_a_folder_that_was_never_read(box: Box) -> None:
    box.ask("1")
    box.answer("1")
    assert box.look(dry_run=True).answers == 1
    assert box.store.sources.find("", replies.CONNECTOR, "soc/INBOX", "7") is None


def test_a_look_that_takes_longer_than_its_lease_keeps_it(
    box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock = ClockAhead()
    with Store.open(f"sqlite:///{tmp_path / 'slow.db'}", blobs=tmp_path / "blobs", clock=clock) as store:
        slow = Box(box.server, store)
        asked = [slow.ask(key, hours=24) for key in "123456"]
        slow.look(clock=clock)
        for key in "123456":
            slow.answer(key)
        judge, others = replies_finder.judge, list[str]()

        def slowly(*arguments: Any) -> Any:
            clock.ahead += timedelta(minutes=4)
            with pytest.raises(BusyError):
                slow.look(clock=clock)
            others.append("stayed away")
            return judge(*arguments)

        monkeypatch.setattr(replies_finder, "judge", slowly)
        monkeypatch.setattr(leases, "owner_is_dead", lambda _owner: False)
        assert slow.look(clock=clock).answered == 6
        assert [slow.state(one) for one in asked] == ["answered"] * 6
        assert len(others) == 6


def test_a_prefect_that_does_not_answer_is_asked_once_a_look(box: Box) -> None:
    for number in range(3):
        wait = box.ask(str(number), flow_run_id=f"run {number}")
        box.store.waits.cancel(wait.id, "x")
    asked: list[int] = []

    def resume(wait: Wait) -> bool:
        asked.append(wait.id)
        raise TransientError("Prefect does not answer")

    assert resume_settled(box.store, "soc", resume) == (0, 3)
    assert len(asked) == 1
    assert resume_settled(box.store, "soc", lambda _: True) == (3, 0)
