"""What a mail really was, as people say it or as their actions imply."""

from __future__ import annotations

from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store import NewVerdict
from mailroom.store.actions import ActionResult
from mailroom.store.labels import NewLabel


def verdict(alert_id: int, name: str) -> NewVerdict:
    return NewVerdict(alert_id, None, name, 50, 1.0, 40, "digest", "T1")


def settle_applied(world: Any, alert_id: int, kind: str, mode: str) -> None:
    ledger = world.store.ledger
    action = ledger.intend(world.action(alert_id, kind, mode=mode))
    ledger.claim([action.id], owner="test")
    ledger.settle([ActionResult(action.id, "applied", handling="released")])


def test_a_label_is_on_the_wall_and_saying_it_twice_changes_nothing(world: Any) -> None:
    labels, [alert_id] = world.store.labels, world.alerts(1)
    assert labels.record(alert_id, "spam", source="person", who="amy", why="I read it") is True
    assert labels.record(alert_id, "spam", source="person", who="bob", why="again") is False
    assert labels.record(alert_id, "malicious", source="person", who="bob", why="a closer look") is True
    assert [(one.label, one.is_current) for one in labels.history(alert_id)] == [("spam", False), ("malicious", True)]
    wall = world.store.events.for_alert(alert_id)
    assert [(one.who, one.before, one.after, one.why) for one in wall] == [
        ("amy", None, "spam", "I read it"),
        ("bob", "spam", "malicious", "a closer look"),
    ]
    assert labels.counts() == {"malicious": 1}


def test_what_an_action_implies_never_replaces_what_a_person_said(world: Any) -> None:
    labels, [alert_id] = world.store.labels, world.alerts(1)
    labels.record(alert_id, "malicious", source="person", who="amy")
    assert not labels.record(alert_id, "wanted", source="release", who="bob")
    assert not labels.record(alert_id, "wanted", source="overturn", who="bob")
    assert labels.current(alert_id).label == "malicious"


def test_a_person_who_agrees_makes_an_implied_label_firm(world: Any) -> None:
    labels, [alert_id] = world.store.labels, world.alerts(1)
    labels.record(alert_id, "wanted", source="release", who="bob")
    assert labels.record(alert_id, "wanted", source="person", who="amy")
    assert labels.current(alert_id).source == "person"


@pytest.mark.parametrize(
    ("kind", "judged", "label"),
    [
        ("release", "malicious", "wanted"),
        ("reject", "malicious", "malicious"),
        ("reject", "spam", "spam"),
        ("reject", "undetermined", "suspicious"),
    ],
)
def test_what_a_person_did_to_a_mail_labels_it(world: Any, kind: str, judged: str, label: str) -> None:
    [alert_id] = world.alerts(1)
    world.store.verdicts.record([verdict(alert_id, judged)])
    settle_applied(world, alert_id, kind, "manual")
    found = world.store.labels.current(alert_id)
    assert (found.label, found.source) == (label, kind)
    assert world.store.events.verify() == []


def test_what_happened_by_itself_says_nothing_about_the_mail(world: Any) -> None:
    [alert_id] = world.alerts(1)
    settle_applied(world, alert_id, "release", "auto")
    assert world.store.labels.current(alert_id) is None


def test_unknown_labels_and_alerts_are_refused_as_a_whole(world: Any) -> None:
    labels, [alert_id] = world.store.labels, world.alerts(1)
    with pytest.raises(InvalidInputError, match="choose one of malicious"):
        labels.record(alert_id, "evil", source="person", who="amy")
    with pytest.raises(NotFoundError, match="no label was recorded"):
        labels.record_many([NewLabel(alert_id, "spam", "person"), NewLabel(alert_id + 1, "spam", "person")])
    assert labels.current(alert_id) is None


def test_many_labels_are_recorded_and_read_page_by_page(world: Any) -> None:
    ids = world.alerts(1_203)
    assert world.store.labels.record_many([NewLabel(known, "spam", "person", "amy") for known in ids]) == 1_203
    seen, after = [], 0
    while page := world.store.labels.page(after_id=after, limit=500):
        seen += [one.alert_id for one in page]
        after = page[-1].alert_id
    assert seen == sorted(ids)
