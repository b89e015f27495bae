"""The tracking connector: nineteen ways in which such connectors lose mail, double it or stop; not this one.

1. only the first page is read            11. every worker runs into the rate limit by itself
2. a result that was cut passes as whole  12. the time limit throws away what was done
3. an outage is a hole                    13. one bad record takes its neighbours along
4. what is indexed late is never seen     14. what is over the limit is lost
5. known mail is fetched again            15. the position is kept apart from the alerts
6. one direction only                     16. the machine's clock decides
7. what failed once never comes back      17. values nobody knew are dropped
8. one recipient of many is shown         18. mail without a risk vanishes
9. "Held" is not "held"                   19. the server's filters are believed
10. the token ends in the middle
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import INFO, NOON, PEOPLE, SEARCH, add, empty_tenant

from mailroom.connectors.tracked_form import TrackedForm
from mailroom.errors import MailroomError, TransientError
from mailroom.mimecast import tracking
from sandbox import Fault

OUTSIDE = ["partner@adatum.example"]


def counts(report):
    return {name: number for name, number in report.counts().items() if number}


def titles(bench):
    return [alert.title for alert in bench.store.alerts.list(limit=5_000, after_id=0)]


def notes(tenant, count, *, first=0, minutes=30.0, apart=0.0, **fields):
    for number in range(first, first + count):
        add(tenant, f"note {number}", minutes=minutes - number * apart, **fields)


def test_01_every_page_is_read(bench):
    notes(bench.tenant, 23)

    report = bench.track(page_size=5, window_hours=24)

    assert counts(report) == {"fetched": 23, "alerted": 23}
    assert bench.calls(SEARCH) == 5 + 1  # to us in five pages, from us in one


# F42
def test_02_a_result_that_was_cut_without_a_word_is_split_until_it_is_whole(bench_for):
    bench = bench_for(empty_tenant(tracking_page_cap=100))
    notes(bench.tenant, 230, minutes=200, apart=0.5)

    report = bench.track()

    assert counts(report) == {"fetched": 230, "alerted": 230}
    assert report.warnings == []


# F42
def test_02_a_second_that_cannot_be_listed_is_said_aloud_and_stored_with_the_run(bench_for):
    bench = bench_for(empty_tenant(tracking_page_cap=25))
    notes(bench.tenant, 40)

    report = bench.track()

    assert report.alerted == 25
    assert report.warnings
    assert all("cannot enumerate" in text for text in report.warnings)
    assert bench.store.runs.get(report.run_id).counts["warnings"] == report.warnings


def test_03_an_outage_is_caught_up_and_its_length_is_reported(bench):
    bench.track(max_hours_backwards=1)
    for day in range(5):
        bench.tenant.advance(timedelta(days=1))
        add(bench.tenant, f"day {day}", minutes=30)

    report = bench.track(max_hours_backwards=1)

    assert counts(report) == {"fetched": 5, "alerted": 5}
    assert report.gap == (NOON, NOON + timedelta(days=5))
    assert report.lost is None
    assert bench.store.runs.get(report.run_id).counts["gap"] == [moment.isoformat() for moment in report.gap]


def test_03_what_is_older_than_mimecast_shows_is_lost_said_so_and_kept_with_the_run(bench, caplog):
    bench.track(statuses=("archived",))
    bench.tenant.advance(timedelta(days=40))
    add(bench.tenant, "just in time", minutes=tracking.REACH.total_seconds() / 60 - 1, status="archived")

    report = bench.track(statuses=("archived",))

    assert titles(bench) == ["just in time"]
    assert report.lost == (NOON, NOON + timedelta(days=40) - tracking.REACH)
    run = bench.store.runs.get(report.run_id)
    assert run.counts["lost"] == [moment.isoformat() for moment in report.lost]
    assert "cannot be fetched any more" in run.message
    assert run.message in caplog.text
    assert bench.track(statuses=("archived",)).lost is None  # said once


# F38
def test_04_what_is_indexed_late_is_found_by_the_overlap(bench):
    bench.tenant.add_late_message(timedelta(minutes=50), subject="late", to=PEOPLE[:1])
    assert counts(bench.track()) == {}
    bench.tenant.advance(timedelta(minutes=55))

    assert counts(bench.track()) == {"fetched": 1, "alerted": 1}


def test_04_what_is_indexed_even_later_is_found_by_the_first_cycle_of_the_next_day(bench):
    bench.track(max_hours_backwards=24)
    bench.tenant.add_late_message(timedelta(hours=5), subject="very late", to=PEOPLE[:1])
    for _ in range(11):
        bench.tenant.advance(timedelta(hours=1))
        assert counts(bench.track()) == {}

    bench.tenant.advance(timedelta(hours=2))  # over midnight

    assert counts(bench.track()) == {"fetched": 1, "alerted": 1}


def test_04_looking_back_never_goes_behind_the_first_cycle(bench):
    add(bench.tenant, "before our time", minutes=3 * 60)
    bench.track(max_hours_backwards=1)
    bench.tenant.advance(timedelta(hours=13))

    assert counts(bench.track(max_hours_backwards=1)) == {}


def test_05_a_message_is_fetched_once_whatever_shows_it_again(bench):
    everywhere = [*PEOPLE[:2], "office@northwind-group.example", *OUTSIDE]
    add(bench.tenant, "seen from all sides", minutes=5, to=everywhere, from_addr=PEOPLE[3], from_env=PEOPLE[3])
    settings = {"domains": ("northwind.example", "northwind-group.example", "adatum.example")}

    assert counts(bench.track(**settings)) == {"fetched": 1, "alerted": 1}
    assert counts(bench.track(**settings)) == {"fetched": 1, "duplicate": 1}

    assert bench.calls(INFO) == 1


def test_06_messages_to_the_domain_and_from_it_are_both_found_and_subdomains_are_not(bench):
    add(bench.tenant, "to us", minutes=5)
    add(bench.tenant, "from us", minutes=5, to=OUTSIDE, from_addr=PEOPLE[0], from_env=PEOPLE[0])
    add(bench.tenant, "not ours", minutes=5, to=OUTSIDE)
    add(bench.tenant, "a subdomain", minutes=5, to=["bob@eu.northwind.example"])

    bench.track()

    assert sorted(titles(bench)) == ["from us", "to us"]


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
def test_07_what_cannot_be_fetched_is_tried_in_three_cycles_and_then_kept_aside_with_its_bytes(
    bench_for, tenant, longest_pauses, kind, calls, options
):
    bench = bench_for(tenant, deadline=5.0)
    notes(tenant, 5, apart=1)
    for attempt in range(1, 4):
        fault = tenant.faults.add(Fault(kind, INFO, times=calls, **options))
        report = bench.track(workers=1)
        assert fault.hits == calls
        assert (report.alerted, report.waiting) == ((4, 1) if attempt == 1 else (0, 0 if attempt == 3 else 1))

    assert report.quarantined == 1
    (kept,) = bench.store.items.quarantined()
    assert "in 3 attempts" in kept.reason
    assert b'"note 0"' in bench.store.blobs.get(kept.quarantine_sha256)
    assert bench.store.check().ok


def test_07_an_answer_that_comes_in_the_second_cycle_is_an_alert(bench):
    notes(bench.tenant, 1)
    bench.tenant.faults.add(Fault("fail_in_200", INFO, code="err_validation"))

    assert (bench.track().waiting, bench.track().alerted) == (1, 1)


def test_08_the_alert_has_every_recipient_and_what_became_of_the_message_for_each(bench):
    add(bench.tenant, "to all of us", minutes=5, to=PEOPLE)

    bench.track()

    (alert,) = bench.store.alerts.list()
    assert alert.event["recipients"] == PEOPLE
    assert [one["recipient"] for one in alert.event["deliveries"]] == PEOPLE
    assert {one["event"] for one in alert.event["deliveries"]} == {"Item currently queued for delivery"}


def test_09_choices_are_understood_however_they_are_written():
    written = TrackedForm(
        domains=" @Northwind.Example ,NORTHWIND.example", status_filter="Held, ARCHIVED", route_filter=["Inbound"],
        lowest_risk="Medium",
    ).settings()  # fmt: skip

    assert written.domains == ("northwind.example",)
    assert (written.statuses, written.routes, written.lowest_risk) == (("held", "archived"), ("inbound",), "medium")


def test_09_values_from_the_tenant_are_compared_without_regard_to_case(bench, monkeypatch):
    notes(bench.tenant, 1, risk="HIGH", policy="Aggressive Spam Detection")
    from sandbox.endpoints import tracking as endpoint

    row = endpoint.row

    def loud(world, number):
        shown = row(world, number)
        return shown | {"status": shown["status"].upper(), "route": shown["route"].upper()}

    monkeypatch.setattr(endpoint, "row", loud)

    report = bench.track(routes=("inbound",), lowest_risk="high", queue_reasons=("aggressive  SPAM detection",))

    assert report.unknown == {}
    assert [alert.priority for alert in bench.store.alerts.list()] == [80]


@pytest.mark.parametrize("after", [0, 1, 5, 20])
def test_10_a_token_that_ends_in_the_middle_is_renewed_without_a_word(bench, after):
    notes(bench.tenant, 30)
    bench.tenant.faults.add(Fault("token_expired", "/api/*", times=1, after=after))

    assert counts(bench.track(workers=4)) == {"fetched": 30, "alerted": 30}


# F33
def test_11_the_workers_share_one_limiter_and_a_refusal_costs_a_wait_but_no_message(bench):
    notes(bench.tenant, 40)
    bench.tenant.faults.add(Fault("rate_limited", INFO, times=3, after=10, reset_ms=40))

    assert counts(bench.track(workers=8)) == {"fetched": 40, "alerted": 40}
    refused = [call for call in bench.tenant.calls if call.status == 429]
    assert len(refused) == 3


def test_12_a_cycle_out_of_time_keeps_what_it_has_and_the_next_goes_on(bench):
    notes(bench.tenant, 6, apart=1)

    def slow(step, _done, _total):
        if step == "settled":
            bench.tenant.clock.advance(timedelta(seconds=40))

    report = bench.track(time_limit=60, slice_size=2, progress=slow)

    assert counts(report) == {"fetched": 4, "alerted": 4}
    assert report.waiting == 2
    assert counts(bench.track()) == {"fetched": 6, "alerted": 2, "duplicate": 4}
    assert titles(bench) == [f"note {number}" for number in range(6)]


def test_12_a_quota_that_lasts_longer_than_the_cycle_ends_it_with_what_it_has(bench):
    notes(bench.tenant, 12, apart=1)
    bench.tenant.set_rate_limit(INFO, calls=5, per_seconds=3_600)

    report = bench.track(time_limit=20, workers=1)

    assert counts(report) == {"fetched": 5, "alerted": 5}
    assert report.waiting == 7
    assert bench.store.runs.get(report.run_id).state == "completed"


def test_12_listing_that_takes_all_the_time_still_settles_a_little_and_moves_on(bench):
    bench.track()
    for _ in range(4):
        bench.tenant.advance(timedelta(hours=6))
        add(bench.tenant, "note", minutes=5)

    def slow(step, _done, _total):
        if step == "hours listed":
            bench.tenant.clock.advance(timedelta(minutes=2))

    report = bench.track(time_limit=180, window_hours=6, progress=slow)
    assert 0 < report.alerted < 4
    assert "time limit" in report.warnings[-1]

    assert bench.track().alerted == 4 - report.alerted


# F45, I10
def test_13_a_record_that_cannot_be_read_is_kept_aside_and_its_neighbours_arrive(bench, monkeypatch):
    notes(bench.tenant, 5)
    from sandbox.endpoints import tracking as endpoint

    row = endpoint.row

    def damaged(world, number):
        shown = row(world, number)
        if shown["subject"] == "note 2":
            del shown["received"]
        return shown

    monkeypatch.setattr(endpoint, "row", damaged)
    assert counts(bench.track()) == {"fetched": 5, "alerted": 4, "quarantined": 1}
    (kept,) = bench.store.items.quarantined()
    assert "no readable date" in kept.reason

    monkeypatch.setattr(endpoint, "row", row)
    assert bench.track().alerted == 1  # readable again, so it is an alert after all
    assert bench.store.check().ok


def test_14_what_is_over_the_limit_waits_written_down_and_comes_oldest_first(bench):
    notes(bench.tenant, 12, apart=1)

    first = bench.track(max_messages=5, slice_size=2)
    assert counts(first) == {"fetched": 5, "alerted": 5}
    assert first.waiting == 7
    second, third = bench.track(max_messages=5), bench.track(max_messages=5)

    assert counts(second) == {"fetched": 10, "alerted": 5, "duplicate": 5}
    assert counts(third) == {"fetched": 12, "alerted": 2, "duplicate": 10}
    assert titles(bench) == [f"note {number}" for number in range(12)]


def test_14_what_is_written_down_is_ours_even_when_the_tenant_lists_it_no_longer(bench):
    notes(bench.tenant, 6, apart=1)
    bench.track(max_messages=2)
    bench.tenant.faults.add(Fault("empty_data", SEARCH, times=None))

    assert (bench.track(max_messages=2).alerted, bench.track(max_messages=2).alerted) == (2, 2)


def test_14_the_limit_counts_what_is_looked_at_and_not_what_the_list_rules_out(bench):
    notes(bench.tenant, 10, minutes=90, apart=1, route="internal")
    notes(bench.tenant, 6, first=10, apart=1)
    bench.tenant.faults.add(Fault("drift", SEARCH, times=None, how="extra_field"))

    report = bench.track(max_messages=4, routes=("inbound",), slice_size=3)

    assert report.alerted == 4
    assert report.waiting == 2


def test_15_the_position_moves_with_the_last_rows_of_a_window_and_never_before(bench, monkeypatch):
    notes(bench.tenant, 12, apart=1)
    stage, pages = bench.store.items.stage, 0

    def third_fails(*args, **kwargs):
        nonlocal pages
        pages += 1
        if pages == 3:
            raise TransientError("the store is away")
        return stage(*args, **kwargs)

    monkeypatch.setattr(bench.store.items, "stage", third_fails)
    with pytest.raises(TransientError):
        bench.track(page_size=5, window_hours=24)
    assert bench.store.cursors.oldest() is None
    assert sum(bench.states().values()) == 10

    assert counts(bench.track(page_size=5)) == {"fetched": 12, "alerted": 12}
    assert bench.store.cursors.oldest() == NOON


# F7
def test_16_the_clock_of_the_tenant_decides_what_is_now(bench_for, tenant):
    class Slow:
        """A machine two hours behind."""

        def now(self):
            return tenant.clock.now() - timedelta(hours=2)

        def monotonic(self):
            return tenant.clock.monotonic()

        def sleep(self, seconds):
            tenant.clock.sleep(seconds)

        def wait(self, event, seconds):
            return tenant.clock.wait(event, seconds)

    bench = bench_for(tenant, clock=Slow())
    add(tenant, "a minute ago", minutes=1)

    assert counts(bench.track(max_hours_backwards=1)) == {"fetched": 1, "alerted": 1}
    assert abs(bench.store.cursors.oldest() - NOON) < timedelta(seconds=3)


# F45
def test_17_values_nobody_knew_are_kept_and_counted(bench, monkeypatch):
    notes(bench.tenant, 2, risk="severe")
    from sandbox.endpoints import tracking as endpoint

    row = endpoint.row
    monkeypatch.setattr(endpoint, "row", lambda *of: row(*of) | {"status": "vaporised", "route": "sideways"})

    report = bench.track(routes=("inbound",), lowest_risk="high", ingest_without_risk=False)

    assert report.alerted == 2
    assert report.unknown == {"status=vaporised": 2, "route=sideways": 2, "risk=severe": 2}
    assert bench.store.runs.get(report.run_id).counts["unknown"] == report.unknown
    alert = bench.store.alerts.list()[0]
    assert (alert.event["status"], alert.event["route"], alert.priority) == ("vaporised", "sideways", -1)
    assert "status 'vaporised' is not known" in alert.event["defects"]


@pytest.mark.parametrize(("wanted", "arrive"), [(True, ["none", "high"]), (False, ["high"])])
def test_18_mail_without_risk_is_wanted_or_not_and_its_alerts_are_informational(bench, wanted, arrive):
    add(bench.tenant, "none", minutes=9, risk=None)
    add(bench.tenant, "low", minutes=8, risk="low")
    add(bench.tenant, "high", minutes=7, risk="high")

    report = bench.track(lowest_risk="medium", ingest_without_risk=wanted)

    assert titles(bench) == arrive
    assert report.filtered == 3 - len(arrive)
    priorities = {alert.title: alert.priority for alert in bench.store.alerts.list()}
    assert priorities == {name: {"none": -1, "high": 80}[name] for name in arrive}


def test_18_without_a_lowest_risk_everything_comes_with_the_documented_priorities(bench):
    for risk in (None, "negligible", "low", "medium", "high"):
        add(bench.tenant, str(risk), minutes=9, risk=risk)

    bench.track(ingest_without_risk=False)

    priorities = {alert.title: alert.priority for alert in bench.store.alerts.list()}
    assert priorities == {"None": -1, "negligible": -1, "low": 40, "medium": 60, "high": 80}


def test_19_a_server_that_ignores_the_filters_is_corrected_here(bench, monkeypatch):
    add(bench.tenant, "wanted", minutes=5)
    add(bench.tenant, "archived", minutes=5, status="archived")
    add(bench.tenant, "internal", minutes=5, from_addr=PEOPLE[2], from_env=PEOPLE[2], route="internal")
    add(bench.tenant, "foreign", minutes=5, to=OUTSIDE)
    from sandbox.endpoints import tracking as endpoint

    monkeypatch.setattr(
        endpoint, "_matching", lambda context, _item, window: context.world.tracked.slice(
            *context.world.tracked.window(*window)
        )
    )  # fmt: skip

    report = bench.track(statuses=("held",), routes=("inbound",))

    assert titles(bench) == ["wanted"]
    assert counts(report) == {"fetched": 4, "alerted": 1, "filtered": 3}
    assert bench.calls(INFO) == 1  # what the list rules out costs no call


# beyond the nineteen ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [SEARCH, INFO])
@pytest.mark.parametrize("kind", ["fail_in_200", "flat_fail"])
def test_a_failure_inside_http_200_is_no_empty_result(bench, path, kind):
    notes(bench.tenant, 1)
    bench.tenant.faults.add(Fault(kind, path, times=1 if path == INFO else None))
    if path == SEARCH:
        with pytest.raises(MailroomError, match="message-finder/search"):
            bench.track()
        assert bench.store.cursors.oldest() is None
    else:
        assert bench.track().waiting == 1
    bench.tenant.faults.clear()

    assert bench.track().alerted == 1


@pytest.mark.parametrize("hours", [719, 720])
def test_a_reach_of_thirty_days_stops_short_of_what_the_server_refuses(bench, hours):
    add(bench.tenant, "old", minutes=29.5 * 24 * 60, status="archived")

    report = bench.track(max_hours_backwards=hours, statuses=())

    assert counts(report) == {"fetched": 1, "alerted": 1}
    assert len(report.warnings) == (hours == 720)


# F37
def test_no_page_token_outlives_its_cycle(bench):
    notes(bench.tenant, 12, apart=1)
    bench.tenant.faults.add(Fault("status", SEARCH, times=None, after=1, status=503))
    with pytest.raises(TransientError):
        bench.track(page_size=5)
    bench.tenant.faults.clear()
    bench.tenant.faults.add(Fault("page_token_expired", SEARCH, times=1))

    assert bench.track(page_size=5).alerted == 12
