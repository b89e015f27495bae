"""Searches on servers that cannot do this or that, and names of folders: asked otherwise, never injected."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from imap_scripted import DONE, MAIL

from mailroom.errors import (
    InvalidInputError,
    NotFoundError,
    TransientError,
)
from mailroom.mail.imap import ImapSession
from mailroom.mail.imap.criteria import And, Body, From, MessageId, Not, Since, Subject, Uid, Unseen

# -- searching ---------------------------------------------------------------------------------------------------------


def test_badcharset_falls_back_to_what_ascii_can_say(scripted):
    scripted.on("UID SEARCH", b"{tag} NO [BADCHARSET (US-ASCII)] no\r\n", b"* SEARCH 1 2\r\n" + DONE)
    with scripted.open() as session:
        found = session.search(And(Subject("Größe 42 cm"), Not(Body("ä"))))
        assert found == [1, 2]
        assert found.narrowed_only
        assert scripted.commands("UID SEARCH")[-1] == b'UID SEARCH SUBJECT "Gr" SUBJECT "e 42 cm"'
        session.search(Subject("é"))
        assert scripted.commands("UID SEARCH")[-1] == b"UID SEARCH ALL"
        assert len(scripted.commands("UID SEARCH")) == 3


def test_badcharset_can_also_come_instead_of_the_go_ahead_for_a_literal(scripted):
    scripted.capabilities = "IMAP4rev1"
    scripted.refuse_literals = b"NO [BADCHARSET] no"
    scripted.on("UID SEARCH", b"* SEARCH 1\r\n" + DONE)
    with scripted.open() as session:
        assert session.search(Subject("Größe")) == [1]


def test_text_goes_as_a_literal_and_waits_for_the_go_ahead_where_it_must(scripted):
    scripted.capabilities = "IMAP4rev1"
    with scripted.open() as session:
        session.search(And(Subject("ä"), From("ö"), Unseen()))
    (sent,) = scripted.commands("UID SEARCH")
    assert sent == "UID SEARCH CHARSET UTF-8 SUBJECT {2}\r\nä FROM {2}\r\nö UNSEEN".encode()


class Folder:
    """A folder that is searched; the server fails at some mails, or at whatever looks into headers."""

    def __init__(self, scripted, *uids, unreadable=(), no_header=False):
        self.scripted, self.uids, self.unreadable, self.no_header = scripted, uids, set(unreadable), no_header
        self.seen, self.spoils, self.spoilt = set(), False, []
        scripted.on("UID SEARCH", self.searched)

    def searched(self, connection, tag):
        if connection in self.spoilt:
            connection.send(b"* BYE IMAP session state is inconsistent, please relogin.\r\n")
            raise ConnectionError
        asked = self.scripted.received[-1]
        scope = re.search(rb"UID (\d+)(?::(\d+|\*))?", asked.partition(b"SEARCH")[2])
        low, high = (int(scope[1]), scope[2] or scope[1]) if scope else (1, b"*")
        uids = [uid for uid in self.uids if low <= uid and (high == b"*" or uid <= int(high))]
        if b"UNSEEN" in asked:
            uids = [uid for uid in uids if uid not in self.seen]
        opens = b"HEADER" in asked or b"SINCE" in asked
        if (b"HEADER" in asked and self.no_header) or (opens and self.unreadable & set(uids)):
            connection.send(tag + b" NO [SERVERBUG] Internal error occurred\r\n")
            self.spoilt += [connection] if self.spoils else []
        else:
            connection.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\n" + tag + b" OK done\r\n")


def test_a_search_key_the_server_fails_at_is_left_out(scripted):
    Folder(scripted, 1, 2, 3, no_header=True)
    with scripted.open() as session:
        found = session.search(And(Unseen(), MessageId("<a@b>")))
        assert found == [1, 2, 3]
        assert found.narrowed_only
        assert scripted.commands("UID SEARCH")[-1] == b"UID SEARCH UNSEEN"


def test_a_server_that_failed_at_a_key_once_is_asked_for_it_again(scripted):
    folder = Folder(scripted, 1, 2, 3, no_header=True)
    with scripted.open() as session:
        assert session.search(MessageId("<a@b>")).narrowed_only
        folder.no_header = False
        assert not session.search(MessageId("<a@b>")).narrowed_only
        assert scripted.commands("UID SEARCH")[-1] == b'UID SEARCH HEADER "Message-ID" "<a@b>"'


@pytest.mark.parametrize("uids", [(7,), (3, 7), range(1, 300)])
def test_a_mail_the_server_cannot_open_does_not_spoil_the_search(scripted, uids):
    Folder(scripted, *uids, unreadable=[7])
    with scripted.open() as session:
        found = session.search(And(Unseen(), Since(datetime(2026, 1, 5, tzinfo=UTC))))
        assert found == list(uids)
        assert found.narrowed_only
        assert found.unjudged == {7}
        assert len(scripted.commands("UID SEARCH")) < 25
        every = session.search()
        assert every == list(uids)
        assert not every.narrowed_only


def test_a_search_goes_on_when_the_server_ends_the_connection_after_a_mail_it_cannot_open(scripted):
    Folder(scripted, *range(1, 50), unreadable=[7]).spoils = True
    with scripted.open() as session:
        found = session.search(Since(datetime(2026, 1, 5, tzinfo=UTC)))
        assert found == list(range(1, 50))
        assert found.unjudged == {7}
        assert session.search() == list(range(1, 50))  # on a connection that is not spoilt
        assert scripted.connections < 12


def test_of_mails_the_server_cannot_open_only_those_with_the_right_flags_are_found(scripted):
    Folder(scripted, *range(1, 20), unreadable=range(1, 20)).seen = set(range(1, 18))
    with scripted.open() as session:
        assert session.search(And(Unseen(), Since(datetime(2026, 1, 5, tzinfo=UTC)))) == [18, 19]


def test_a_server_that_fails_at_every_mail_of_a_big_folder_is_believed_to_fail(scripted):
    Folder(scripted, *range(1, 2_000), unreadable=range(1, 2_000))
    with scripted.open() as session, pytest.raises(TransientError, match="SERVERBUG"):
        session.search(Since(datetime(2026, 1, 5, tzinfo=UTC)))
    assert len(scripted.commands("UID SEARCH")) < 500


def test_gmail_is_asked_for_message_ids_in_its_own_language(scripted):
    scripted.capabilities += " X-GM-EXT-1"
    with scripted.open() as session:
        session.search(MessageId("<a@b>"))
    assert scripted.commands("UID SEARCH") == [b'UID SEARCH X-GM-RAW "rfc822msgid:<a@b>"']


def test_a_search_that_is_too_long_for_a_line_is_refused_before_it_is_sent(scripted):
    with scripted.open() as session:
        with pytest.raises(InvalidInputError, match="several parts"):
            session.search(Uid(range(1, 40_000, 2)))
        assert session.is_alive


def test_nothing_a_user_writes_becomes_a_second_command(scripted):
    hostile = "a\r\nx LOGOUT", "a\0b", "a\nb", 'a" OR ALL', "a\\", "{5}\r\nhello", "a\ud800b"
    with scripted.open() as session:
        for text in hostile:
            for attempt in (
                lambda text=text: session.search(Subject(text)),
                lambda text=text: session.open(text),
                lambda text=text: session.status(text),
                lambda text=text: session.create(text),
                lambda text=text: session.move([1], text),
                lambda text=text: session.append(text, MAIL),
                lambda text=text: session.search(MessageId(text)),
                lambda text=text: session.set_flags([1], text),
            ):
                try:
                    attempt()
                except (InvalidInputError, NotFoundError):
                    continue
        session.open("INBOX", readonly=False)
        session.search(Since(date(2026, 1, 1)))
    assert len(scripted.commands("LOGOUT")) == 1
    assert not [line for line in scripted.received if b"\n" in line and b"{" not in line.split(b"\r\n")[0]]


# -- names -------------------------------------------------------------------------------------------------------------


def test_folder_names_arrive_as_literals_and_in_odd_forms(scripted):
    scripted.on(
        "LIST",
        b'* LIST (\\HasNoChildren) "." {10}\r\na "b" \\c d\r\n'
        b'* LIST () "." INBOX.Entw&APw-rfe\r\n'
        b'* LIST (\\Noselect) NIL Public\r\n'
        b'* LIST (\\Sent) "." "INBOX.Gesendete Objekte"\r\n'
        b'* LIST () "." bad&name\r\n'
        b'* LIST () "." caf\xc3\xa9\r\n'
        b"* LIST oops\r\n"
        b'* LIST () "\\\\" 2023\r\n' + DONE,
    )  # fmt: skip
    scripted.capabilities += " NAMESPACE"
    scripted.on("NAMESPACE", b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\n' + DONE)
    with ImapSession.open(scripted.settings()) as session:
        names = [folder.name for folder in session.folders()]
        assert 'a "b" \\c d' in names
        assert session.resolve("Entwürfe") == "INBOX.Entwürfe"
        assert session.resolve("INBOX/Entwürfe") == "INBOX.Entwürfe"
        assert session.resolve("sent items") == "INBOX.Gesendete Objekte"
        assert session.resolve("2023") == "2023"
        with pytest.raises(NotFoundError):
            session.resolve("Public")
        session.open("café")
        session.open(next(name for name in names if name.startswith("bad")))
    assert b'EXAMINE "bad&name"' in scripted.commands("EXAMINE")
    assert b"EXAMINE {5+}\r\ncaf\xc3\xa9" in scripted.commands("EXAMINE")
