from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store import NewVerdict, Settled, Store


def judged(alert_id, verdict="malicious", digest="rules-1", **changes):
    new = NewVerdict(
        alert_id, None, verdict, 90, 0.93, 80, digest, "T1", [{"rule_id": "r1", "points": 40, "text": "because"}]
    )
    return replace(new, **changes)


def test_an_alert_is_found_by_whatever_an_analyst_pastes(store, world):
    [alert_id] = world.alerts(1)

    for text in (str(alert_id), " hold-0 ", "track-hold-0"):
        assert store.alerts.find(text).id == alert_id
    for text in ("nothing", "", "9" * 40, "%"):
        with pytest.raises(NotFoundError):
            store.alerts.find(text)


def test_a_tracking_id_that_several_held_copies_share_names_none_of_them_for_a_change(store, world):
    world.stage([1, 2, 3])
    items = store.items.pending(world.source.id, limit=3)
    new = [replace(world.new_alert(item.external_key), tracking_id="shared") for item in items[:2]]
    tracked = replace(world.new_alert("tracked"), hold_id="", tracking_id="shared")
    store.items.settle(
        world.source.id, None,
        [Settled(item.id, "alerted", alert=alert) for item, alert in zip(items, [*new, tracked], strict=True)],
    )  # fmt: skip
    one, two = store.alerts.find("hold-1"), store.alerts.find("hold-2")

    with pytest.raises(InvalidInputError, match=rf"alerts {one.id}, {two.id}\."):
        store.alerts.find_one("shared")
    assert store.alerts.find("shared") == two
    assert store.alerts.find_one("hold-1") == store.alerts.find_one(str(one.id)) == one
    with pytest.raises(NotFoundError):
        store.alerts.find_one("nothing")


def test_the_tracking_id_of_one_held_message_names_it_whatever_else_was_tracked_under_it(store, world):
    world.stage([1, 2])
    items = store.items.pending(world.source.id, limit=2)
    tracked = replace(world.new_alert("tracked"), hold_id="", tracking_id="track-hold-1")
    both = zip(items, [world.new_alert("hold-1"), tracked], strict=True)
    store.items.settle(world.source.id, None, [Settled(item.id, "alerted", alert=alert) for item, alert in both])

    assert store.alerts.find_one("track-hold-1").hold_id == "hold-1"


def test_an_alert_is_found_without_reading_all_of_them(sqlite_url):
    asked = []
    with Store.open(sqlite_url) as store:
        event.listen(store.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        with pytest.raises(NotFoundError):
            store.alerts.find("hold-1")
        store.alerts.tracked([("track-1", "clara.lindqvist@northwind.example")])
        queries = [(sql, values) for sql, values in asked if "FROM alerts" in sql]
        assert len(queries) == 2
        for sql, values in queries:
            plan = store.db.read(lambda tx, s=sql, v=values: tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", v).all())
            steps = [row[-1] for row in plan]
            assert not any(step.startswith("SCAN") for step in steps), steps


def test_handling_is_recorded_once_and_on_the_wall(store, world):
    [alert_id] = world.alerts(1)

    assert store.alerts.set_handling(alert_id, "released", "wanted business mail", "amara")
    assert not store.alerts.set_handling(alert_id, "released", "again", "amara")

    alert = store.alerts.get(alert_id)
    assert (alert.handling, alert.handling_reason, alert.handled_by) == ("released", "wanted business mail", "amara")
    [event] = store.events.for_alert(alert_id)
    assert (event.kind, event.who, event.before, event.after) == ("handling", "amara", "open", "released")
    with pytest.raises(NotFoundError):
        store.alerts.set_handling(alert_id + 100, "released", "", "amara")


def test_alerts_are_triaged_once_per_rule_set_and_level(store, world):
    ids = world.alerts(3)
    store.verdicts.record([judged(ids[0])])
    store.alerts.set_handling(ids[1], "expired", "", "ingest")

    assert [alert.id for alert in store.alerts.untriaged(10)] == [ids[2]]
    assert [alert.id for alert in store.alerts.untriaged(10, rule_digest="rules-1")] == [ids[2]]
    assert [alert.id for alert in store.alerts.untriaged(10, rule_digest="rules-2")] == [ids[0], ids[2]]
    assert store.alerts.untriaged(10, after_id=ids[2]) == []

    store.alerts.update_detail(ids[0], {"schema": 1, "more": True}, "T2")
    assert ids[0] in [alert.id for alert in store.alerts.untriaged(10, rule_digest="rules-1")]


def test_the_same_verdict_is_not_stored_twice(store, world):
    [alert_id] = world.alerts(1)
    [first] = store.verdicts.record([judged(alert_id)])
    [again] = store.verdicts.record([judged(alert_id)])

    assert first == again
    assert len(store.verdicts.history(alert_id)) == 1
    assert store.alerts.get(alert_id).priority == 80


def test_the_latest_verdict_is_the_current_one(store, world):
    one, two = world.alerts(2)
    store.verdicts.record([judged(one), judged(two)])
    store.verdicts.record([judged(one, "spam", "rules-2", priority=60)])

    assert store.verdicts.current(one).verdict == "spam"
    assert {key: value.verdict for key, value in store.verdicts.current_many([one, two]).items()} == {
        one: "spam",
        two: "malicious",
    }
    assert [verdict.is_current for verdict in store.verdicts.history(one)] == [False, True]
    assert store.alerts.get(one).priority == 60
    assert store.verdicts.counts() == {"malicious": 1, "spam": 1}

    store.verdicts.record([judged(one)])  # back to the old rules: the old row counts again
    assert [verdict.is_current for verdict in store.verdicts.history(one)] == [True, False]
    assert store.alerts.get(one).priority == 80
    assert store.verdicts.current(999) is None


def test_a_verdict_that_becomes_current_again_is_of_the_run_that_says_so(store, world):
    [alert_id] = world.alerts(1)
    first, second = (store.runs.start("triage") for _ in range(2))
    store.verdicts.record([judged(alert_id, run_id=first)])
    store.verdicts.record([judged(alert_id, "spam", "rules-2", run_id=first)])

    store.verdicts.record([judged(alert_id, run_id=second)])
    assert store.verdicts.current(alert_id).run_id == second
    store.verdicts.record([judged(alert_id, "spam", "rules-2")])
    assert store.verdicts.current(alert_id).run_id == first


def test_what_is_known_of_a_message_and_its_verdict_are_read_in_one_look(store, world):
    judged_one, other = world.alerts(2)
    store.verdicts.record([judged(judged_one, "spam"), judged(judged_one)])
    store.alerts.update_detail(other, {"level": "T3"}, "T3")

    seen = store.verdicts.as_of_now([judged_one, other, 999])

    assert seen == {judged_one: ("T1", store.verdicts.current(judged_one)), other: ("T3", None)}


def test_a_retired_verdict_leaves_an_open_message_to_triage_and_a_handled_one_as_it_was(store, world):
    one, done = world.alerts(2)
    store.verdicts.record([judged(one), judged(done)])
    store.alerts.set_handling(done, "released", "", "ann")

    store.run(lambda tx: store.verdicts.retire([one, done], tx))

    assert [alert.id for alert in store.alerts.untriaged(10, rule_digest="rules-1")] == [one]
    assert store.verdicts.current(done) is not None


def test_of_two_verdicts_for_one_alert_in_a_batch_the_last_counts(store, world):
    [alert_id] = world.alerts(1)
    first, second = store.verdicts.record([judged(alert_id, "spam"), judged(alert_id, "benign")])

    assert first != second
    assert store.verdicts.current(alert_id).id == second


def test_history_counts_what_came_before(store, world):
    ids = world.alerts(4) + world.alerts(1, sender="new@adatum.example")
    store.verdicts.record([judged(ids[0], "benign"), judged(ids[1], "malicious"), judged(ids[2], "benign")])
    store.alerts.set_handling(ids[2], "rejected", "analyst knew better", "amara")

    found = store.alerts.histories([store.alerts.get(alert_id) for alert_id in ids])

    assert (found[ids[0]].benign, found[ids[0]].malicious, found[ids[0]].first_contact) == (0, 0, True)
    assert (found[ids[3]].benign, found[ids[3]].malicious, found[ids[3]].first_contact) == (1, 2, False)
    assert found[ids[4]].first_contact
    domain = store.alerts.sender_history("northwind", sender_domain="fabrikam.example")
    assert (domain.benign, domain.malicious) == (1, 2)
    before = store.alerts.sender_history(
        "northwind", sender="ann@fabrikam.example", before=world.start + timedelta(seconds=1)
    )
    assert (before.benign, before.malicious) == (1, 0)
    assert store.alerts.sender_history("other tenant", sender="ann@fabrikam.example").first_contact


def test_alerts_are_listed_by_handling_and_verdict(store, world):
    ids = world.alerts(3)
    store.verdicts.record([judged(ids[0]), judged(ids[1], "spam")])
    store.alerts.set_handling(ids[1], "rejected", "", "amara")

    assert [alert.id for alert in store.alerts.list(limit=2)] == [ids[2], ids[1]]
    assert [alert.id for alert in store.alerts.list(handling="open")] == [ids[2], ids[0]]
    assert [alert.id for alert in store.alerts.list(verdict="spam", status="rejected")] == [ids[1]]
    assert [alert.id for alert in store.alerts.list(after_id=ids[0])] == ids[1:]
    assert store.alerts.counts() == {"open": 2, "rejected": 1}
    assert store.alerts.group_size("") == 0
    overview = store.stats.overview()
    assert overview["items"] == {"alerted": 3}
    assert overview["verdicts"] == {"malicious": 1, "spam": 1}
