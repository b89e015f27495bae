"""Looking into the store for an investigation, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mailroom_tests_small_tenant import NOON

from mailroom.store import Store
from mailroom.store.actions import NewAction
from mailroom.store.inquiries import About
from mailroom.store.schema import alerts

START, END = NOON - timedelta(days=7), NOON
LATER = datetime(2026, 3, 2, 13, tzinfo=UTC)


def put(store: Store, number: int, **fields: Any) -> None:
    """One alert, received `number` minutes before noon."""
    source = store.sources.ensure("t", "held", "q", "1")
    plain: dict[str, Any] = {
        "source_id": source.id, "tenant": "t", "connector": "held",
        "external_key": str(number), "title": "Your parcel 100%", "sender": "News@evil.example",
        "sender_domain": "evil.example", "recipient": "ann@northwind.example", "seed_priority": -1, "priority": -1,
        "received_at": NOON - timedelta(minutes=number), "event": {"text": "see https://evil.example/login"},
        "created_at": NOON, "updated_at": NOON, "handling": "open",
    }  # fmt: skip
    with store.transaction() as tx:
        tx.execute(alerts.insert().values(**plain | fields))


def found(store: Store, about: About, limit: int = 1_000) -> list[int]:
    pages = store.inquiries.alerts(about, START, END, limit)
    return [int(alert.external_key) for page in pages for alert in page]


@pytest.fixture
def filled(store: Store) -> Store:
    for number in range(3):
        put(store, number)
    put(store, 3, sender="other@evil.example")
    put(store, 4, sender="news@notevil.example", sender_domain="notevil.example", title="Your parcel 100x", event={})
    put(store, 5, received_at=LATER)
    return store


def test_a_sender_is_found_whatever_the_case_newest_first(filled: Store) -> None:
    assert found(filled, About(sender="news@evil.example")) == [0, 1, 2]


def test_a_domain_is_found_without_its_look_alikes(filled: Store) -> None:
    assert found(filled, About(domain="evil.example")) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("words", "wanted"), [("PARCEL 100%", [0, 1, 2, 3]), ("%", [0, 1, 2, 3]), ("_", []), ("'", [])]
)
def test_words_of_a_subject_are_no_pattern(filled: Store, words: str, wanted: list[int]) -> None:
    assert found(filled, About(subject=words)) == wanted


def test_a_link_is_found_in_the_event(filled: Store) -> None:
    assert found(filled, About(text="evil.example")) == [0, 1, 2, 3]


def test_another_tenants_alerts_are_left_out(filled: Store) -> None:
    assert found(filled, About(domain="evil.example", tenant="other")) == []


def test_many_alerts_of_one_second_come_page_by_page_and_once(store: Store) -> None:
    for number in range(450):
        put(store, number, received_at=NOON - timedelta(hours=1))
    numbers = found(store, About(domain="evil.example"))
    assert sorted(numbers) == list(range(450))
    assert len(found(store, About(domain="evil.example"), limit=230)) == 230


def test_what_is_known_counts_every_time(filled: Store) -> None:
    known = filled.inquiries.known(About(sender="news@evil.example"))
    assert (known.alerts, known.last_seen) == (4, LATER)
    assert filled.inquiries.known(About(subject="parcel")).alerts == 0, "only senders and domains are known"


def test_actions_about_a_sender_are_found_by_their_target(filled: Store) -> None:
    for target in ("news@evil.example -> a@b.example", "100% off"):
        filled.ledger.intend(NewAction("t", None, "block_sender", target, target))
    assert [action.target for action in filled.inquiries.actions_about(["NEWS@evil.example"])] == [
        "news@evil.example -> a@b.example"
    ]
    assert filled.inquiries.actions_about(["", "%%"]) == []
