"""Servers that drop, stall, say goodbye, answer oddly or lie: a typed error or the right mails, never a wrong one."""

from __future__ import annotations

import socket
from datetime import date

import pytest
from imap_scripted import OPENED, Connection

from mailroom.clock import SystemClock
from mailroom.errors import (
    CredentialsError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    PermissionMissingError,
    RateLimitError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mail.imap import UNKNOWN_TIME, ImapSession
from mailroom.mail.imap.criteria import And, Body, From, MessageId, Not, Since, Subject, Uid, Unseen

MAIL = b"Subject: one\r\n\r\nbody\r\n"


def fetched(uid: int, raw: bytes = MAIL, number: int = 1, date: bytes = b'"02-Nov-2026 10:00:00 +0000"') -> bytes:
    return b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %s FLAGS (\\Seen) BODY[]<0> {%d}\r\n%s)\r\n" % (
        number,
        uid,
        len(raw),
        date,
        len(raw),
        raw,
    )


DONE = b"{tag} OK done\r\n"
HOW_LONG = (len(MAIL), MAIL)


def got(session, uids, **limits):
    return {mail.uid: mail.raw for mail in session.fetch_raw(uids, **limits)}


# -- F15: dropped at byte k -------------------------------------------------------------------------------------------


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
                session.noop()


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


# -- F16, F17, F19, F20: what changes under the hand, odd answers -----------------------------------------------------


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
        fetched(3) + DONE,
    )
    scripted.on("UID SEARCH", b"* SEARCH 2 3\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1, 2, 3]) == {1: MAIL, 3: MAIL}
        assert set(session.fetch_failures) == {2}
        assert "cannot read" in session.fetch_failures[2]
        assert session.is_alive


def test_a_mail_that_exists_but_is_never_sent_is_a_failure_with_a_reason(scripted):
    scripted.on("UID FETCH", b"* 1 FETCH (UID 1 BODY[] NIL)\r\n" + DONE)
    scripted.on("UID SEARCH", b"* SEARCH 1\r\n" + DONE)
    with scripted.open() as session:
        assert got(session, [1]) == {}
        assert "sends no mail" in session.fetch_failures[1]


def test_a_server_without_body_peek_is_asked_once_more_when_nothing_can_be_marked(scripted):
    scripted.on("EXAMINE", OPENED)
    other = b"* 1 FETCH (UID 1 RFC822 {%d}\r\n%s)\r\n" % (len(MAIL), MAIL)
    scripted.on("UID FETCH", b"{tag} BAD what\r\n", b"{tag} BAD what\r\n", other + DONE)
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


# -- F21: NO, BAD, BYE, PREAUTH ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["CAPABILITY", "LOGIN", "LIST", "SELECT", "STATUS", "UID SEARCH", "UID FETCH", "NOOP"]
)
def test_bye_at_any_point_is_transient(scripted, command):
    scripted.on(command, b"* BYE shutting down\r\n")

    def work() -> None:
        with ImapSession.open(scripted.settings()) as session:
            session.folders()
            session.status("Other")
            session.open("INBOX", readonly=False)
            session.search()
            got(session, [1])
            session.noop()

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
        session.noop()


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


# -- F23: slow and silent ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH"])
def test_silence_ends_after_the_read_timeout(scripted, command):
    scripted.on(command, scripted.stall())
    with pytest.raises(TransientError), scripted.open(read_timeout=0.2) as session:
        session.search()


def test_silence_instead_of_a_greeting(scripted):
    scripted.greeting = lambda connection: scripted.hold.wait(30)
    with pytest.raises(TransientError, match="no greeting"):
        ImapSession.open(scripted.settings(read_timeout=0.2))


def test_silence_inside_a_mail(scripted):
    scripted.on("UID FETCH", scripted.stall(fetched(1) + fetched(2)[:-10]))
    with scripted.open() as session:
        session.client.socket().settimeout(0.2)
        mails = []
        with pytest.raises(TransientError, match="no answer"):
            mails.extend(session.fetch_raw([1, 2]))
        assert [mail.uid for mail in mails] == [1]


def test_a_server_that_drips_is_ended_by_the_deadline_of_the_whole_answer(scripted):
    class ClockThatJumps(SystemClock):
        ahead = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.ahead

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
            session.noop()


# -- searching --------------------------------------------------------------------------------------------------------


def test_badcharset_falls_back_to_what_ascii_can_say(scripted):
    scripted.on("UID SEARCH", b"{tag} NO [BADCHARSET (US-ASCII)] no\r\n", b"* SEARCH 1 2\r\n" + DONE)
    with scripted.open() as session:
        assert session.search(And(Subject("Größe 42 cm"), Not(Body("ä")))) == [1, 2]
        assert session.last_search_was_narrowed_only
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


def test_a_search_key_the_server_fails_at_is_left_out(scripted):
    scripted.on("UID SEARCH", b"{tag} NO [SERVERBUG] HEADER\r\n", b"* SEARCH 1 2 3\r\n" + DONE)
    with scripted.open() as session:
        assert session.search(And(Unseen(), MessageId("<a@b>"))) == [1, 2, 3]
        assert session.last_search_was_narrowed_only
        assert scripted.commands("UID SEARCH")[-1] == b"UID SEARCH UNSEEN"


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


# -- changing ---------------------------------------------------------------------------------------------------------


def there(*uids: int) -> bytes:
    return b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\n" + DONE


def test_without_move_mails_are_copied_marked_and_removed_one_by_one(scripted):
    scripted.capabilities = "IMAP4rev1 UIDPLUS"
    scripted.on("UID SEARCH", there(1, 2))
    scripted.on("UID COPY", b"{tag} OK [COPYUID 9 1:2 101:102] done\r\n")
    with scripted.open() as session:
        result = session.move([1, 2, 3], "Done")
    assert (result.moved, result.how) == ({1: 101, 2: 102}, "copy+expunge")
    assert scripted.commands("UID STORE") == [b"UID STORE 1:2 +FLAGS.SILENT (\\Deleted)"]
    assert scripted.commands("UID EXPUNGE") == [b"UID EXPUNGE 1:2"]
    assert scripted.commands("EXPUNGE") == []


def test_without_uidplus_nothing_is_expunged_because_that_would_hit_others(scripted):
    scripted.capabilities = "IMAP4rev1"
    scripted.on("UID SEARCH", there(1))
    with scripted.open() as session:
        assert session.move([1], "Done").how == "copy only"
        assert session.delete([1]).how == "marked"
    assert not scripted.commands("EXPUNGE")
    assert not scripted.commands("UID EXPUNGE")
    assert not scripted.commands("CLOSE")


def test_a_move_that_tells_no_new_uids_is_checked_by_looking(scripted):
    scripted.on("UID SEARCH", there(1, 2), there(2))
    with scripted.open() as session:
        assert session.move([1, 2], "Done").moved == {1: None}


def test_copyuid_sets_correspond_position_by_position(scripted):
    scripted.on("UID SEARCH", there(3, 5, 6))
    scripted.on("UID MOVE", b"* OK [COPYUID 9 5:6,3 10,12:13] moved\r\n* 1 EXPUNGE\r\n" + DONE)
    with scripted.open() as session:
        assert session.move([3, 5, 6], "Done").moved == {5: 10, 6: 12, 3: 13}


def test_a_connection_lost_while_copying_or_storing_is_an_unknown_outcome(scripted):
    scripted.on("UID SEARCH", there(1))
    scripted.on("UID COPY", scripted.drop())
    with scripted.open() as session, pytest.raises(OutcomeUnknownError, match="look"):
        session.copy([1], "Done")
    scripted.on("APPEND", scripted.drop())
    with scripted.open() as session, pytest.raises(OutcomeUnknownError, match="look"):
        session.append("Sent", MAIL)


def test_a_connection_lost_while_moving_can_be_repeated(scripted):
    scripted.on("UID SEARCH", there(1))
    scripted.on("UID MOVE", scripted.drop())
    with scripted.open() as session, pytest.raises(TransientError):
        session.move([1], "Done")


def test_a_full_mailbox_and_a_mail_that_is_too_big(scripted):
    scripted.capabilities += " APPENDLIMIT=100"
    scripted.on("APPEND", b"{tag} NO [OVERQUOTA] full\r\n")
    with scripted.open() as session:
        with pytest.raises(RejectedError, match="make room") as caught:
            session.append("Sent", MAIL)
        assert caught.value.code == "OVERQUOTA"
        with pytest.raises(RejectedError, match="up to 100"):
            session.append("Sent", MAIL * 100)
        with pytest.raises(InvalidInputError):
            session.append("Sent", b"a\0b")


def test_a_refused_flag_is_an_error_and_can_be_repeated(scripted):
    scripted.on("UID STORE", b"{tag} NO not now\r\n", DONE)
    with scripted.open() as session:
        with pytest.raises(RejectedError):
            session.set_flags([1], "\\Seen")
        session.set_flags([1], "\\Seen")


def test_keywords_are_refused_where_the_folder_keeps_none(scripted):
    scripted.on("SELECT", OPENED.replace(b" \\*", b""))
    from mailroom.errors import NotOfferedError

    with scripted.open() as session:
        assert not session.opened.takes_keywords
        with pytest.raises(NotOfferedError, match="keeps no keyword"):
            session.set_flags([1], "$Done")


# -- names ------------------------------------------------------------------------------------------------------------


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


# -- credentials ------------------------------------------------------------------------------------------------------


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
