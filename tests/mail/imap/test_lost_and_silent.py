"""Connections that are cut at any byte, servers that stall or drip: whole mails or a typed error, in time."""

from __future__ import annotations

import threading

import pytest
from imap_scripted import MAIL, Connection, fetched

from mailroom.clock import SystemClock
from mailroom.errors import ResponseError, TransientError
from mailroom.mail.imap import ImapSession
from mailroom.mail.transport import TlsError
from mailroom.mail.transport.silence import what_silence_means


class ClockThatJumps(SystemClock):
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


# -- cut at any byte ---------------------------------------------------------------------------------------------------


def test_a_connection_dropped_at_any_byte_hands_out_whole_mails_only(scripted):
    answer = fetched(1) + fetched(2, MAIL * 3, 2)
    first_ends, second_ends = len(fetched(1)), len(answer)
    for k in range(0, len(answer) + 1, 3):
        scripted.on("UID FETCH", scripted.drop(answer[:k]))
        with scripted.open() as session:
            mails = []
            with pytest.raises(TransientError):
                for mail in session.fetch_raw([1, 2]):
                    mails.append(mail.raw)
            whole = (k >= first_ends) + (k >= second_ends)
            assert mails == [MAIL, MAIL * 3][:whole]
            assert not session.is_alive
            with pytest.raises(TransientError, match="open a new session"):
                session.search()


def test_a_connection_cut_by_the_network_is_transient_wherever_it_happens(dovecot, user, settings_for, tcp_proxy):
    raws = [b"Subject: %d\r\n\r\n" % n + b"x" * 60 + b"\r\n" for n in range(30)]
    uids = dovecot.append(user, "INBOX", *raws)
    for cut in (0, 10, 100, 500, 1_500, 2_000, 3_333, 4_096):
        relay = tcp_proxy(dovecot.imap_port)
        relay.cut_after(cut)
        mails = []
        with pytest.raises(TransientError):  # noqa: SIM117
            with ImapSession.open(
                settings_for(user, port=relay.port, security="none", allow_plaintext=True)
            ) as session:
                session.open("INBOX")
                mails.extend(session.fetch_raw(uids))
        assert [mail.raw for mail in mails] == raws[: len(mails)]


# -- slow and silent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH"])
def test_silence_ends_after_the_read_timeout(scripted, command):
    scripted.on(command, scripted.stall())
    with pytest.raises(TransientError), scripted.open(read_timeout=0.2) as session:
        session.search()


def test_silence_instead_of_a_greeting(scripted):
    scripted.greeting = lambda connection: scripted.hold.wait(30)
    with pytest.raises(TransientError, match="no greeting"):
        ImapSession.open(scripted.settings(read_timeout=0.2))


@pytest.mark.parametrize("security", ["starttls", "none"])
def test_a_port_of_tls_is_known_by_its_silence_long_before_the_time_is_up(
    scripted, certificates, monkeypatch, security
):
    monkeypatch.setattr("mailroom.mail.transport.silence._PATIENCE", 0.3)
    scripted.tls = certificates.server_context()
    with pytest.raises(TlsError, match=r"TLS from the first byte.*security to implicit.*143") as caught:
        ImapSession.open(scripted.settings(security=security))
    assert caught.value.check == "tls_expected"
    assert scripted.received == []


def test_a_web_server_is_known_by_its_answer_to_a_handshake(scripted, monkeypatch):
    monkeypatch.setattr("mailroom.mail.transport.silence._PATIENCE", 0.3)

    def answer_a_request(connection):
        if connection.line():
            connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    scripted.greeting = answer_a_request
    with pytest.raises(ResponseError, match="web server"):
        ImapSession.open(scripted.settings())


def test_a_server_that_greets_late_is_waited_for(scripted, monkeypatch):
    monkeypatch.setattr("mailroom.mail.transport.silence._PATIENCE", 0.1)
    was_asked = threading.Event()

    def greet_late(connection):
        if scripted.connections > 1:
            was_asked.set()
        else:
            was_asked.wait(10)
            connection.send(b"* OK sorry to keep you waiting\r\n")

    scripted.greeting = greet_late
    with scripted.open() as session:
        assert session.is_alive
    assert was_asked.is_set()


def test_a_relay_that_greets_late_is_not_asked_anything_before():
    """What is said to such a server ahead of its greeting it holds against whoever said it."""
    assert what_silence_means("127.0.0.1", 25, patience=0.1, proxy=None, name="relay", starttls_port=587) is None


def test_silence_inside_a_mail(scripted):
    scripted.on("UID FETCH", scripted.stall(fetched(1) + fetched(2)[:-10]))
    with scripted.open() as session:
        session.client.socket().settimeout(0.2)
        mails = []
        with pytest.raises(TransientError, match="no answer"):
            mails.extend(session.fetch_raw([1, 2]))
        assert [mail.uid for mail in mails] == [1]


def test_a_server_that_drips_is_ended_by_the_deadline_of_the_whole_answer(scripted):
    clock = ClockThatJumps()

    def drip(connection: Connection, tag: bytes) -> None:
        connection.send(b"* SEARCH")
        while not scripted.hold.wait(0.01):
            connection.send(b" 1")
            clock.ahead += 20

    scripted.on("UID SEARCH", drip)
    with ImapSession.open(scripted.settings(), clock) as session:
        session.open("INBOX")
        with pytest.raises(TransientError, match="no answer"):
            session.search()


@pytest.mark.parametrize(("hurried", "most"), [(False, 10 * 10.0), (True, 10.0)])
def test_signs_of_life_are_no_mail(scripted, hurried, most):
    """A server that only says that it is still there is left after the time a mail may take."""
    clock = ClockThatJumps()

    def only_signs_of_life(connection: Connection, tag: bytes) -> None:
        connection.send(fetched(1))
        while not scripted.hold.wait(0.01):
            connection.send(b"* OK Still here\r\n")
            clock.ahead += 20

    scripted.on("UID FETCH", only_signs_of_life)
    with ImapSession.open(scripted.settings(), clock) as session:
        session.open("INBOX")
        mails, began = [], clock.monotonic()
        with pytest.raises(TransientError, match="no answer"):
            mails.extend(session.fetch_raw([1, 2], until=began if hurried else None))
        assert [mail.uid for mail in mails] == [1]
        assert clock.monotonic() - began < most + 100


def test_a_frozen_real_server_is_noticed(dovecot, user, settings_for):
    with ImapSession.open(settings_for(user)) as session:
        session.open("INBOX")
        session.client.socket().settimeout(0.5)
        with dovecot.frozen(), pytest.raises(TransientError):
            session.search()


def test_a_kicked_session_is_transient(session, dovecot, user):
    session.open("INBOX")
    dovecot.kick(user)
    with pytest.raises(TransientError):
        for _ in range(50):
            session.search()
