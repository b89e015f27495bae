"""The tracking connector: under another id it is the same message only when all evidence says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import INFO, PEOPLE, add, empty_tenant

from sandbox import Fault
from sandbox.data.mail import Component


def counts(report):
    return {name: number for name, number in report.counts().items() if number}


def body(text):
    return [Component("Email Primary Body Plain Text", "body.txt", "text/plain", 100, token=text)]


def alerts(bench):
    return bench.store.alerts.list(limit=1_000, after_id=0)


@pytest.mark.parametrize("survives", [False, True], ids=["the old id is gone", "the old id answers with the new one"])
@pytest.mark.parametrize("how", ["admin_release", "admin_reject"])
def test_a_message_that_was_alerted_while_held_is_not_alerted_again_under_its_new_id(bench_for, survives, how):
    bench = bench_for(empty_tenant(tracking_id_survives=survives))
    (hold_id,) = add(bench.tenant, "handled", minutes=30, components=body("a"))
    assert bench.track(statuses=()).alerted == 1
    assert getattr(bench.tenant, how)(hold_id)

    report = bench.track(statuses=())

    assert counts(report) == {"fetched": 1, "duplicate": 1}
    (alert,) = alerts(bench)
    ids = {alert.tracking_id}
    for row in bench.store.items.same_content(alert.source_id, _keys(bench)):
        assert row.alert_id == alert.id
        ids.add(row.external_key)
    assert len(ids) == 2
    before = bench.calls(INFO)
    bench.track(statuses=())
    assert bench.calls(INFO) == before  # known from now on


def _keys(bench):
    from sqlalchemy import select

    from mailroom.store.schema import items

    return bench.store.db.read(lambda tx: tx.execute(select(items.c.content_key)).scalars().all())


def test_each_of_many_alike_mails_is_recognised_by_itself(bench):
    ids = [
        add(bench.tenant, "alike", minutes=30, components=body("a"), message_id="<same@contoso-logistics.example>")[0]
        for _ in range(12)
    ]
    assert bench.track(statuses=()).alerted == 12
    for hold_id in ids[:7]:
        assert bench.tenant.admin_release(hold_id)

    report = bench.track(statuses=())

    assert counts(report) == {"fetched": 12, "duplicate": 12}
    assert len(alerts(bench)) == 12


def test_a_copy_sent_behind_a_mail_that_is_still_held_is_a_mail_of_its_own(bench):
    copy = {"minutes": 30, "components": body("a"), "message_id": "<same@contoso-logistics.example>"}
    add(bench.tenant, "alike", **copy)
    assert bench.track(statuses=()).alerted == 1
    add(bench.tenant, "alike", **copy, status="archived")

    assert bench.track(statuses=()).alerted == 1


def test_more_copies_than_there_were_alerts_are_alerts(bench):
    copy = {"minutes": 30, "components": body("a"), "message_id": "<same@contoso-logistics.example>"}
    (hold_id,) = add(bench.tenant, "alike", **copy)
    assert bench.track(statuses=()).alerted == 1
    assert bench.tenant.admin_release(hold_id)
    add(bench.tenant, "alike", **copy, status="archived")

    assert counts(bench.track(statuses=())) == {"fetched": 2, "alerted": 1, "duplicate": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"components": body("b")},
        {"message_id": "<other@contoso-logistics.example>"},
        {"to": PEOPLE[:2]},
        {"sender_ip": "203.0.113.99"},
        {"from_env": "someone.else@contoso-logistics.example"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_any_difference_makes_it_another_message(bench, other):
    copy = {"minutes": 30, "components": body("a"), "message_id": "<same@contoso-logistics.example>",
            "sender_ip": "203.0.113.1"}  # fmt: skip
    (hold_id,) = add(bench.tenant, "alike", **copy)
    assert bench.track(statuses=()).alerted == 1
    assert bench.tenant.expire(hold_id)
    add(bench.tenant, "alike", status="archived", **copy | other)

    assert bench.track(statuses=()).alerted >= 1
    assert len(alerts(bench)) == 2


def test_without_message_id_and_hashes_there_is_no_strong_evidence(bench):
    (hold_id,) = add(bench.tenant, "bare", minutes=30, components=[], message_id="")
    assert bench.track(statuses=()).alerted == 1
    assert bench.tenant.admin_release(hold_id)

    assert bench.track(statuses=()).alerted == 1


def test_while_the_old_id_cannot_be_looked_up_the_message_waits_and_in_the_third_cycle_it_is_an_alert(bench):
    (hold_id,) = add(bench.tenant, "handled", minutes=30, components=body("a"))
    assert bench.track(statuses=()).alerted == 1
    assert bench.tenant.admin_release(hold_id)
    for waiting, alerted in ((1, 0), (1, 0), (0, 1)):
        bench.tenant.faults.add(Fault("fail_in_200", INFO, times=1, after=1, code="err_validation"))
        report = bench.track(statuses=(), workers=1)
        assert (report.waiting, report.alerted, report.duplicate) == (waiting, alerted, 0)


def test_when_the_old_id_can_be_looked_up_again_the_message_is_recognised(bench):
    (hold_id,) = add(bench.tenant, "handled", minutes=30, components=body("a"))
    assert bench.track(statuses=()).alerted == 1
    assert bench.tenant.admin_release(hold_id)
    bench.tenant.faults.add(Fault("fail_in_200", INFO, times=1, after=1, code="err_validation"))

    assert bench.track(statuses=(), workers=1).waiting == 1
    assert counts(bench.track(statuses=())) == {"fetched": 1, "duplicate": 1}


def test_a_held_message_that_somebody_releases_before_its_details_are_read_is_gone_after_the_second_look(bench):
    ids = [add(bench.tenant, f"note {number}", minutes=30)[0] for number in range(3)]
    bench.track(max_messages=1)
    assert bench.tenant.admin_release(ids[1])

    first, second = bench.track(), bench.track()

    assert (first.alerted, first.gone, first.waiting) == (1, 0, 1)
    assert (second.alerted, second.gone, second.waiting) == (0, 1, 0)


def test_an_id_that_does_not_tell_the_status_is_looked_at_again_when_the_status_is_wanted(bench, monkeypatch):
    add(bench.tenant, "first deferred, then held", minutes=30, status="deferred")
    from sandbox.endpoints import tracking as endpoint

    monkeypatch.setattr(endpoint, "_matching", lambda context, _item, window: context.world.tracked.slice(
        *context.world.tracked.window(*window)))  # fmt: skip
    monkeypatch.setattr("sandbox.world.World.tracking_id", lambda world, number: world.mint.tracking(number, "held"))
    bench.tenant.tracking_id_survives = True
    assert counts(bench.track()) == {"fetched": 1, "filtered": 1}
    bench.tenant.world.messages[0].status = "held"
    bench.tenant.advance(timedelta(minutes=5))

    assert counts(bench.track()) == {"fetched": 1, "alerted": 1}


def test_another_generation_of_the_api_alerts_nothing_a_second_time(bench_for, tenant):
    two, one = bench_for(tenant), bench_for(tenant, "1.0")
    for number in range(3):
        add(tenant, f"note {number}", minutes=30 + number)
    assert two.track().alerted == 3

    assert counts(one.track()) == {"fetched": 3, "duplicate": 3}
    assert two.store.check().ok


def test_the_hold_queue_and_message_tracking_each_have_their_alert_and_leave_the_other_alone(bench):
    (hold_id,) = add(bench.tenant, "junk 1", minutes=30, to=PEOPLE[:1])
    bench.track()
    bench.ingest()
    add(bench.tenant, "junk 2", minutes=20, to=PEOPLE[:1])
    bench.track()
    bench.ingest()

    held = [alert for alert in alerts(bench) if alert.connector == "held"]
    assert [alert.level for alert in held] == ["T2", "T2"]
    assert all("defects" not in alert.event for alert in held)
    assert len(alerts(bench)) == 4
    assert bench.store.alerts.find(held[0].tracking_id).id == held[0].id
    assert bench.alert_of(hold_id).connector == "held"
    assert [result.state for result in bench.act()] == ["applied", "applied"]
    assert {alert.handling for alert in alerts(bench) if alert.connector == "tracked"} == {"open"}
