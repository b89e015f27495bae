"""Folders that change under the hand, answers in odd shapes, sizes that lie: the right mails, never a wrong one."""

from __future__ import annotations

import re

import pytest
from imap_scripted import DONE, MAIL, OPENED, Connection, fetched, got

from mailroom.errors import (
    ResponseError,
    TransientError,
)
from mailroom.mail.imap import UNKNOWN_TIME
from mailroom.mail.imap.criteria import Unseen


def test_a_folder_rebuilt_between_select_and_fetch_ends_the_session(scripted):
    scripted.on("UID FETCH", b"* OK [UIDVALIDITY 8] rebuilt\r\n" + fetched(1) + DONE)
    with scripted.open() as session, pytest.raises(TransientError, match="UIDVALIDITY is now 8"):
        got(session, [1])


def test_a_new_uidvalidity_is_seen_at_the_next_look(session, dovecot, user):
    before = session.status("INBOX")
    dovecot.set_uidvalidity(user, "INBOX", before.uidvalidity + 100)
    assert session.status("INBOX").uidvalidity == before.uidvalidity + 100
    assert session.open("INBOX").uidvalidity == before.uidvalidity + 100


def test_uids_out_of_order_with_gaps_and_twice_come_out_sorted(scripted):
    answer = b"* SEARCH 4294967295 7 7 3\r\n* 4 EXISTS\r\n* SEARCH 5\r\n* SEARCH\r\n" + DONE
    scripted.on("UID SEARCH", answer)
    with scripted.open() as session:
        assert session.search() == [3, 5, 7, 4294967295]
        assert session.search(uid_from=5) == [5, 7, 4294967295]


def test_a_modseq_in_the_search_answer_is_no_uid(scripted):
    scripted.on("UID SEARCH", b"* SEARCH 2 5 (MODSEQ 917162500)\r\n" + DONE)
    with scripted.open() as session:
        assert session.search() == [2, 5]


def test_esearch_answers_are_understood(scripted):
    scripted.on("UID SEARCH", b'* ESEARCH (TAG "MR4") UID ALL 2,10:12\r\n' + DONE)
    with scripted.open() as session:
        assert session.search() == [2, 10, 11, 12]


def test_an_esearch_answer_that_names_the_whole_number_space_is_refused(scripted):
    scripted.on("UID SEARCH", b'* ESEARCH (TAG "MR4") UID ALL 1:4294967295\r\n' + DONE)
    with scripted.open() as session, pytest.raises(ResponseError, match="absurdly"):
        session.search()


def test_a_search_line_of_more_than_a_megabyte(scripted):
    uids = list(range(1_000_000, 1_200_000))
    scripted.on("UID SEARCH", b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\n" + DONE)
    with scripted.open() as session:
        assert session.search() == uids


def test_a_big_folder_is_searched_window_by_window_oldest_first(scripted):
    opened = OPENED.replace(b"3 EXISTS", b"1000000 EXISTS").replace(b"UIDNEXT 10", b"UIDNEXT 1000001")
    scripted.on("SELECT", opened)

    def answer(connection: Connection, tag: bytes) -> None:
        first = int(scripted.received[-1].split(b"UID ")[-1].split(b":")[0])
        connection.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(first, first + 5)) + b"\r\n")
        connection.send(tag + b" OK done\r\n")

    scripted.on("UID SEARCH", answer)
    with scripted.open() as session:
        assert session.search(limit=7) == [1, 2, 3, 4, 5, 20_001, 20_002]
        assert len(scripted.commands("UID SEARCH")) == 2
        found = session.search(Unseen(), uid_from=500_000)
        assert found[0] == 500_000
        assert len(scripted.commands("UID SEARCH")) < 12


def test_untagged_data_between_the_mails_is_borne(scripted):
    noise = (
        b"* 5 EXISTS\r\n* 1 EXPUNGE\r\n"
        b"* FLAGS (\\Seen \\Answered)\r\n* 2 FETCH (FLAGS (\\Seen $x))\r\n* OK Still here\r\n"
        b"* 3 FETCH (UID 99 FLAGS ())\r\n* VANISHED 1:3\r\n* 2 RECENT\r\n* OK [HIGHESTMODSEQ 12] x\r\n"
        b"* LIST (\\Noselect) NIL {5}\r\na\r\nb \r\n"
    )
    scripted.on("UID FETCH", noise + fetched(1) + noise + fetched(2, MAIL * 2) + noise + DONE)
    with scripted.open() as session:
        assert got(session, [1, 2]) == {1: MAIL, 2: MAIL * 2}


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (BODY[] {%d}\r\n%s UID 1 FLAGS () INTERNALDATE NIL RFC822.SIZE NIL)\r\n" % (len(MAIL), MAIL),
        b"* 1 FETCH (FLAGS (\\Seen) UID 1 BODY[]<0> {%d}\r\n%s RFC822.SIZE 3)\r\n" % (len(MAIL), MAIL),
        b"* 1 fetch (uid 1 body[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
        b"* 1 FETCH (MODSEQ (12) UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
        b"* 1 FETCH (X-ODD (a (b NIL) {3}\r\n)\r\n) UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
        b"* 1 FETCH (UID 1 FLAGS (UID 7) BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
        b"* 1 FETCH (UID 1  BODY[] {%d}\r\n%s )\r\n" % (len(MAIL), MAIL),
        b'* 1 FETCH (UID 1 INTERNALDATE "99-Foo-2026 99:99:99 +9999" BODY[] {%d}\r\n%s)\r\n' % (len(MAIL), MAIL),
        b"* 1 FETCH (BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL),
    ],
)  # fmt: skip
def test_mails_are_found_in_answers_of_any_shape(scripted, answer):
    scripted.on("UID FETCH", answer + DONE)
    with scripted.open() as session:
        (mail,) = session.fetch_raw([1])
        assert (mail.uid, mail.raw) == (1, MAIL)
        assert mail.internal_date == UNKNOWN_TIME


def test_a_short_mail_as_a_quoted_string(scripted):
    scripted.on("UID FETCH", b'* 1 FETCH (UID 1 BODY[] "say \\"hi\\"")\r\n' + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {1: b'say "hi"'}


def test_a_mail_answered_twice_is_handed_out_once(scripted):
    scripted.on("UID FETCH", fetched(1) + fetched(1, b"other") + fetched(77) + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {1: MAIL}


def test_a_mail_left_out_of_the_answer_is_asked_for_alone(scripted):
    scripted.on("UID FETCH", fetched(1) + fetched(3) + DONE, fetched(2, b"late") + DONE)
    scripted.on("UID SEARCH", b"* SEARCH 2\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1, 2, 3]) == {1: MAIL, 2: b"late", 3: MAIL}
        assert session.fetch_failures == {}


def test_one_mail_the_server_cannot_read_does_not_hold_up_the_others(scripted):
    scripted.on(
        "UID FETCH",
        fetched(1) + b"{tag} NO [SERVERBUG] cannot read\r\n".replace(b"[SERVERBUG] ", b""),
        b"{tag} NO cannot read\r\n",
        b"{tag} NO cannot read\r\n",
        fetched(3) + DONE,
    )
    scripted.on("UID SEARCH", b"* SEARCH 2 3\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1, 2, 3]) == {1: MAIL, 3: MAIL}
        assert set(session.fetch_failures) == {2}
        assert "cannot read" in session.fetch_failures[2]
        assert session.is_alive


@pytest.mark.parametrize("code", [b"SERVERBUG", b"CORRUPTION", b"UNAVAILABLE", b"EXPUNGEISSUED"])
def test_a_refusal_with_a_code_is_about_one_mail_too(scripted, code):
    folder = Folder(scripted, 1, 2, 3, unreadable=[2], code=code)
    with scripted.open() as session:
        assert got(session, [1, 2, 3]) == {1: MAIL, 3: MAIL}
        assert list(session.fetch_failures) == [2]
        assert session.is_alive
        folder.unreadable = set()
        assert set(got(session, [1, 2, 3])) == {1, 2, 3}


def test_headers_the_server_cannot_read_do_not_hide_those_of_other_mails(scripted):
    Folder(scripted, *range(1, 201), unreadable=[7, 150], code=b"SERVERBUG")
    with scripted.open() as session:
        lights = session.fetch_light(range(1, 300))
        assert [light.uid for light in lights] == [uid for uid in range(1, 201) if uid not in (7, 150)]
        assert list(session.light_failures) == [7, 150]
        assert len(scripted.commands("UID FETCH")) < 40
        assert set(session.fetch_arrivals([6, 7, 8])) == {6, 8}
        assert list(session.light_failures) == [7]


@pytest.mark.parametrize("unreadable", [[1], [7], [7, 150], [200]])
def test_a_mail_that_costs_the_connection_does_not_hide_the_headers_of_others(scripted, unreadable):
    Folder(scripted, *range(1, 201), unreadable=unreadable, code=b"")
    with scripted.open() as session:
        lights = session.fetch_light(range(1, 201))
        assert [light.uid for light in lights] == [uid for uid in range(1, 201) if uid not in unreadable]
        assert sorted(session.light_failures) == unreadable
        assert session.is_alive
        assert session.opened.name == "INBOX"
        assert scripted.connections == 1 + 2 * len(unreadable)


def test_a_server_that_hangs_up_at_every_header_is_left(scripted):
    Folder(scripted, *range(1, 201), unreadable=range(1, 201), code=b"")
    with scripted.open() as session, pytest.raises(TransientError):
        session.fetch_light(range(1, 201))
    assert scripted.connections < 10


def test_a_folder_rebuilt_while_the_connection_was_lost_is_not_read_on(scripted):
    Folder(scripted, 1, 2, 3, unreadable=[2], code=b"")
    with scripted.open() as session:
        scripted.on("SELECT", OPENED.replace(b"UIDVALIDITY 7", b"UIDVALIDITY 8"))
        with pytest.raises(TransientError, match="rebuilt"):
            session.fetch_light([1, 2, 3])
        assert not session.is_alive


class Folder:
    """Mails, some of which the server refuses to show; one of them spoils the answer about all.

    Without a `code` the server hangs up.
    """

    def __init__(self, scripted, *uids, unreadable, code):
        self.scripted, self.uids, self.unreadable, self.code = scripted, uids, set(unreadable), code
        scripted.on("UID FETCH", self.fetched)
        scripted.on("UID SEARCH", self.searched)

    def asked(self):
        spans = re.findall(rb"(\d+)(?::(\d+))?", self.scripted.received[-1].split(b" ")[-1 if self.searching else 3])
        return [uid for uid in self.uids if any(int(low) <= uid <= int(high or low) for low, high in spans)]

    @property
    def searching(self):
        return b"SEARCH" in self.scripted.received[-1]

    def searched(self, connection, tag):
        connection.send(b"* SEARCH " + b" ".join(b"%d" % uid for uid in self.asked()) + b"\r\n" + tag + b" OK done\r\n")

    def fetched(self, connection, tag):
        whole = b"BODY.PEEK[]" in self.scripted.received[-1]
        for uid in self.asked():
            if uid in self.unreadable and not self.code:
                raise ConnectionError
            if uid in self.unreadable:
                connection.send(tag + b" NO [%s] cannot read\r\n" % self.code)
                return
            line = (
                b'* 1 FETCH (UID %d FLAGS () INTERNALDATE "02-Nov-2026 10:00:00 +0000" RFC822.SIZE 9 X (A))\r\n' % uid
            )
            connection.send(fetched(uid) if whole else line.replace(b"X (A)", b"BODY[HEADER.FIELDS (X)] {2}\r\n\r\n"))
        connection.send(tag + b" OK done\r\n")


@pytest.mark.parametrize("items", [b"UID 1 RFC822.SIZE 3 BODY[]<0>", b"BODY[]", b"UID 1 X (a b) BODY[]<0>"])
def test_a_mail_sent_as_binary_literal_is_the_mail(scripted, items):
    uid = b"" if b"UID" in items else b" UID 1"
    answer = b"* 1 FETCH (%s ~{%d}\r\n%s%s)\r\n" % (items, len(MAIL), MAIL, uid)
    scripted.on("UID FETCH", answer + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {1: MAIL}


def test_a_literal_that_is_announced_oddly_is_no_mail(scripted):
    scripted.on("UID FETCH", b"* 1 FETCH (UID 1 BODY[] %%{%d}\r\n%s)\r\n" % (len(MAIL), MAIL) + DONE)
    with scripted.open() as session, pytest.raises(ResponseError, match="literal"):
        got(session, [1])


def test_a_server_that_cannot_send_a_part_of_a_mail_is_asked_for_all_of_it(scripted):
    answers = lambda connection, tag: connection.send(  # noqa: E731
        (b"%s BAD what\r\n" if b"<0." in scripted.received[-1] else fetched(1) + b"%s OK done\r\n") % tag
    )
    scripted.on("UID FETCH", answers)
    scripted.on("UID SEARCH", b"* SEARCH 1\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {1: MAIL}


def test_a_mail_that_exists_but_is_never_sent_is_a_failure_with_a_reason(scripted):
    scripted.on("UID FETCH", b"* 1 FETCH (UID 1 BODY[] NIL)\r\n" + DONE)
    scripted.on("UID SEARCH", b"* SEARCH 1\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {}
        assert "sends no mail" in session.fetch_failures[1]


def test_a_server_without_body_peek_is_asked_once_more_when_nothing_can_be_marked(scripted):
    scripted.on("EXAMINE", OPENED)
    other = b"* 1 FETCH (UID 1 RFC822 {%d}\r\n%s)\r\n" % (len(MAIL), MAIL)
    refused = b"{tag} BAD what\r\n"
    scripted.on("UID FETCH", refused, refused, refused, other + DONE)
    scripted.on("UID SEARCH", b"* SEARCH 1\r\n" + DONE)
    with scripted.open() as session:
        session.open("INBOX", readonly=True)
        assert got(session, [1]) == {1: MAIL}


def test_a_literal_longer_than_asked_for_is_cut_and_the_rest_thrown_away(scripted):
    raw = b"Subject: big\r\n\r\n" + b"x" * 700_000
    scripted.on("UID FETCH", fetched(1, raw) + fetched(2) + DONE)
    with scripted.open() as session:
        first, second = session.fetch_raw([1, 2], max_message=600_000)
        assert (first.truncated, first.size, second.raw) == (True, len(raw), MAIL)
        assert first.raw == raw[: 16 + (256 << 10)]


def test_a_size_that_lies_changes_nothing(scripted):
    lie = fetched(1).replace(b"RFC822.SIZE %d" % len(MAIL), b"RFC822.SIZE 999999999")
    scripted.on("UID FETCH", lie + DONE)
    with scripted.open() as session:
        (mail,) = session.fetch_raw([1])
        assert (mail.truncated, mail.size) == (False, len(MAIL))


@pytest.mark.parametrize("size", [b"999999999999999", b"99999999999", b"-1", b"1e5"])
def test_absurd_literals_end_the_session_without_reading_them(scripted, size):
    scripted.on("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {" + size + b"}\r\nx)\r\n" + DONE)
    with scripted.open() as session:
        with pytest.raises(ResponseError):
            got(session, [1])
        assert not session.is_alive


def test_a_truncated_literal_is_noticed_and_no_mail_comes_of_it(scripted):
    scripted.on("UID FETCH", b"* 1 FETCH (UID 1 BODY[] {500}\r\nshort)\r\n" + DONE + b"x" * 600 + b"\r\n")
    with scripted.open() as session:
        mails = []
        with pytest.raises((ResponseError, TransientError)):
            mails.extend(session.fetch_raw([1]))
        assert mails == []
