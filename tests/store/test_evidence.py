"""What people say about a message: once per key, bounded, on the wall, and the verdict made without it is void."""

from __future__ import annotations

import pytest

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store import NewVerdict
from mailroom.store.evidence import NewEvidence


def said(alert_id, points=-20, key="recipient", text="the recipient expected it", **more):
    return NewEvidence(alert_id, key, "recipient_answer", points, text, who="clara@northwind.example", **more)


def judge(store, alert_id):
    row = NewVerdict(alert_id, None, "suspicious", 45, 0.9, 40, "rules-1", "T1")
    return store.verdicts.record([row])


def test_what_somebody_says_is_kept_once_with_its_event(store, world):
    [alert_id] = world.alerts(1)

    assert store.evidence.put(said(alert_id))
    assert not store.evidence.put(said(alert_id))

    [row] = store.evidence.of(alert_id)
    assert (row.points, row.who, row.source) == (-20, "clara@northwind.example", {})
    [event] = store.events.for_alert(alert_id)
    assert (event.kind, event.who, event.after["points"]) == ("evidence", "clara@northwind.example", -20)


def test_a_changed_mind_replaces_what_was_said_and_the_wall_keeps_both(store, world):
    [alert_id] = world.alerts(1)
    store.evidence.put(said(alert_id, source={"answer": "expected"}))

    assert store.evidence.put(said(alert_id, 20, text="not expected after all", source={"answer": "unexpected"}))

    assert [(row.points, row.source["answer"]) for row in store.evidence.of(alert_id)] == [(20, "unexpected")]
    assert [event.after["points"] for event in store.events.for_alert(alert_id)] == [-20, 20]
    assert store.events.for_alert(alert_id)[-1].before["points"] == -20


def test_a_verdict_made_without_it_is_out_of_date(store, world):
    ids = world.alerts(2)
    for alert_id in ids:
        judge(store, alert_id)
    store.alerts.set_handling(ids[1], "released", "", "amara")

    assert store.evidence.put_many([said(alert_id) for alert_id in ids]) == 2

    assert [alert.id for alert in store.alerts.untriaged(10, rule_digest="rules-1")] == [ids[0]]
    assert store.verdicts.current(ids[1]) is not None  # what was done stays judged by what was known then


def test_many_at_once_and_nothing_when_one_is_wrong(store, world):
    ids = world.alerts(3)

    with pytest.raises(NotFoundError):
        store.evidence.put_many([*(said(alert_id) for alert_id in ids), said(max(ids) + 100)])
    for wrong in (said(ids[0], 41), said(ids[0], text=" "), said(ids[0], key="")):
        with pytest.raises(InvalidInputError):
            store.evidence.put(wrong)

    assert store.evidence.of_many(ids) == {}
