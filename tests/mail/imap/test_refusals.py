"""NO, BAD, BYE, PREAUTH, greetings that are none: typed errors that tell no secret."""

from __future__ import annotations

import socket

import pytest
from imap_scripted import DONE, got

from mailroom.errors import (
    CredentialsError,
    NotFoundError,
    PermissionMissingError,
    RateLimitError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mail.imap import ImapSession


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "LIST", "SELECT", "STATUS", "UID SEARCH", "UID FETCH"])
def test_bye_at_any_point_is_transient(scripted, command):
    scripted.on(command, b"* BYE shutting down\r\n")

    def work() -> None:
        with ImapSession.open(scripted.settings()) as session:
            session.folders()
            session.status("Other")
            session.open("INBOX", readonly=False)
            session.search()
            got(session, [1])

    with pytest.raises(TransientError):
        work()


def test_bye_as_greeting_is_transient_and_says_why(scripted):
    scripted.greeting = b"* BYE [UNAVAILABLE] too busy\r\n"
    with pytest.raises(TransientError, match="too busy"):
        ImapSession.open(scripted.settings())


def test_too_many_sessions_ask_for_patience(scripted):
    scripted.on("LOGIN", b"{tag} NO [LIMIT] Maximum number of connections from user+IP exceeded\r\n")
    with pytest.raises(RateLimitError) as caught:
        ImapSession.open(scripted.settings())
    assert caught.value.retry_after > 0


def test_preauth_needs_no_login(scripted):
    scripted.greeting = b"* PREAUTH welcome\r\n"
    with ImapSession.open(scripted.settings()) as session:
        assert session.open("INBOX").messages == 3
    assert scripted.commands("LOGIN") == []


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"220 mail ESMTP\r\n", b"\x15\x03\x01\x00\x02\x02\x46\r\n"]
)
def test_something_that_is_not_imap_is_named(scripted, greeting):
    scripted.greeting = greeting
    with pytest.raises(ResponseError, match="does not speak IMAP"):
        ImapSession.open(scripted.settings())


def test_a_server_that_hangs_up_before_the_greeting(scripted):
    scripted.greeting = b""
    scripted.greeting = lambda connection: connection.close()
    with pytest.raises(TransientError, match="before the greeting"):
        ImapSession.open(scripted.settings())


def test_capabilities_are_read_again_after_the_login(scripted):
    scripted.on("LOGIN", b"{tag} OK [CAPABILITY IMAP4rev1 UNSELECT] in\r\n")
    with ImapSession.open(scripted.settings()) as session:
        assert session.capabilities == {"IMAP4REV1", "UNSELECT"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"{tag} NO [NONEXISTENT] no\r\n", NotFoundError),
        (b"{tag} NO Mailbox does not exist\r\n", NotFoundError),
        (b"{tag} NO [NOPERM] no\r\n", PermissionMissingError),
        (b"{tag} NO [INUSE] locked\r\n", TransientError),
        (b"{tag} NO [SERVERBUG] oops\r\n", TransientError),
        (b"{tag} NO [CANNOT] no\r\n", RejectedError),
        (b"{tag} BAD User is authenticated but not connected\r\n", TransientError),
        (b"{tag} NO Account exceeded command or bandwidth limits\r\n", RateLimitError),
        (b"{tag} NO [THROTTLED] slow down\r\n", RateLimitError),
        (b"{tag} NO Server temporarily unavailable\r\n", TransientError),
        (b"{tag} BAD syntax\r\n", RejectedError),
    ],
)
def test_refusals_become_typed_errors_and_leave_the_session_alive(scripted, answer, error):
    scripted.on("SELECT", answer)
    with ImapSession.open(scripted.settings()) as session:
        with pytest.raises(error) as caught:
            session.open("INBOX", readonly=False)
        assert type(caught.value) is error
        assert session.is_alive
        session.folders()


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (b"NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)", 24 * 3600),
        (b"NO [THROTTLED] Request is throttled", 60),
        (b"BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds", 92.415),
    ],
)
def test_a_throttled_account_is_told_from_a_mail_that_cannot_be_read(scripted, answer, seconds):
    scripted.on("UID FETCH", b"{tag} " + answer + b"\r\n")
    scripted.on("UID SEARCH", b"* SEARCH 1 2 3\r\n" + DONE)
    with scripted.open() as session:
        for ask in (lambda: got(session, [1, 2, 3]), lambda: session.fetch_light([1, 2, 3])):
            with pytest.raises(RateLimitError) as caught:
                ask()
            assert caught.value.retry_after == seconds
        assert session.fetch_failures == session.light_failures == {}
        assert len(scripted.commands("UID FETCH")) == 2
        assert session.is_alive


def test_over_quota_means_a_full_mailbox_where_something_is_stored(scripted):
    scripted.on("APPEND", b"{tag} NO [OVERQUOTA] quota exceeded\r\n")
    with scripted.open() as session, pytest.raises(RejectedError, match="make room"):
        session.append("INBOX", b"Subject: x\r\n\r\n")


def test_a_server_with_too_many_answers_to_one_command_is_left(scripted, monkeypatch):
    monkeypatch.setattr("mailroom.mail.imap.wire._MOST_ANSWERS", 50)
    scripted.on("UID SEARCH", b"* 9 EXPUNGE\r\n" * 500 + DONE, b"* OK Still here\r\n" * 500 + DONE)
    with scripted.open() as session:
        assert session.search() == []
        with pytest.raises(ResponseError, match="no end"):
            session.search()


def test_alerts_are_kept_for_people(scripted):
    scripted.on("LOGIN", b"* OK [ALERT] quota at 95%\r\n{tag} OK [ALERT] maintenance tonight\r\n")
    with ImapSession.open(scripted.settings()) as session:
        assert session.alerts == ("quota at 95%", "maintenance tonight")


def test_a_folder_without_uidvalidity_cannot_be_used(scripted):
    scripted.on("SELECT", b"* 3 EXISTS\r\n{tag} OK ok\r\n")
    with pytest.raises(ResponseError, match="UIDVALIDITY"):
        scripted.open()


def test_a_missing_uidnext_is_found_out(scripted):
    scripted.on("SELECT", b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK ok\r\n")
    scripted.on("UID SEARCH", b"* SEARCH 4 9\r\n" + DONE)
    with scripted.open() as session:
        assert session.opened.uidnext == 10


# -- credentials -------------------------------------------------------------------------------------------------------


def test_the_password_is_in_no_error_and_no_log(scripted, caplog):
    caplog.set_level(0)
    scripted.on("LOGIN", b"{tag} NO [AUTHENTICATIONFAILED] bad secret-of-soc\r\n")
    with pytest.raises(CredentialsError) as caught:
        ImapSession.open(scripted.settings())
    assert "secret-of-soc" not in f"{caught.value!r} {caught.value} {caplog.text} {scripted.settings()!r}"
    assert len(scripted.commands("LOGIN")) == 1


def test_small_writes_leave_at_once(scripted):
    with ImapSession.open(scripted.settings()) as session:
        assert session.client.socket().getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert session.client.socket().getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert session.client._imap.debug == 0
