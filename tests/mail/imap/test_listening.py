"""Listening for as long as wanted: hints, restarts, reconnections with patience."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from imap_scripted import OPENED, Connection

from mailroom.errors import CredentialsError, MailroomError, NotFoundError, TransientError
from mailroom.mail.imap import ImapSession
from mailroom.mail.imap.listening import listen


class ClockThatSkips:
    """Sleeping costs nothing and is remembered; waiting on a socket costs what it costs."""

    def __init__(self) -> None:
        self.seconds, self.slept = 0.0, []

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def test_a_mail_that_arrives_is_a_hint_and_the_session_can_be_used(dovecot, user, settings_for):
    hints = listen(settings_for(user))
    event, session = next(hints)
    assert (event, session.search()) == ("new", [])
    delivering = threading.Thread(target=dovecot.deliver, args=(user, b"Subject: hello\r\n\r\nx\r\n"))
    delivering.start()
    event, session = next(hints)
    delivering.join()
    assert event == "new"
    assert len(session.search()) == 1
    hints.close()


def test_a_lost_connection_is_opened_again_and_says_look(dovecot, user, settings_for):
    clock = ClockThatSkips()
    hints = listen(settings_for(user), clock=clock)
    _, first = next(hints)
    cutting = threading.Thread(target=dovecot.kick, args=(user,))
    cutting.start()
    event, second = next(hints)
    cutting.join()
    assert event == "new"
    assert second is not first
    assert 2.5 <= sum(clock.slept) <= 5.5
    hints.close()


def test_pauses_grow_to_a_quarter_of_an_hour_while_the_server_is_away(scripted):
    scripted.greeting = b"* BYE [UNAVAILABLE] down\r\n"
    clock = ClockThatSkips()
    tries = []

    def stop() -> bool:
        if scripted.connections not in tries:
            tries.append(scripted.connections)
        return scripted.connections >= 12

    assert list(listen(scripted.settings(), clock=clock, stop=stop, chance=lambda: 1.0)) == []
    assert scripted.connections == 12
    expected = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    assert sum(clock.slept) == pytest.approx(sum(expected), abs=20)


def test_a_connection_that_is_lost_at_every_look_is_opened_ever_more_seldom(scripted):
    scripted.on("UID SEARCH", scripted.drop())
    clock = ClockThatSkips()
    for _, session in listen(scripted.settings(), clock=clock, chance=lambda: 1.0):
        with pytest.raises(TransientError):
            session.search()
        if scripted.connections >= 6:
            break
    assert sum(clock.slept) == pytest.approx(5 + 10 + 20 + 40 + 80, abs=5)


def test_a_server_that_asks_for_a_day_of_rest_is_asked_again_after_a_quarter_of_an_hour(scripted):
    scripted.on("EXAMINE", b"{tag} NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n", OPENED)
    clock = ClockThatSkips()
    assert next(listen(scripted.settings(), clock=clock))[0] == "new"
    assert sum(clock.slept) == pytest.approx(900, abs=1)


@pytest.mark.parametrize("refusal", [b"{tag} NO [INUSE] busy\r\n", b"{tag} NO EXAMINE failed.\r\n"])
def test_a_folder_that_the_one_who_looked_could_not_open_is_opened_again_to_wait(scripted, refusal):
    scripted.capabilities = "IMAP4rev1"
    scripted.on("EXAMINE", OPENED, refusal, refusal, OPENED)
    scripted.on("NOOP", b"* 4 EXISTS\r\n{tag} OK done\r\n")
    hints = listen(scripted.settings(), clock=ClockThatSkips())
    _, session = next(hints)
    with pytest.raises(MailroomError):
        session.open("INBOX")
    assert [next(hints)[0], next(hints)[0]] == ["new", "new"]
    assert scripted.connections == 2
    hints.close()


def test_a_wrong_password_ends_it_at_once(scripted):
    scripted.on("LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] bad\r\n")
    with pytest.raises(CredentialsError):
        next(listen(scripted.settings(), clock=ClockThatSkips()))
    assert scripted.connections == 1


def test_a_folder_that_is_not_there_ends_it_at_once(dovecot, user, settings_for):
    with pytest.raises(NotFoundError):
        next(listen(settings_for(user), "Nowhere", clock=ClockThatSkips()))


def test_bye_and_end_of_file_while_waiting_are_gone(scripted):
    for ending in (b"+ idling\r\n* BYE timeout\r\n", b"+ idling\r\n", b"", b"* BYE no\r\n"):
        scripted.on("IDLE", scripted.drop(ending))
        with scripted.open() as session:
            assert session.idle(10) == "gone"
            assert not session.is_alive


def test_a_server_that_says_nothing_after_idle_does_not_hang_us(scripted):
    scripted.on("IDLE", scripted.stall())
    with scripted.open() as session:
        session.client.socket().settimeout(0.2)
        assert session.idle(10) == "gone"


def test_a_server_that_does_not_end_the_idle_does_not_hang_us(scripted):
    scripted.on("IDLE", scripted.stall(b"+ idling\r\n"))
    with scripted.open() as session:
        session.client.socket().settimeout(0.2)
        assert session.idle(0.05) == "gone"


def test_still_here_is_no_news(scripted):
    def idle(connection: Connection, tag: bytes) -> None:
        connection.send(b"+ idling\r\n* OK Still here\r\n* 3 EXISTS\r\n* 0 RECENT\r\n")
        assert connection.line() == b"DONE"
        connection.send(b"* OK x\r\n" + tag + b" OK done\r\n")

    scripted.on("IDLE", idle)
    with scripted.open() as session:
        assert session.idle(0.2) == "timeout"


@pytest.mark.parametrize(
    ("news", "event"),
    [
        (b"* 4 EXISTS\r\n", "new"),
        (b"* 1 EXPUNGE\r\n* 3 EXISTS\r\n", "new"),
        (b"* 1 EXPUNGE\r\n", "changed"),
        (b"* 1 FETCH (FLAGS (\\Seen))\r\n", "changed"),
        (b"* 1 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n", "new"),
    ],
)
def test_what_untagged_answers_mean_to_somebody_who_waits(scripted, news, event):
    def idle(connection: Connection, tag: bytes) -> None:
        connection.send(b"+ idling\r\n" + news)
        assert connection.line() == b"DONE"
        connection.send(tag + b" OK done\r\n")

    scripted.on("IDLE", idle)
    with scripted.open() as session:
        assert session.idle(20) == event
        assert session.is_alive


def test_news_before_the_go_ahead_are_not_lost(scripted):
    def idle(connection: Connection, tag: bytes) -> None:
        connection.send(b"* 4 EXISTS\r\n+ idling\r\n")
        assert connection.line() == b"DONE"
        connection.send(tag + b" OK done\r\n")

    scripted.on("IDLE", idle)
    with scripted.open() as session:
        assert session.idle(20) == "new"


def test_without_idle_the_server_is_asked_now_and_then(scripted):
    scripted.capabilities = "IMAP4rev1"
    scripted.on("NOOP", b"{tag} OK\r\n", b"{tag} OK done\r\n", b"* 4 EXISTS\r\n{tag} OK done\r\n")
    clock = ClockThatSkips()
    session = ImapSession.open(scripted.settings(), clock)
    with session:
        session.open("INBOX")
        assert session.idle(300) == "new"
    assert clock.slept == [30, 30]


def test_a_server_that_refuses_to_idle_is_asked_instead(scripted):
    scripted.on("IDLE", b"{tag} NO not for you\r\n")
    with scripted.open() as session:
        assert session.idle(0) == "timeout"
        assert session.idle(0) == "timeout"
    assert len(scripted.commands("IDLE")) == 1
    assert scripted.commands("NOOP")
