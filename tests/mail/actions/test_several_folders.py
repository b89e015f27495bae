"""Several folders at once: all are judged before one is changed, and the newest mail of all is the newest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, MailroomError, NotFoundError, RefusedError
from mailroom.mail.actions.criteria import criteria_from
from mailroom.mail.actions.delete import delete
from mailroom.mail.actions.eml import get_eml
from mailroom.mail.actions.mark import mark
from mailroom.mail.actions.move import move
from mailroom.mail.actions.rows import ChangeReport
from mailroom.mail.actions.selecting import search

Write = Callable[..., bytes]
Change = Callable[[Any, Any], ChangeReport]


@pytest.mark.parametrize(
    ("change", "folders", "refusal"),
    [
        (lambda session, wanted: delete(session, wanted), "Archive, INBOX", RefusedError),
        (lambda session, wanted: delete(session, wanted, several=True, most=1), "Archive, INBOX", RefusedError),
        (lambda session, wanted: move(session, wanted, "Junk", most=1), "Archive, INBOX", RefusedError),
        (lambda session, wanted: move(session, wanted, "INBOX"), "Archive, INBOX", InvalidInputError),
        (lambda session, wanted: mark(session, wanted, most=1), "Archive, INBOX", RefusedError),
        (lambda session, wanted: mark(session, wanted), "Archive, Nowhere", NotFoundError),
        (lambda session, wanted: delete(session, wanted, several=True), "Archive, Nowhere", NotFoundError),
    ],
)
def test_what_is_refused_for_one_folder_changes_none(
    box: Any, mail: Write, change: Change, folders: str, refusal: type[MailroomError]
) -> None:
    box.put(mail(1), mail(2))
    box.put(mail(3), folder="Archive")
    with pytest.raises(refusal):
        change(box.session, criteria_from(folders=folders, subject="Mail"))
    assert (box.subjects(), box.subjects("Archive")) == (["Mail 1", "Mail 2"], ["Mail 3"])
    assert box.flags("Archive") == {1: set()}


def test_two_mails_are_several_though_each_lies_in_a_folder_of_its_own(box: Any, mail: Write) -> None:
    box.put(mail(1))
    box.put(mail(2), folder="Archive")
    wanted = criteria_from(folders="Archive, INBOX", subject="Mail")
    with pytest.raises(RefusedError, match="2 mails in Archive, INBOX fit, and only one was allowed"):
        delete(box.session, wanted)
    assert (box.subjects(), box.subjects("Archive")) == (["Mail 1"], ["Mail 2"])
    assert delete(box.session, wanted, several=True).changed == 2
    assert (box.subjects(), box.subjects("Archive")) == ([], [])


def test_a_mail_that_goes_to_the_trash_is_not_removed_from_there_in_the_same_breath(box: Any, mail: Write) -> None:
    box.put(mail(1))
    box.put(mail(2), folder="Trash")
    report = delete(box.session, criteria_from(folders="INBOX, Trash", subject="Mail"), several=True)
    assert [(row.folder, row.outcome) for row in report.rows] == [("INBOX", "moved to trash"), ("Trash", "deleted")]
    assert box.subjects("Trash") == ["Mail 1"]


def test_a_folder_that_is_named_twice_is_one_folder(box: Any, mail: Write) -> None:
    box.put(mail(1))
    report = mark(box.session, criteria_from(folders="INBOX, inbox", subject="Mail"))
    assert [row.outcome for row in report.rows] == ["marked"]


def test_a_folder_is_made_only_when_something_may_be_moved_there(box: Any, mail: Write) -> None:
    box.put(mail(1), mail(2))
    with pytest.raises(RefusedError):
        move(box.session, criteria_from(subject="Mail"), "Processed", create=True, most=1)
    assert "Processed" not in [folder.name for folder in box.session.folders()]


def test_the_newest_mail_comes_first_whichever_folder_it_lies_in(box: Any, mail: Write) -> None:
    for number, folder in enumerate(("INBOX", "Archive", "INBOX", "Archive"), 1):
        box.put(mail(number), folder=folder, internal_date=datetime(2026, 1, number, tzinfo=UTC))
    wanted = criteria_from(folders="INBOX, Archive")
    assert [row.subject for row in search(box.session, wanted)] == ["Mail 4", "Mail 3", "Mail 2", "Mail 1"]
    newest = search(box.session, wanted, limit=3)
    assert [(row.folder, row.uid) for row in newest] == [("Archive", 2), ("INBOX", 2), ("Archive", 1)]


def test_of_two_copies_in_two_folders_the_newer_one_is_given(box: Any, mail: Write) -> None:
    box.put(mail(1, text="old copy"), internal_date=datetime(2026, 1, 1, tzinfo=UTC))
    box.put(mail(1, text="new copy"), folder="Archive", internal_date=datetime(2026, 1, 2, tzinfo=UTC))
    found = get_eml(box.session, criteria_from(folders="INBOX, Archive", message_id="<m1@example.org>"))
    assert (found.row.folder, b"new copy" in found.raw) == ("Archive", True)
