"""Move, delete, mark: only what was meant, only after the mail itself was looked at, and harmless twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.mail.actions.criteria import MailCriteria, criteria_from
from mailroom.mail.actions.delete import delete
from mailroom.mail.actions.mark import mark
from mailroom.mail.actions.move import move
from mailroom.mail.actions.selecting import search
from mailroom.mail.imap import MailFilters

Write = Callable[..., bytes]


def outcomes(report: Any) -> list[tuple[int, str]]:
    return [(row.uid, row.outcome) for row in report.rows]


# searching ----------------------------------------------------------------------------------------------------------


def test_a_search_gives_the_newest_first_and_stops_at_the_limit(box: Any, mail: Write) -> None:
    box.put(*(mail(n) for n in range(1, 6)))
    assert [row.subject for row in search(box.session, criteria_from(), limit=3)] == ["Mail 5", "Mail 4", "Mail 3"]


def test_a_search_marks_nothing_as_read(box: Any, mail: Write) -> None:
    box.put(mail(1))
    assert search(box.session, criteria_from(body="this is MAIL 1"))
    assert box.flags() == {1: set()}


def test_a_row_has_the_documented_keys(box: Any, mail: Write) -> None:
    box.put(mail(1, Subject="Grüße"), internal_date=datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    (row,) = search(box.session, criteria_from())
    known = row.as_json()
    assert known["message_id"] == "<m1@example.org>"
    assert (known["email_uid"], known["subject"], known["sender"]) == ("1", "Grüße", "p1@example.org")
    assert (known["date"], known["received_date"]) == ("2026-01-05 08:00:00", "2026-01-05 09:00:00")
    assert known["received_timestamp"] == 1767603600


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"subject": "invoice"}, {1, 2}),
        ({"sender": "example.net"}, {3}),
        ({"sender": "p1@example.org, example.net"}, {1, 3}),
        ({"recipient": "desk@northwind.example"}, {2}),
        ({"body": "quarterly.pdf"}, {2}),
        ({"message_id": "<m1@example.org>, <m3@example.org>"}, {1, 3}),
        ({"message_id": "m2@example.org"}, {2}),
        ({"message_id": "<m1@example.org>, m3@example.org"}, {1, 3}),
        ({"message_id": "Message-ID: <m2@example.org>"}, {2}),
        ({"email_uid": "2,3"}, {2, 3}),
        ({"subject": "invoice", "sender": "p2@example.org"}, {2}),
        ({"subject": "no such thing"}, set()),
        ({"only_unread": True}, {1, 2, 3}),
    ],
)
def test_every_criterion_has_to_be_satisfied(box: Any, mail: Write, given: dict[str, Any], found: set[int]) -> None:
    box.put(
        mail(1, Subject="Your INVOICE"),
        mail(2, Subject="invoice again", To="desk@northwind.example", files=[("quarterly.pdf", b"x")]),
        mail(3, From="p3@example.net"),
    )
    box.put(mail(4, Subject="read"), read=True)
    assert {row.uid for row in search(box.session, criteria_from(**given))} - {4} == found


def test_the_time_of_arrival_is_compared_to_the_second(box: Any, mail: Write) -> None:
    now = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    box.put(mail(1), internal_date=now - timedelta(minutes=61))
    box.put(mail(2), internal_date=now - timedelta(minutes=59))
    found = search(box.session, criteria_from(within=timedelta(minutes=60), now=now))
    assert [row.subject for row in found] == ["Mail 2"]


def test_an_id_that_only_contains_the_one_asked_for_is_another_mail(box: Any, mail: Write) -> None:
    box.put(mail(1, Message_ID="<a1@example.org>"), mail(2, Message_ID="<aa1@example.org.example.net>"))
    assert [row.uid for row in search(box.session, criteria_from(message_id="a1@example.org"))] == [1]


def test_a_not_filter_counts_though_the_server_was_never_asked(box: Any, mail: Write) -> None:
    box.put(mail(1, Subject="invoice"), mail(2, Subject="invoice, harmless"))
    wanted = MailCriteria(filters=MailFilters(subject=("invoice",), not_subject=("harmless",)))
    assert [row.uid for row in search(box.session, wanted)] == [1]


def test_a_uid_belongs_to_exactly_one_folder() -> None:
    with pytest.raises(InvalidInputError, match="one folder"):
        criteria_from(email_uid="1", folders="INBOX, Archive")
    with pytest.raises(InvalidInputError, match="number"):
        criteria_from(email_uid="1:*")


# moving -------------------------------------------------------------------------------------------------------------


def test_only_the_mails_that_fit_are_moved(box: Any, mail: Write) -> None:
    box.put(mail(1, Subject="phish one"), mail(2), mail(3, Subject="phish two"))
    report = move(box.session, criteria_from(subject="phish"), "Archive")
    assert outcomes(report) == [(3, "moved"), (1, "moved")]
    assert box.subjects() == ["Mail 2"]
    assert sorted(box.subjects("Archive")) == ["phish one", "phish two"]


def test_a_look_alike_domain_is_not_moved_though_the_server_finds_it(box: Any, mail: Write) -> None:
    box.put(mail(1, From="a@example.com"), mail(2, From="a@notexample.com"), mail(3, From="a@example.com.evil.example"))
    assert outcomes(move(box.session, criteria_from(sender="example.com"), "Junk")) == [(1, "moved")]


def test_a_dry_run_moves_nothing_and_names_everything(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    report = move(box.session, criteria_from(subject="Mail"), "Archive", dry_run=True)
    assert [outcome for _, outcome in outcomes(report)] == ["would move", "would move"]
    assert report.changed == 0
    assert box.subjects() == ["Mail 1", "Mail 2"]
    assert box.subjects("Archive") == []


def test_moving_twice_finds_the_mail_where_it_was_moved_to(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    wanted = criteria_from(message_id="<m1@example.org>")
    assert move(box.session, wanted, "Archive").changed == 1
    again = move(box.session, wanted, "Archive")
    assert [row.outcome for row in again.rows] == ["already there"]
    assert (again.changed, again.missing) == (0, ())
    assert box.subjects("Archive") == ["Mail 1"]


def test_an_id_that_is_nowhere_is_said(box: Any, mail: Write) -> None:
    box.put(mail(1))
    report = move(box.session, criteria_from(message_id="<nobody@example.org>"), "Archive")
    assert (report.rows, report.missing) == ((), ("<nobody@example.org>",))


def test_a_missing_destination_is_made_only_when_wanted(box: Any, mail: Write) -> None:
    box.put(mail(1))
    wanted = criteria_from(subject="Mail 1")
    with pytest.raises(NotFoundError):
        move(box.session, wanted, "Processed")
    assert move(box.session, wanted, "Processed", create=True).changed == 1
    assert box.subjects("Processed") == ["Mail 1"]


@pytest.mark.parametrize("hidden", [("MOVE",), ("MOVE", "UIDPLUS")])
def test_servers_that_cannot_move_are_worked_around(open_box: Any, mail: Write, hidden: tuple[str, ...]) -> None:
    box = open_box(hide=hidden)
    box.put(mail(1), mail(2))
    report = move(box.session, criteria_from(subject="Mail 1"), "Archive")
    assert [row.outcome for row in report.rows] == ["moved"]
    assert box.subjects("Archive") == ["Mail 1"]
    left = [uid for uid, flags in box.flags().items() if b"\\Deleted" not in flags]
    assert left == [2]


def test_source_and_destination_must_differ(box: Any) -> None:
    with pytest.raises(InvalidInputError, match="both source and destination"):
        move(box.session, criteria_from(subject="x"), "inbox")


# deleting -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{}, {"only_unread": True}, {"within": timedelta(days=1), "now": datetime.now(UTC)}])
def test_deleting_without_a_criterion_is_refused(box: Any, mail: Write, given: dict[str, Any]) -> None:
    box.put(mail(1))
    with pytest.raises(RefusedError, match="needs a criterion"):
        delete(box.session, criteria_from(**given), several=True)
    assert box.subjects() == ["Mail 1"]


def test_a_criterion_that_fits_several_mails_deletes_none_of_them(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    with pytest.raises(RefusedError, match="2 mails in INBOX fit"):
        delete(box.session, criteria_from(subject="Mail"))
    assert box.subjects() == ["Mail 1", "Mail 2"]
    assert delete(box.session, criteria_from(subject="Mail"), several=True).changed == 2
    assert box.subjects() == []


def test_more_mails_than_allowed_are_not_touched(box: Any, mail: Write) -> None:
    box.put(*(mail(n) for n in range(1, 5)))
    with pytest.raises(RefusedError, match="more than the 3"):
        delete(box.session, criteria_from(subject="Mail"), several=True, most=3)
    assert len(box.subjects()) == 4


def test_deleted_mail_goes_into_the_trash(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    report = delete(box.session, criteria_from(message_id="<m1@example.org>"))
    assert [row.outcome for row in report.rows] == ["moved to trash"]
    assert (box.subjects(), box.subjects("Trash")) == (["Mail 2"], ["Mail 1"])
    again = delete(box.session, criteria_from(message_id="<m1@example.org>"))
    assert (again.rows, again.missing) == ((), ("<m1@example.org>",))


def test_permanently_means_permanently(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    report = delete(box.session, criteria_from(email_uid="1"), permanently=True)
    assert [row.outcome for row in report.rows] == ["deleted"]
    assert (box.subjects(), box.subjects("Trash")) == (["Mail 2"], [])


def test_other_peoples_deletions_are_left_alone(open_box: Any, mail: Write) -> None:
    box = open_box(hide=("UIDPLUS",))
    box.put(mail(1), mail(2))
    with box.server.client(box.user) as client:
        client.select_folder("INBOX")
        client.set_flags([2], [b"\\Deleted"])
    report = delete(box.session, criteria_from(email_uid="1"), permanently=True)
    assert [row.outcome for row in report.rows] == ["marked as deleted"]
    assert len(box.subjects()) == 2


def test_a_mail_that_the_server_cannot_remove_is_not_said_to_be_moved_and_is_copied_once(
    open_box: Any, mail: Write
) -> None:
    box = open_box(hide=("MOVE", "UIDPLUS"))
    box.put(mail(1), mail(2))
    (row,) = delete(box.session, criteria_from(email_uid="1")).rows
    assert row.outcome == "copied to trash"
    assert "the original stays, marked as deleted, until the folder is cleaned up" in row.detail
    assert box.flags()[1] == {b"\\Deleted"}
    again = delete(box.session, criteria_from(email_uid="1"))
    assert ([row.outcome for row in again.rows], again.changed) == (["already marked as deleted"], 0)
    moved = move(box.session, criteria_from(email_uid="1"), "Archive")
    assert [row.outcome for row in moved.rows] == ["already marked as deleted"]
    assert box.subjects("Trash") == ["Mail 1"]


def test_a_dry_run_deletes_nothing(box: Any, mail: Write) -> None:
    box.put(mail(1))
    report = delete(box.session, criteria_from(subject="Mail 1"), dry_run=True, permanently=True)
    assert [(row.outcome, row.detail) for row in report.rows] == [("would delete", "for good")]
    assert box.subjects() == ["Mail 1"]


def test_a_subject_that_breaks_out_of_the_command_deletes_nothing_else(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    report = delete(box.session, criteria_from(subject='x" ALL "'), several=True)
    assert report.rows == ()
    with pytest.raises(InvalidInputError, match="CR and LF"):
        criteria_from(subject="x\r\nA1 STORE 1:* +FLAGS (\\Deleted)")
    assert len(box.subjects()) == 2


# marking ------------------------------------------------------------------------------------------------------------


def test_marking_twice_changes_nothing_the_second_time(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    wanted = criteria_from(subject="Mail 1")
    assert outcomes(mark(box.session, wanted)) == [(1, "marked")]
    assert box.flags() == {1: {b"\\Seen"}, 2: set()}
    assert outcomes(mark(box.session, wanted)) == [(1, "already marked")]
    assert outcomes(mark(box.session, wanted, "unread")) == [(1, "marked")]
    assert box.flags()[1] == set()


def test_a_keyword_can_be_set_and_taken_away(box: Any, mail: Write) -> None:
    box.put(mail(1))
    wanted = criteria_from(email_uid="1")
    mark(box.session, wanted, "keyword", keyword="$Triaged")
    assert box.flags()[1] == {b"$Triaged"}
    mark(box.session, wanted, "no keyword", keyword="$Triaged")
    assert box.flags()[1] == set()


@pytest.mark.parametrize("keyword", ["", "\\Deleted", "two words", "a)b"])
def test_what_is_no_keyword_is_refused(box: Any, mail: Write, keyword: str) -> None:
    box.put(mail(1))
    with pytest.raises(InvalidInputError):
        mark(box.session, criteria_from(email_uid="1"), "keyword", keyword=keyword)
    assert box.flags()[1] == set()


def test_marking_everything_is_refused(box: Any, mail: Write) -> None:
    box.put(mail(1))
    with pytest.raises(RefusedError, match="needs a criterion"):
        mark(box.session, criteria_from())
