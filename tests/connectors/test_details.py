"""The held connector, details: the right header block or none, and no message holds up its neighbours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import HOLD_LIST, INFO, PEOPLE, SEARCH, add, empty_tenant

from mailroom.connectors import held_detail
from mailroom.errors import MailroomError, PermissionMissingError, TransientError
from sandbox import Fault


def numbered(tenant, count, *, seconds=0.0, to=PEOPLE[:1], first=0):
    """Mails alike in everything but one header; returns hold id -> the number in that header."""
    truth = {}
    for number in range(first, first + count):
        minutes = 5 + number * seconds / 60
        for hold_id in add(tenant, "alike", minutes=minutes, to=to, extra_headers=[("X-Number", str(number))]):
            truth[hold_id] = str(number)
    return truth


def number_of(alert):
    """The number in the header block that the alert was given; None without a block."""
    return next((value for name, value in alert.event.get("headers", []) if name == "X-Number"), None)


def given(bench):
    return {alert.hold_id: number_of(alert) for alert in bench.store.alerts.list(limit=1_000)}


def test_the_copies_of_one_mail_are_one_alert_each_in_one_group_with_one_header_block(bench):
    truth = numbered(bench.tenant, 1, to=PEOPLE[:3])

    bench.ingest()

    alerts = bench.store.alerts.list()
    assert {alert.recipient for alert in alerts} == set(PEOPLE[:3])
    assert given(bench) == truth
    assert {alert.level for alert in alerts} == {"T2"}
    assert len({alert.group_key for alert in alerts}) == len({alert.tracking_id for alert in alerts}) == 1
    assert len([call for call in bench.tenant.calls if call.path == INFO]) == 1


def test_each_of_thirty_alike_mails_of_one_second_gets_its_own_header_block(bench):
    truth = numbered(bench.tenant, 30)

    bench.ingest(slice_size=7)

    assert given(bench) == truth


@pytest.mark.parametrize("slice_size", [250, 11])
def test_no_mail_of_a_bomb_ever_gets_the_header_block_of_another(bench, slice_size):
    truth = numbered(bench.tenant, 90) | numbered(bench.tenant, 30, to=PEOPLE[1:4], first=90)
    truth |= numbered(bench.tenant, 30, seconds=2, first=120)

    bench.ingest(slice_size=slice_size)

    found = given(bench)
    assert found.keys() == truth.keys()
    assert {hold_id for hold_id, number in found.items() if number not in (None, truth[hold_id])} == set()
    without = [bench.alert_of(hold_id) for hold_id, number in found.items() if number is None]
    assert all(alert.level == "T1" and alert.event["defects"] for alert in without)


# F38
def test_a_copy_whose_own_record_is_indexed_late_does_not_take_the_record_of_an_alike_mail(bench, monkeypatch):
    first = numbered(bench.tenant, 1, to=PEOPLE[:2])
    bench.ingest()
    second = numbered(bench.tenant, 1, to=PEOPLE[:2])
    known = bench.tenant.tracking_id(next(iter(first)))
    search = held_detail.tracking.search

    def only_the_first(*args, **kwargs):
        for page in search(*args, **kwargs):
            yield [record for record in page if record.id == known]

    monkeypatch.setattr(held_detail.tracking, "search", only_the_first)
    bench.ingest(patience_minutes=0)

    assert given(bench) == first | dict.fromkeys(second)
    assert bench.alert_of(next(iter(second))).event["defects"] == [held_detail.NOT_OURS]


# F38
def test_two_alike_copies_that_claim_one_record_both_go_without(bench, monkeypatch):
    truth = numbered(bench.tenant, 2, to=PEOPLE[:2])
    known = bench.tenant.tracking_id(next(iter(truth)))
    search = held_detail.tracking.search

    def only_one(*args, **kwargs):
        for page in search(*args, **kwargs):
            yield [record for record in page if record.id == known]

    monkeypatch.setattr(held_detail.tracking, "search", only_one)
    bench.ingest(patience_minutes=0)

    owner = next(iter(truth))
    assert given(bench) == dict.fromkeys(truth) | {owner: truth[owner]}


# F38
def test_an_entry_waits_for_a_tracking_record_that_is_indexed_late(bench):
    (hold_id,) = add(bench.tenant, "fresh", minutes=1)
    bench.tenant.faults.add(Fault("empty_data", SEARCH))

    report = bench.ingest()
    assert (report.alerted, report.waiting) == (0, 1)
    assert bench.store.cursors.oldest() <= bench.tenant.clock.now() - timedelta(minutes=1)

    bench.tenant.advance(timedelta(minutes=5))
    assert bench.ingest().alerted == 1
    assert bench.alert_of(hold_id).level == "T2"


# F38
def test_an_entry_whose_tracking_record_never_comes_is_an_alert_with_less_evidence(bench):
    (hold_id,) = add(bench.tenant, "untracked", minutes=1)
    bench.tenant.faults.add(Fault("empty_data", SEARCH, times=None))
    assert bench.ingest().waiting == 1

    bench.tenant.advance(timedelta(minutes=10))

    assert bench.ingest().alerted == 1
    alert = bench.alert_of(hold_id)
    assert (alert.level, alert.event["defects"]) == ("T1", [held_detail.NOT_TRACKED])


# F40
@pytest.mark.parametrize("how", ["admin_release", "admin_reject", "expire"])
def test_an_entry_that_was_handled_between_list_and_details_is_gone_after_the_second_look(bench, monkeypatch, how):
    ids = [add(bench.tenant, f"note {number}", minutes=5 + number)[0] for number in range(6)]
    stage = bench.store.items.stage

    def stage_then_act(*args, **kwargs):
        staged = stage(*args, **kwargs)
        for hold_id in ids[:3]:
            getattr(bench.tenant, how)(hold_id)
        return staged

    monkeypatch.setattr(bench.store.items, "stage", stage_then_act)
    first, second = bench.ingest(), bench.ingest()

    assert (first.fetched, first.alerted, first.gone, first.waiting) == (3, 3, 0, 3)
    assert (second.alerted, second.gone, second.waiting) == (0, 3, 0)
    assert {alert.hold_id for alert in bench.store.alerts.list()} == set(ids[3:])


def test_one_empty_look_at_the_queue_makes_no_held_message_gone(bench):
    ids = {add(bench.tenant, f"note {number}", minutes=5 + number)[0] for number in range(5)}
    bench.tenant.faults.add(Fault("empty_data", SEARCH, times=None))  # nothing is indexed yet ...
    bench.tenant.faults.add(Fault("empty_data", HOLD_LIST, times=1, after=1))  # ... and the look finds nothing once

    first = bench.ingest(patience_minutes=0)
    second = bench.ingest(patience_minutes=0)

    assert (first.alerted, first.gone, first.waiting) == (0, 0, 5)
    assert (second.alerted, second.gone, second.waiting) == (5, 0, 0)
    assert {alert.hold_id for alert in bench.store.alerts.list()} == ids


def test_an_entry_is_gone_only_when_two_looks_in_a_row_do_not_find_it(bench):
    add(bench.tenant, "seldom seen", minutes=1)
    bench.tenant.faults.add(Fault("empty_data", SEARCH, times=None))

    for cycle in range(3):  # the look finds nothing, finds it, finds nothing
        if cycle != 1:
            bench.tenant.faults.add(Fault("empty_data", HOLD_LIST, times=1, after=1))
        report = bench.ingest(patience_minutes=60)
        assert (report.gone, report.waiting) == (0, 1)


def test_an_entry_that_was_taken_for_gone_is_an_alert_when_the_list_shows_it_again(bench):
    (hold_id,) = add(bench.tenant, "still here", minutes=5)
    bench.tenant.faults.add(Fault("empty_data", SEARCH, times=None))
    for _ in range(2):
        bench.tenant.faults.add(Fault("empty_data", HOLD_LIST, times=1, after=1))
        bench.ingest()
    assert bench.states() == {"gone": 1}
    bench.tenant.faults.clear()

    report = bench.ingest()

    assert (report.fetched, report.alerted, report.duplicate, report.waiting) == (1, 1, 0, 0)
    assert bench.alert_of(hold_id).handling == "open"
    assert [(event.who, event.before, event.after) for event in bench.store.events.walk() if event.kind == "item"] == [
        ("held connector", "gone", "listed")
    ]
    assert bench.store.runs.conservation_violations() == []


def test_an_alert_closed_as_expired_is_open_again_when_the_list_shows_its_message(bench):
    (hold_id,) = add(bench.tenant, "still here", minutes=5)
    bench.ingest()
    alert = bench.alert_of(hold_id)
    bench.store.alerts.set_handling(alert.id, "expired", "no longer held", "ledger")

    assert bench.ingest().duplicate == 1
    assert bench.alert_of(hold_id).handling == "open"
    last = bench.store.events.for_alert(alert.id)[-1]
    assert (last.who, last.before, last.after) == ("held connector", "expired", "open")

    bench.store.alerts.set_handling(alert.id, "released", "", "ann")
    bench.ingest()
    assert bench.alert_of(hold_id).handling == "released"  # what we did ourselves stays done


def test_a_message_whose_info_is_gone_but_which_is_held_is_an_alert(bench):
    (hold_id,) = add(bench.tenant, "half gone", minutes=5)
    bench.tenant.faults.add(Fault("fail_in_200", INFO, code="err_message_not_found"))

    assert bench.ingest().alerted == 1
    assert bench.alert_of(hold_id).level == "T1"


# I10, F36
@pytest.mark.parametrize(
    ("kind", "calls", "options"),
    [
        ("bad_json", 3, {}),  # an unreadable answer is asked for twice more
        ("fail_in_200", 1, {"code": "err_validation"}),
        ("status", 1, {"status": 400, "body": b""}),
        ("status", 3, {"status": 503}),  # the deadline leaves time for two repeats
        ("reset", 3, {}),
    ],
)
def test_one_message_that_cannot_be_fetched_holds_up_no_other_and_is_shown_after_three_attempts(
    bench_for, tenant, longest_pauses, kind, calls, options
):
    bench = bench_for(tenant, deadline=5.0)
    ids = [add(bench.tenant, f"note {number}", minutes=60 - number)[0] for number in range(5)]
    poison = ids[0]  # the oldest is fetched first
    for attempt in range(1, 4):
        fault = bench.tenant.faults.add(Fault(kind, INFO, times=calls, **options))
        report = bench.ingest(workers=1)
        assert fault.hits == calls
        assert report.alerted == (4 if attempt == 1 else 1 if attempt == 3 else 0)
        assert report.waiting == (0 if attempt == 3 else 1)

    alert = bench.alert_of(poison)
    assert (alert.level, alert.event["defects"]) == ("T1", ["message info unreadable after 3 attempts"])
    assert all(bench.alert_of(hold_id).level == "T2" for hold_id in ids[1:])
    assert bench.store.runs.conservation_violations() == []


# F34
def test_when_no_message_can_be_fetched_the_cycle_fails_and_no_attempt_counts(bench_for, tenant):
    bench = bench_for(tenant, deadline=5.0)
    for number in range(8):
        add(tenant, f"note {number}", minutes=60 - number)
    tenant.faults.add(Fault("status", INFO, times=None, status=503))
    for _ in range(4):
        with pytest.raises(TransientError, match="get-message-info"):
            bench.ingest(workers=1)

    tenant.faults.clear()
    report = bench.ingest()

    assert report.alerted == 8
    assert {alert.level for alert in bench.store.alerts.list()} == {"T2"}


# F31
@pytest.mark.parametrize("path", [INFO, SEARCH])
def test_a_missing_permission_fails_the_cycle_and_is_named(bench, path):
    add(bench.tenant, "patient", minutes=5)
    bench.tenant.faults.add(Fault("status", path, times=None, status=403))

    with pytest.raises(PermissionMissingError, match=r"Tracking \| Read"):
        bench.ingest()

    bench.tenant.faults.clear()
    assert bench.ingest().alerted == 1


# F36
@pytest.mark.parametrize("kind", ["html", "empty_body", "bad_json", "cut_body", "nan", "flat_fail", "deep_json"])
def test_a_tracking_search_that_cannot_be_read_fails_the_cycle_and_the_next_goes_on(bench, kind):
    (hold_id,) = add(bench.tenant, "patient", minutes=5)
    options = {"depth": 5_000} if kind == "deep_json" else {}
    bench.tenant.faults.add(Fault(kind, SEARCH, times=None, **options))

    with pytest.raises(MailroomError, match="message-finder/search"):
        bench.ingest()

    bench.tenant.faults.clear()
    bench.ingest()
    assert bench.alert_of(hold_id).level == "T2"


# F45
@pytest.mark.parametrize("path", [SEARCH, INFO])
@pytest.mark.parametrize("how", ["unknown_status", "missing_field", "new_type", "extra_field", "all"])
def test_drift_in_the_details_costs_evidence_at_most(bench, path, how):
    ids = [add(bench.tenant, f"note {number}", minutes=60 - number)[0] for number in range(3)]
    bench.tenant.faults.add(Fault("drift", path, times=None, how=how))

    assert bench.ingest(patience_minutes=0).alerted == 3
    assert {alert.hold_id for alert in bench.store.alerts.list()} == set(ids)


# F45
def test_a_tracking_record_without_a_date_is_left_out(bench):
    (hold_id,) = add(bench.tenant, "undated", minutes=60)
    bench.tenant.faults.add(Fault("drift", SEARCH, how="missing_field", field="received"))

    bench.ingest()

    assert bench.alert_of(hold_id).level == "T1"


# F42
def test_a_search_that_is_cut_off_without_a_hint_is_split_until_every_message_is_found(bench_for):
    bench = bench_for(empty_tenant(tracking_page_cap=100))
    for number in range(230):
        add(bench.tenant, f"note {number}", minutes=1 + number / 10)

    bench.ingest()

    assert {alert.level for alert in bench.store.alerts.list(limit=500)} == {"T2"}


# F42
def test_a_second_that_cannot_be_listed_is_said_aloud_and_its_mails_are_alerts_all_the_same(bench_for, caplog):
    bench = bench_for(empty_tenant(tracking_page_cap=25))
    for number in range(40):
        add(bench.tenant, f"note {number}", minutes=30)

    report = bench.ingest()

    assert report.alerted == 40
    assert "cannot enumerate" in caplog.text
    levels = [alert.level for alert in bench.store.alerts.list(limit=50)]
    assert (levels.count("T2"), levels.count("T1")) == (25, 15)


def test_without_details_one_call_is_enough_and_every_alert_is_of_the_first_level(bench):
    add(bench.tenant, "note", minutes=5)

    bench.ingest(with_detail=False)

    assert [alert.level for alert in bench.store.alerts.list()] == ["T1"]
    assert {call.path for call in bench.tenant.calls}.isdisjoint({INFO, SEARCH})
