"""The tracking connector: dry runs, catching up, two workers, events, hostile answers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import INFO, NOON, PEOPLE, SEARCH, add, small_tenant, tracked_settings

from mailroom.connectors.tracked import as_documented, ingest_tracked
from mailroom.errors import BusyError, MailroomError, PermissionMissingError, ResponseError, TransientError
from mailroom.store.schema import metadata
from sandbox import Fault, Tenant


def counts(report):
    return {name: number for name, number in report.counts().items() if number}


def everything(store):
    from sqlalchemy import select

    return {
        table.name: store.db.read(lambda tx, table=table: [tuple(row) for row in tx.execute(select(table)).all()])
        for table in metadata.sorted_tables
    }


# dry run ------------------------------------------------------------------------------------------------------------


def test_a_dry_run_shows_what_would_be_fetched_and_changes_nothing(bench):
    add(bench.tenant, "wanted", minutes=5, to=PEOPLE[:2], risk="high")
    add(bench.tenant, "too low", minutes=9, risk="low")
    before = everything(bench.store)

    rows = bench.preview(lowest_risk="medium")

    assert [(row.subject, row.outcome, row.recipients) for row in rows] == [
        ("too low", "filtered", 1), ("wanted", "alerted", 2),
    ]  # fmt: skip
    assert "below medium" in rows[0].reason
    assert everything(bench.store) == before


def test_a_dry_run_shows_what_waits_and_leaves_out_what_is_known(bench):
    for number in range(4):
        add(bench.tenant, f"note {number}", minutes=30 - number)
    bench.track(max_messages=2)
    add(bench.tenant, "note 4", minutes=1)
    before = everything(bench.store)

    assert [row.subject for row in bench.preview()] == ["note 2", "note 3", "note 4"]
    assert [row.subject for row in bench.preview(max_messages=1)] == ["note 2"]
    assert everything(bench.store) == before


def test_a_dry_run_with_nothing_new_says_so(bench):
    assert bench.preview() == []


# catching up --------------------------------------------------------------------------------------------------------


def month(messages=120):
    """Messages of 29 days, in every status."""
    tenant = Tenant.generate(messages=0, history=0, now=NOON, frozen=True, seed=7)
    statuses = ("archived", "rejected", "bounced", "deferred", "delivery")
    for number in range(messages):
        add(tenant, f"note {number}", minutes=29 * 24 * 60 * (number + 0.5) / messages, status=statuses[number % 5])
    return tenant


MONTH = {"statuses": (), "max_hours_backwards": 720}


def test_catching_up_takes_a_month_window_by_window_and_ignores_the_limits(bench_for):
    bench = bench_for(month())
    seen = []

    report = bench.track(catch_up=True, max_messages=5, time_limit=1.0, **MONTH,
                         progress=lambda step, done, total: seen.append((step, done, total)))  # fmt: skip

    assert counts(report) == {"fetched": 120, "alerted": 120}
    windows = [(done, total) for step, done, total in seen if step == "hours listed"]
    assert windows[:3] == [(6, 719), (18, 719), (42, 719)]  # nothing in them, so the next one is longer
    assert windows[-1] == (719, 719)
    assert "settled" in [step for step, _, _ in seen][: len(seen) // 2]
    assert bench.store.cursors.oldest() == NOON


@pytest.mark.parametrize("after", [0, 17, 60, 119])
def test_a_catch_up_that_breaks_off_goes_on_and_fetches_nothing_that_is_stored_again(bench_for, after):
    bench = bench_for(month())
    bench.tenant.faults.add(Fault("status", INFO, times=None, after=after, status=403))
    with pytest.raises(PermissionMissingError):
        bench.track(catch_up=True, workers=1, slice_size=4, **MONTH)
    bench.tenant.faults.clear()
    stored = len(bench.store.alerts.list(limit=500))
    before = bench.calls(INFO)

    report = bench.track(catch_up=True, **MONTH)

    assert report.alerted == 120 - stored
    assert bench.calls(INFO) - before == 120 - stored
    assert len(bench.store.alerts.list(limit=500)) == 120
    assert bench.store.runs.conservation_violations() == []


def test_a_message_that_fails_is_tried_once_per_cycle_however_many_windows_there_are(bench_for):
    bench = bench_for(month())
    bench.tenant.faults.add(Fault("fail_in_200", INFO, times=1, code="err_validation"))

    report = bench.track(catch_up=True, **MONTH)

    assert (report.alerted, report.waiting, report.quarantined) == (119, 1, 0)
    assert bench.track(catch_up=True, **MONTH).alerted == 1


def test_a_message_received_while_a_catch_up_runs_is_taken_by_the_next_cycle(bench_for):
    bench = bench_for(month(10))
    added = []

    def meanwhile(step, *_):
        if step == "hours listed" and not added:
            added.append(add(bench.tenant, "meanwhile", minutes=-1, status="archived"))

    assert bench.track(catch_up=True, progress=meanwhile, **MONTH).alerted == 10
    bench.tenant.advance(timedelta(minutes=5))
    assert bench.track(**MONTH).alerted == 1


# workers ------------------------------------------------------------------------------------------------------------


# F8
def test_a_second_worker_is_told_that_the_source_is_busy_and_other_instances_are_not(bench):
    add(bench.tenant, "note", minutes=5)
    told = []

    def meanwhile(step, *_):
        if step == "hours listed" and not told:
            with pytest.raises(BusyError):
                ingest_tracked(bench.client, bench.store, tracked_settings(), owner="somebody else")
            told.append(ingest_tracked(bench.client, bench.store, tracked_settings(instance="other"), owner="third"))

    bench.track(progress=meanwhile)

    assert told[0].alerted == 1
    assert len(bench.store.alerts.list()) == 1  # the second instance repeats no alert


def test_every_run_keeps_what_it_was_asked_for(bench):
    report = bench.track()

    run = bench.store.runs.get(report.run_id)
    assert (run.kind, run.state, run.parameters["domains"]) == ("ingest tracked", "completed", ["northwind.example"])
    assert run.parameters["to"].startswith("2026-03-02T12:00")


# events -------------------------------------------------------------------------------------------------------------


def test_the_documented_shape_has_an_event_per_recipient_and_one_per_component(bench_for):
    bench = bench_for(Tenant.generate(messages=40, seed=7))
    bench.track(domains=("northwind.example", "northwind-group.example"), max_hours_backwards=720, statuses=())
    alerts = bench.store.alerts.list(limit=500)
    assert len(alerts) == 48

    for alert in alerts:
        shown = as_documented(alert.event, environment=alert.environment, priority=alert.priority)
        kinds = [event["event_type"] for event in shown["events"]]
        assert kinds.count("Message") == len(alert.event["recipients"])
        assert len(kinds) == len(alert.event["recipients"]) + len(alert.event["components"])
        people = {event["deliveredMessage_recipient"] for event in shown["events"] if event["event_type"] == "Message"}
        assert {one.lower() for one in people} == set(alert.event["recipients"])
        assert shown["name"] == f"{alert.event['status'].capitalize()} Message"
        assert all(not isinstance(value, dict | list) for event in shown["events"] for value in event.values())


def test_no_event_has_the_text_of_a_mail(bench):
    add(bench.tenant, "note", minutes=5)
    bench.track()

    (alert,) = bench.store.alerts.list()
    assert "This is the text" not in json.dumps(alert.event)
    assert not {"textBody", "htmlBody"} & alert.event.keys()


# trouble ------------------------------------------------------------------------------------------------------------


# F30, F34, F36
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 403}, PermissionMissingError),
        ({"kind": "status", "status": 503}, TransientError),
        ({"kind": "reset"}, TransientError),
        ({"kind": "html"}, ResponseError),
        ({"kind": "empty_body"}, ResponseError),
        ({"kind": "bad_json"}, ResponseError),
        ({"kind": "cut_body"}, TransientError),
        ({"kind": "nan"}, ResponseError),
        ({"kind": "duplicate_keys"}, ResponseError),
        ({"kind": "deep_json", "depth": 5_000}, ResponseError),
        ({"kind": "page_loop"}, ResponseError),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_search_that_cannot_be_read_fails_the_cycle_by_name_and_loses_nothing(bench, fault, error):
    for number in range(12):
        add(bench.tenant, f"note {number}", minutes=12 - number)
    bench.tenant.faults.add(Fault(fault.pop("kind"), SEARCH, times=None, **fault))

    with pytest.raises(error, match="message-finder/search"):
        bench.track(page_size=5, window_hours=24)
    assert bench.store.cursors.oldest() is None
    assert bench.store.runs.latest("ingest tracked")[0].state == "failed"

    bench.tenant.faults.clear()
    assert bench.track().alerted == 12


# F34
def test_when_no_message_can_be_fetched_the_cycle_fails_and_no_attempt_counts(bench_for, tenant, longest_pauses):
    bench = bench_for(tenant, deadline=5.0)
    for number in range(8):
        add(tenant, f"note {number}", minutes=60 - number)
    tenant.faults.add(Fault("status", INFO, times=None, status=503))
    for _ in range(4):
        with pytest.raises(TransientError, match="get-message-info"):
            bench.track(workers=1)

    tenant.faults.clear()
    assert bench.track().alerted == 8


# F33
@pytest.mark.parametrize("headers", [True, False, {"X-RateLimit-Reset": "0"}, {"X-RateLimit-Reset": "soon"}])
def test_refused_calls_are_repeated_after_a_wait_whatever_their_headers_say(bench, headers):
    for number in range(6):
        add(bench.tenant, f"note {number}", minutes=6)
    bench.tenant.faults.add(Fault("rate_limited", times=2, after=2, headers=headers, reset_ms=30))

    assert bench.track().alerted == 6


# F45
@pytest.mark.parametrize("path", [SEARCH, INFO])
@pytest.mark.parametrize("how", ["unknown_status", "new_type", "extra_field"])
def test_drift_loses_no_message(bench, path, how):
    for number in range(3):
        add(bench.tenant, f"note {number}", minutes=60 - number)
    bench.tenant.faults.add(Fault("drift", path, times=None, how=how))

    assert bench.track().alerted == 3


# H6, H27
def test_hostile_texts_stay_data(bench_for):
    bench = bench_for(Tenant.generate(messages=40, seed=7, hostile=True))

    both = ("northwind.example", "northwind-group.example")
    report = bench.track(domains=both, max_hours_backwards=720, environment_field="subject")

    assert report.alerted == 40
    assert report.waiting == 0
    assert bench.store.check().ok


# F31
@pytest.mark.parametrize("path", [INFO, SEARCH])
def test_a_missing_permission_is_named(bench_for, path):
    bench = bench_for(small_tenant())
    bench.tenant.faults.add(Fault("status", path, times=None, status=403))

    with pytest.raises(MailroomError, match=r"Tracking \| Read"):
        bench.track()
