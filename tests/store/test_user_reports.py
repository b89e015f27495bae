"""Reports of users: one row per reporting mail, whoever handles it; states on the wall; who reported a mail counted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.errors import NotFoundError
from mailroom.store.alerts import NewAlert

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN, BOB = "ann@northwind.example", "bob@northwind.example"


def new_alert(key: str, **fields: str) -> NewAlert:
    return NewAlert(
        external_key=key, tenant="nw", title="x", sender="e@evil.example", sender_domain="evil.example",
        recipient=ANN, received_at=AT, seed_priority=-1, priority=-1, **fields,
    )  # fmt: skip


def test_a_report_is_written_down_once_and_its_states_stand_on_the_wall(store, world):
    [alert_id] = world.alerts(1)
    first = store.user_reports.begin(alert_id, tenant="nw", reporter=ANN, message_id="<a@x>", detail={"how": "inline"})
    again = store.user_reports.begin(alert_id, tenant="nw", reporter=BOB)
    assert first == again
    assert (first.state, first.reporter, first.detail) == ("open", ANN, {"how": "inline"})

    for _ in range(2):
        done = store.user_reports.change(first.id, who="h", state="settled", verdict="spam", detail={"told": True})
    assert (done.state, done.detail) == ("settled", {"how": "inline", "told": True})
    assert done.settled_at is not None
    assert store.user_reports.change(first.id, who="h", only_if=("open",), state="waiting").state == "settled"
    assert [event.what for event in store.events.for_alert(alert_id)] == ["report: open", "report: settled"]
    with pytest.raises(NotFoundError):
        store.user_reports.get(4711)


def test_the_alert_of_a_reported_mail_is_made_once_and_its_reporters_are_counted(store, world):
    one, two, three, four = world.alerts(4)
    original = store.user_reports.original(new_alert("k1", message_id="<a@x>"), "phish")
    assert store.user_reports.original(new_alert("k1", message_id="<a@x>"), "phish").id == original.id
    assert (original.connector, original.level) == ("reported", "T1")
    for alert_id, who, state, proven in (
        (one, ANN, "open", True), (two, ANN, "open", True), (three, BOB, "refused", True), (four, BOB, "open", False)
    ):  # fmt: skip
        row = store.user_reports.begin(alert_id, tenant="nw", reporter=who, state=state, detail={"proven": proven})
        store.user_reports.change(row.id, who="h", original_alert_id=original.id)

    assert store.user_reports.reporters(original.id) == 1
    assert [found.id for found in store.user_reports.same_message("nw", "<a@x>")] == [original.id]
    assert store.user_reports.same_message("other", "<a@x>") == []
    assert store.user_reports.lately(ANN, datetime(2020, 1, 1, tzinfo=UTC)) == 2
    assert store.user_reports.counts() == {"open": 3, "refused": 1}
    assert len(store.user_reports.list()) == 4
    assert sorted(store.user_reports.of_alerts([one, four, original.id])) == [one, four]
