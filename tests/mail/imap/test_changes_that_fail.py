"""Moving, deleting and marking on servers without the extensions, or that are lost meanwhile."""

from __future__ import annotations

import pytest
from imap_scripted import DONE, MAIL, OPENED, there

from mailroom.errors import (
    InvalidInputError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)


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

    with scripted.open() as session, pytest.raises(NotOfferedError, match="keeps no keyword"):
        session.set_flags([1], "$Done")
