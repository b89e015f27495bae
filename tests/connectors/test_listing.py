"""The held connector, listing: nothing is passed over, nothing is taken twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import HOLD_LIST, NOON, PEOPLE, add, small_tenant

from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.errors import CredentialsError, InvalidInputError, MailroomError, ResponseError, TransientError
from sandbox import Fault


def counts(report):
    return {name: number for name, number in report.counts().items() if number}


def test_every_entry_of_the_queue_becomes_one_alert(bench_for):
    bench = bench_for(small_tenant())

    report = bench.ingest()

    assert counts(report) == {"fetched": 13, "alerted": 13}
    assert {alert.hold_id for alert in bench.store.alerts.list(limit=50)} == set(bench.tenant.labels)
    assert bench.store.cursors.oldest() == NOON


def test_a_second_cycle_makes_no_call_per_message(bench_for):
    bench = bench_for(small_tenant())
    bench.ingest()
    before = len(bench.tenant.calls)

    report = bench.ingest(overlap_minutes=24 * 60)

    assert counts(report) == {"fetched": 13, "duplicate": 13}
    assert [call.path for call in bench.tenant.calls[before:]] == ["/api/account/get-account", HOLD_LIST]


def test_each_cycle_looks_back_a_little_behind_its_cursor(bench):
    (early,) = add(bench.tenant, "early", minutes=5)
    bench.ingest()
    bench.tenant.advance(timedelta(minutes=30))
    (late,) = add(bench.tenant, "appears half an hour late", minutes=31)

    report = bench.ingest(overlap_minutes=60)

    assert counts(report) == {"fetched": 2, "alerted": 1, "duplicate": 1}
    assert bench.alert_of(late).title == "appears half an hour late"
    assert bench.alert_of(early).title == "early"


# F38
def test_an_entry_that_appears_ten_minutes_late_with_an_old_time_is_found(bench):
    add(bench.tenant, "in time", minutes=2)
    (late,) = bench.tenant.add_late_message(timedelta(minutes=10), subject="indexed late", to=PEOPLE[:1])
    assert counts(bench.ingest()) == {"fetched": 1, "alerted": 1}
    bench.tenant.advance(timedelta(minutes=11))

    bench.ingest()

    assert bench.alert_of(late).received_at == NOON


def test_an_entry_that_appears_later_than_the_overlap_is_found_by_the_first_cycle_of_the_next_day(bench):
    add(bench.tenant, "in time", minutes=2)
    (late,) = bench.tenant.add_late_message(timedelta(hours=5), subject="indexed very late", to=PEOPLE[:1])
    bench.ingest()
    for _ in range(8):
        bench.tenant.advance(timedelta(hours=1))
        bench.ingest()
    assert late not in {alert.hold_id for alert in bench.store.alerts.list()}

    bench.tenant.advance(timedelta(hours=6))  # over midnight
    report = bench.ingest()

    assert counts(report) == {"fetched": 2, "alerted": 1, "duplicate": 1}
    assert bench.alert_of(late)


# F39
def test_entries_of_one_second_across_a_page_border_all_arrive(bench):
    for number in range(700):
        add(bench.tenant, f"note {number}", minutes=1)

    report = bench.ingest(with_detail=False)

    assert counts(report) == {"fetched": 700, "alerted": 700}


# F39
def test_an_entry_of_the_very_second_in_which_a_cycle_ends_is_not_lost(bench):
    (first,) = add(bench.tenant, "first", minutes=0)
    bench.ingest(overlap_minutes=0)
    (second,) = add(bench.tenant, "same second", minutes=0)

    bench.ingest(overlap_minutes=0)

    assert {alert.hold_id for alert in bench.store.alerts.list()} == {first, second}


# F37
def test_pages_that_shift_while_somebody_else_acts_lose_nothing(bench, monkeypatch):
    ids = [add(bench.tenant, f"note {number}", minutes=1 + number)[0] for number in range(1_200)]
    stage, pages = bench.store.items.stage, 0

    def stage_and_release(*args, **kwargs):
        nonlocal pages
        pages += 1
        if pages == 1:  # newest first: these were on the first page, so the second begins ten entries too late
            for hold_id in ids[:10]:
                assert bench.tenant.admin_release(hold_id)
        return stage(*args, **kwargs)

    monkeypatch.setattr(bench.store.items, "stage", stage_and_release)
    bench.ingest(with_detail=False)

    assert {alert.hold_id for alert in bench.store.alerts.list(limit=2_000)} == set(ids)


# F37
def test_what_slipped_through_all_the_same_is_found_by_the_first_cycle_of_the_next_day(bench):
    ids = [add(bench.tenant, f"note {number}", minutes=600 + number)[0] for number in range(3)]
    bench.tenant.faults.add(Fault("empty_data", HOLD_LIST))
    assert counts(bench.ingest()) == {}
    assert counts(bench.ingest()) == {}  # the cursor is past them

    bench.tenant.advance(timedelta(hours=13))

    assert counts(bench.ingest()) == {"fetched": 3, "alerted": 3}
    assert {alert.hold_id for alert in bench.store.alerts.list()} == set(ids)


# F37
def test_a_page_token_that_expires_costs_a_new_start_and_no_entry(bench):
    for number in range(1_100):
        add(bench.tenant, f"note {number}", minutes=1 + number)
    fault = bench.tenant.faults.add(Fault("page_token_expired", HOLD_LIST, times=1))

    report = bench.ingest(with_detail=False)

    assert fault.hits == 1
    assert counts(report) == {"fetched": 1_100, "alerted": 1_100}


# F37
def test_a_list_that_goes_in_circles_fails_and_is_read_again_by_the_next_cycle(bench):
    for number in range(1_100):
        add(bench.tenant, f"note {number}", minutes=1 + number)
    bench.tenant.faults.add(Fault("page_loop", HOLD_LIST, times=None, after=1))

    with pytest.raises(ResponseError, match="same page token twice"):
        bench.ingest(with_detail=False)
    assert bench.store.cursors.oldest() is None
    assert bench.store.runs.latest("ingest held")[0].state == "failed"

    bench.tenant.faults.clear()
    assert bench.ingest(with_detail=False).alerted == 1_100


def test_more_messages_than_a_cycle_may_take_wait_for_the_next_ones_oldest_first(bench):
    for number in range(12):
        add(bench.tenant, f"note {number}", minutes=12 - number)

    first = bench.ingest(max_messages=5, slice_size=2)
    assert counts(first) == {"fetched": 5, "alerted": 5}
    assert first.waiting == 7
    assert [alert.title for alert in bench.store.alerts.list(after_id=0)] == [f"note {number}" for number in range(5)]
    assert bench.store.cursors.oldest() is None  # never past what is undecided

    second, third = bench.ingest(max_messages=5), bench.ingest(max_messages=5)
    assert counts(second) == {"fetched": 10, "alerted": 5, "duplicate": 5}
    assert counts(third) == {"fetched": 12, "alerted": 2, "duplicate": 10}
    assert third.waiting == 0
    assert bench.store.cursors.oldest() == NOON


def test_a_cycle_out_of_time_keeps_what_it_has_and_the_next_goes_on(bench):
    for number in range(6):
        add(bench.tenant, f"note {number}", minutes=12 - number)

    def slow(step, _done, _total):
        if step == "settled":
            bench.tenant.clock.advance(timedelta(seconds=40))

    settings = HeldSettings(time_limit=60, slice_size=2)
    report = ingest_held(bench.client, bench.store, settings, clock=bench.tenant.clock, progress=slow)

    assert counts(report) == {"fetched": 4, "alerted": 4}
    assert report.waiting == 2
    assert counts(bench.ingest()) == {"fetched": 6, "alerted": 2, "duplicate": 4}


def test_the_first_cycle_reaches_back_as_far_as_it_is_told(bench):
    add(bench.tenant, "three days old", minutes=3 * 24 * 60)
    add(bench.tenant, "an hour old", minutes=60)

    assert counts(bench.ingest(max_hours_backwards=24)) == {"fetched": 1, "alerted": 1}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"max_hours_backwards": 0}, "1 to 719"),
        ({"max_hours_backwards": 720}, "1 to 719"),
        ({"overlap_minutes": -1}, "0 to 1440"),
        ({"workers": 0}, "1 to 64"),
        ({"lowest_risk": "severe"}, "negligible, low, medium, high"),
        ({"lowest_risk": "high", "with_detail": False}, "needs the message details"),
    ],
)
def test_impossible_settings_are_refused_with_what_is_possible(wrong, words):
    with pytest.raises(InvalidInputError, match=words):
        HeldSettings(**wrong)


# F45, I10
def test_an_entry_that_cannot_be_read_is_kept_aside_with_its_bytes_and_its_neighbours_arrive(bench):
    add(bench.tenant, "before", minutes=3)
    bench.tenant.faults.add(Fault("drift", HOLD_LIST, how="missing_field", field="dateReceived"))
    report = bench.ingest()
    assert counts(report) == {"fetched": 1, "quarantined": 1}
    (kept,) = bench.store.items.quarantined()
    assert "no readable date" in kept.reason
    assert b'"subject": "before"' in bench.store.blobs.get(kept.quarantine_sha256)

    add(bench.tenant, "after", minutes=1)
    report = bench.ingest()

    assert counts(report) == {"fetched": 2, "alerted": 2}  # readable again, so it is an alert after all
    assert bench.store.check().ok


# F45
@pytest.mark.parametrize("how", ["unknown_status", "new_type", "extra_field"])
def test_unknown_values_and_new_types_in_the_list_are_no_reason_to_lose_an_entry(bench, how):
    (hold_id,) = add(bench.tenant, "drifting", minutes=3)
    bench.tenant.faults.add(Fault("drift", HOLD_LIST, how=how))

    assert counts(bench.ingest()) == {"fetched": 1, "alerted": 1}
    assert bench.alert_of(hold_id).title == "drifting"


# F30, F31, F34, F36
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 401}, CredentialsError),
        ({"kind": "status", "status": 403}, MailroomError),
        ({"kind": "status", "status": 503}, TransientError),
        ({"kind": "reset"}, TransientError),
        ({"kind": "html"}, ResponseError),
        ({"kind": "empty_body"}, ResponseError),
        ({"kind": "bad_json"}, ResponseError),
        ({"kind": "cut_body"}, TransientError),
        ({"kind": "nan"}, ResponseError),
        ({"kind": "wrong_charset"}, ResponseError),
        ({"kind": "duplicate_keys"}, ResponseError),
        ({"kind": "deep_json", "depth": 5_000}, ResponseError),
        ({"kind": "fail_in_200"}, MailroomError),
        ({"kind": "flat_fail"}, MailroomError),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_list_that_cannot_be_had_fails_the_cycle_by_name_and_loses_nothing(bench, fault, error):
    add(bench.tenant, "patient", minutes=3)
    bench.tenant.faults.add(Fault(fault.pop("kind"), HOLD_LIST, times=None, **fault))

    with pytest.raises(error, match="get-hold-message-list"):
        bench.ingest()
    assert len([call for call in bench.tenant.calls if call.path == HOLD_LIST]) < 50  # bounded
    assert bench.store.cursors.oldest() is None
    assert bench.store.runs.latest("ingest held")[0].state == "failed"

    bench.tenant.faults.clear()
    assert counts(bench.ingest()) == {"fetched": 1, "alerted": 1}


def test_a_body_larger_than_the_cap_is_not_swallowed(bench_for, tenant):
    bench = bench_for(tenant, max_body=1 << 20)
    add(tenant, "patient", minutes=3)
    tenant.faults.add(Fault("huge_body", HOLD_LIST, times=None, megabytes=3))

    with pytest.raises(ResponseError, match="larger than"):
        bench.ingest()
