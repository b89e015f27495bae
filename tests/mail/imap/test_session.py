"""A session with a real Dovecot: folders, searching, fetching, changing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailroom.errors import CredentialsError, InvalidInputError, NotFoundError, NotOfferedError
from mailroom.mail.imap import ImapSession
from mailroom.mail.imap.criteria import (
    And,
    Before,
    Body,
    From,
    Header,
    Keyword,
    Larger,
    MessageId,
    Not,
    Or,
    Seen,
    Since,
    Subject,
    Uid,
    Unseen,
)


def mail(n: int = 1, subject: str = "hello", sender: str = "alice@example.com", body: str = "text") -> bytes:
    return (
        f"From: {sender}\r\nTo: soc@example.net\r\nSubject: {subject} {n}\r\nMessage-ID: <m{n}@example.com>\r\n"
        f"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n{body} {n}\r\n"
    ).encode()


def test_the_folders_are_listed_with_their_special_use(session):
    by_name = {folder.name: folder for folder in session.folders()}
    assert {"INBOX", "Sent", "Junk", "Trash"} <= set(by_name)
    assert by_name["Sent"].special_use == "\\Sent"
    assert by_name["Sent"].delimiter == "/"
    assert by_name["INBOX"].selectable


def test_names_as_people_write_them_become_the_servers_names(session, dovecot, user):
    for name in ("Entwürfe/Alt", "R&D", 'with "quotes"', "a, b", "Входящие", "日本語", "2023", "NIL", "[x] y"):
        session.create(name)
    assert session.resolve("inbox") == "INBOX"
    assert session.resolve("Gesendete Elemente") == "Sent"
    assert session.resolve("spam") == "Junk"
    assert session.resolve("\\Trash") == "Trash"
    assert session.resolve("entwürfe/alt") == "Entwürfe/Alt"
    for name in ("R&D", 'with "quotes"', "a, b", "Входящие", "日本語", "2023", "NIL", "[x] y"):
        assert session.resolve(name) == name
        assert session.status(name).messages == 0
        assert session.open(name).messages == 0
    with pytest.raises(NotFoundError, match="Archive"):
        session.resolve("Archve")


def test_creating_a_folder_twice_is_fine(session):
    session.create("Twice")
    session.create("Twice")
    assert session.status("Twice").messages == 0


def test_status_tells_what_a_folder_holds_also_of_the_open_one(session, dovecot, user):
    before = session.status("INBOX")
    dovecot.append(user, "INBOX", mail(1), mail(2))
    after = session.status("INBOX")
    assert (after.messages, after.uidnext) == (before.messages + 2, before.uidnext + 2)
    assert after.uidvalidity == before.uidvalidity
    session.open("INBOX")
    dovecot.append(user, "INBOX", mail(3))
    assert session.status("INBOX").messages == 3


def test_mails_come_back_byte_for_byte_with_arrival_flags_and_size(session, dovecot, user):
    arrived = datetime(2026, 8, 5, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    raws = [mail(n, body="x" * 10 ** (n % 6)) for n in range(40)]
    uids = dovecot.append(user, "INBOX", *raws, flags=(b"\\Flagged", b"$Done"), internal_date=arrived)
    session.open("INBOX")
    fetched = list(session.fetch_raw(uids, max_bytes_per_batch=50_000))
    assert [each.raw for each in fetched] == raws
    assert [each.uid for each in fetched] == uids
    assert [each.size for each in fetched] == [len(raw) for raw in raws]
    assert {each.internal_date for each in fetched} == {arrived}
    assert fetched[0].internal_date.utcoffset() == timedelta(0)
    assert {"\\Flagged", "$Done"} <= set(fetched[0].flags)
    assert not any(each.truncated for each in fetched)


def test_fetching_marks_nothing_as_seen(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX", readonly=False)
    list(session.fetch_raw(uids))
    session.fetch_light(uids)
    assert session.search(Unseen()) == uids


def test_a_mail_over_the_limit_arrives_as_header_and_a_start(session, dovecot, user):
    big = mail(1, body="y" * 3_000_000)
    uids = dovecot.append(user, "INBOX", mail(0), big, mail(2))
    session.open("INBOX")
    first, second, third = session.fetch_raw(uids, max_message=1_000_000)
    assert (first.truncated, third.truncated) == (False, False)
    assert second.truncated
    assert second.size == len(big)
    header = big.index(b"\r\n\r\n") + 4
    assert second.raw == big[: header + (256 << 10)]


def test_a_mail_that_vanished_is_not_handed_out_and_not_an_error(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1), mail(2), mail(3))
    session.open("INBOX")
    dovecot.expunge(user, "INBOX", "uid", str(uids[1]))
    assert [each.uid for each in session.fetch_raw([*uids, 4_000_000_000])] == [uids[0], uids[2]]
    assert session.fetch_failures == {}
    assert [each.uid for each in session.fetch_light(uids)] == [uids[0], uids[2]]


def test_a_fetch_can_be_left_early_and_the_session_goes_on(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", *(mail(n, body="z" * 20_000) for n in range(50)))
    session.open("INBOX")
    mails = session.fetch_raw(uids)
    assert next(mails).uid == uids[0]
    with pytest.raises(InvalidInputError, match="still being read"):
        session.search()
    mails.close()
    assert session.search() == uids
    assert session.is_alive


def test_light_mails_carry_the_header_fields_asked_for(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1), mail(2), flags=(b"\\Seen",))
    session.open("INBOX")
    first, second = session.fetch_light(uids, ("Subject", "Message-ID"))
    assert first.header == b"Subject: hello 1\r\nMessage-ID: <m1@example.com>\r\n\r\n"
    assert (second.uid, second.size, "\\Seen" in second.flags) == (uids[1], len(mail(2)), True)
    assert session.fetch_light(uids, ())[0].header == b""
    with pytest.raises(InvalidInputError):
        session.fetch_light(uids, ("X)] BODY[",))


def test_asking_from_a_uid_never_returns_an_older_one(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1), mail(2))
    session.open("INBOX")
    assert session.search(uid_from=uids[0]) == uids
    assert session.search(uid_from=uids[1] + 1) == []
    assert session.search(uid_to=uids[0]) == uids[:1]
    assert session.search(uid_from=100, uid_to=50) == []
    assert session.search(limit=1) == uids[:1]


def test_criteria_find_what_they_say(session, dovecot, user):
    uids = dovecot.append(
        user,
        "INBOX",
        mail(1, "Größe 日本", "bob@example.org"),
        mail(2, 'quote " and \\ backslash'),
        mail(3, "plain", body="needle"),
        mail(4, "plain", body="y" * 5000),
    )
    session.open("INBOX", readonly=False)
    session.set_flags(uids[2:3], ["\\Seen", "$Mine"])
    found = session.search
    assert found(From("bob@example.org")) == uids[:1]
    assert found(Subject("größe 日本")) == uids[:1]
    assert found(Subject('quote " and \\ back')) == uids[1:2]
    assert found(Body("needle")) == uids[2:3]
    assert found(And(Subject("plain"), Not(Body("needle")))) == uids[3:]
    assert found(Or(From("bob"), Body("needle"), Larger(4000))) == [uids[0], uids[2], uids[3]]
    assert found(Not(Or(From("bob"), And(Subject("plain"), Seen())))) == [uids[1], uids[3]]
    assert found(MessageId("<m2@example.com>")) == uids[1:2]
    assert found(Header("Subject")) == uids
    assert found(Header("X-Absent")) == []
    assert found(Keyword("$Mine")) == uids[2:3]
    assert found(Uid([uids[0], uids[3]])) == [uids[0], uids[3]]
    assert not session.search(Uid([uids[0], uids[3]])).narrowed_only


def test_dates_are_asked_widely_enough_for_any_zone(session, dovecot, user):
    arrived = datetime(2026, 8, 5, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    uids = dovecot.append(user, "INBOX", mail(1), internal_date=arrived)
    session.open("INBOX")
    instant = arrived.astimezone(UTC)
    since = session.search(Since(instant))
    assert since == uids
    assert since.narrowed_only
    assert session.search(Before(instant + timedelta(seconds=1))) == uids
    assert session.search(Not(Since(instant + timedelta(seconds=1)))) == uids
    assert session.search(Since(instant + timedelta(days=4))) == []


def test_flags_are_set_and_cleared(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", *(mail(n) for n in range(250)))
    session.open("INBOX", readonly=False)
    session.set_flags(uids, "\\Seen")
    assert session.search(Unseen()) == []
    session.clear_flags(uids[:249], "\\Seen")
    assert session.search(Seen()) == uids[249:]


def test_a_folder_open_for_reading_is_not_changed(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX")
    for change in (
        lambda: session.set_flags(uids, "\\Seen"),
        lambda: session.move(uids, "Trash"),
        lambda: session.delete(uids),
    ):
        with pytest.raises(InvalidInputError, match="read-only"):
            change()


def test_flags_that_are_none_are_refused_before_anything_is_sent(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX", readonly=False)
    for flag in ("\\Recent", "a b", "x)\r\nA LOGOUT", "", "\\Seen)"):
        with pytest.raises(InvalidInputError):
            session.set_flags(uids, flag)
    assert session.is_alive


def test_moving_tells_the_new_uids_and_leaves_out_what_was_not_there(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", *(mail(n) for n in range(120)))
    session.open("INBOX", readonly=False)
    result = session.move([*uids, 999_999], "Archive")
    assert result.how == "move"
    assert sorted(result.moved) == uids
    assert sorted(new for new in result.moved.values() if new) == list(range(1, 121))
    assert session.search() == []
    assert session.move(uids, "Archive").moved == {}
    session.open("Archive")
    assert {each.raw for each in session.fetch_raw([result.moved[uids[7]]])} == {mail(7)}


def test_moving_to_a_folder_that_is_not_there_says_so_and_changes_nothing(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX", readonly=False)
    with pytest.raises(NotFoundError, match="create the folder"):
        session.move(uids, "Nowhere")
    assert session.search() == uids


def test_copies_and_deletions(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1), mail(2), mail(3))
    session.open("INBOX", readonly=False)
    assert session.copy(uids[:2], "Archive") == {uids[0]: 1, uids[1]: 2}
    assert session.delete(uids[:1]).how == "expunged"
    assert session.delete(uids[1:2], trash_folder="Trash").how == "moved"
    assert session.search() == uids[2:]
    assert session.delete(uids[2:], expunge=False).how == "marked"
    assert session.search() == uids[2:]
    assert session.status("Trash").messages == 1


def test_a_mail_can_be_stored_with_flags_and_time(session):
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))
    uid = session.append("Sent", mail(1), ("\\Seen",), when)
    session.open("Sent")
    (stored,) = session.fetch_raw([uid])
    assert (stored.raw, stored.internal_date) == (mail(1), when)
    assert "\\Seen" in stored.flags
    with pytest.raises(NotFoundError):
        session.append("Nowhere", mail(1))
    with pytest.raises(InvalidInputError, match="time zone"):
        session.append("Sent", mail(1), internal_date=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_waiting_ends_when_a_mail_arrives(session, dovecot, user):
    session.open("INBOX")
    arriving = threading.Thread(target=dovecot.deliver, args=(user, mail(1)))
    arriving.start()
    event = session.idle(30)
    arriving.join()
    assert event == "new"
    assert len(session.search()) == 1


def test_waiting_ends_after_the_time_and_the_session_goes_on(session):
    session.open("INBOX")
    assert session.idle(0.05) == "timeout"
    assert session.search() == []


def test_waiting_tells_changes_and_the_end_of_the_session(session, dovecot, user):
    dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX")
    removing = threading.Thread(target=dovecot.expunge, args=(user, "INBOX"))
    removing.start()
    event = session.idle(30)
    removing.join()
    assert event == "changed"
    cutting = threading.Thread(target=dovecot.kick, args=(user,))
    cutting.start()
    assert session.idle(30) == "gone"
    cutting.join()
    assert not session.is_alive


def test_imapclient_itself_still_works_on_the_connection(session, dovecot, user):
    uids = dovecot.append(user, "INBOX", mail(1))
    session.open("INBOX")
    assert session.client.search("ALL") == uids
    assert session.client.fetch(uids, ["FLAGS"])[uids[0]][b"FLAGS"] is not None
    assert session.search() == uids


def test_a_wrong_password_is_tried_once(user, settings_for):
    with pytest.raises(CredentialsError, match="do not try again"):
        ImapSession.open(settings_for(user, password="wrong-password"))


def test_a_folder_that_is_not_there(session):
    with pytest.raises(NotFoundError):
        session.open("Nowhere")
    with pytest.raises(NotFoundError):
        session.status("Nowhere")
    with pytest.raises(InvalidInputError, match="no folder is open"):
        session.search()


def test_gmails_language_is_refused_elsewhere(session):
    from mailroom.mail.imap.criteria import GmailRaw

    session.open("INBOX")
    with pytest.raises(NotOfferedError):
        session.search(GmailRaw("has:attachment"))
