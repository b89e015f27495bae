"""The actions on cases, run as tasks on a real store: each does what its name says, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.playbooks.cases import write_file
from mailroom.store import Store
from mailroom.store.schema import alerts
from tasks import _open, cases

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SAVED = {"name": "../invoice.exe", "size": 3, "sha256": "0" * 64, "mime_type": "application/x-msdownload"}


@pytest.fixture
def here(sqlite_url: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with three stored mails; the second has a saved attachment."""
    with Store.open(sqlite_url, blobs=tmp_path / "blobs") as store:
        source = store.sources.ensure("northwind", "mailbox", "soc/INBOX", "1")
        event = {"schema": 1, "saved_attachments": [SAVED | {"sha256": store.blobs.put(b"MZ!")}]}
        rows = [
            {
                "source_id": source.id, "tenant": "northwind", "connector": "mailbox", "external_key": f"{n}",
                "title": f"Parcel {n}", "sender": "a@evil.example", "sender_domain": "evil.example",
                "received_at": AT, "seed_priority": 40, "priority": 40, "event": event if n == 2 else {},
                "handling": "open", "created_at": AT, "updated_at": AT,
            }
            for n in (1, 2, 3)
        ]  # fmt: skip
        store.run(lambda tx: tx.execute(insert(alerts), rows))
        monkeypatch.setattr(_open, "store", lambda _block: store)
        yield store


def test_one_mail_makes_one_incident_with_its_files(here: Store, tmp_path: Path) -> None:
    first = cases.create_incident_from_mail.fn("2", template="phishing")
    again = cases.create_incident_from_mail.fn("2", template="phishing")

    assert (first.created, again.created, first.case_id) == (True, False, again.case_id)
    assert first.alert_ids == (2,)
    assert here.cases.get(first.case_id).title == "Phishing: Parcel 2"
    [file] = here.case_files.list([first.case_id])
    assert write_file(here, file.id, tmp_path / "out").parent == tmp_path / "out"
    assert cases.save_attachments_to_incident.fn(str(first.case_id), "2") == []


def test_mail_is_added_and_opens_a_closed_incident_again(here: Store) -> None:
    case = str(cases.create_incident.fn("Wave", key="w", alerts="1").case_id)
    assert cases.close_incident.fn(case, "done").state == "closed"
    assert cases.add_email_to_incident.fn(case, "1").state == "closed"
    added = cases.add_email_to_incident.fn(case, "1, 2, 3", with_attachments=True)
    assert (added.alert_ids, added.state) == ((1, 2, 3), "open")
    assert len(here.case_files.list([int(case)])) == 1


def test_an_incident_is_updated_and_closed_as_its_template_asks(here: Store) -> None:
    case = str(cases.create_incident.fn(template="mail-incident", alerts="1").case_id)
    changed = cases.update_incident.fn(case, state="waiting", priority="high", fields={"outcome": "spam"})
    assert (changed.state, changed.priority) == ("waiting", 80)
    with pytest.raises(InvalidInputError, match='"Update Incident"'):
        cases.update_incident.fn(case, fields={"outcome": "no such word"})
    with pytest.raises(RefusedError, match="still open"):
        cases.close_incident.fn(case, "spam")
    assert cases.close_incident.fn(case, "spam", leave_tasks=True).state == "closed"
    assert cases.find_incidents.fn(field="outcome=spam") == []
    assert len(cases.find_incidents.fn(field="outcome=spam", everything=True)) == 1


def test_the_same_words_are_noted_once(here: Store) -> None:
    case = str(cases.create_incident.fn("Wave").case_id)
    assert cases.add_note_to_incident.fn(case, "called")
    assert not cases.add_note_to_incident.fn(case, "called")
    assert [event.after for event in here.events.for_case(int(case)) if event.kind == "case.noted"] == ["called"]


def test_incidents_are_merged(here: Store) -> None:
    one, two = (str(cases.create_incident.fn("Wave", alerts=n).case_id) for n in ("1", "2"))
    assert cases.merge_incidents.fn(two, one).alert_ids == (1, 2)
    assert [row["alerts"] for row in cases.find_incidents.fn(sender="evil.example")] == [2]


@pytest.mark.parametrize("case", ["77", "seven", "-1", ""])
def test_what_is_no_case_is_said(here: Store, case: str) -> None:
    with pytest.raises((NotFoundError, InvalidInputError), match="Add Email To Incident"):
        cases.add_email_to_incident.fn(case, "1")


def test_an_incident_without_a_template_is_named_after_its_mail(here: Store) -> None:
    case = cases.create_incident_from_mail.fn("3", template="")
    assert here.cases.get(case.case_id).title == "Parcel 3"


def test_states_that_there_are_not_are_no_empty_list(here: Store) -> None:
    cases.create_incident.fn("Wave", alerts="1")
    assert len(cases.find_incidents.fn(states="New, open")) == 1
    with pytest.raises(InvalidInputError, match="'opened' is no state of a case; use one of new, open"):
        cases.find_incidents.fn(states="new, opened")


def test_nothing_is_not_added_to_an_incident(here: Store) -> None:
    case = str(cases.create_incident.fn("Wave").case_id)
    with pytest.raises(InvalidInputError, match="Alerts is empty"):
        cases.add_email_to_incident.fn(case, " ")
