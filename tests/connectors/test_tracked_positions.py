"""Tracking forms that ask for different things and share one position: what was wanted before is not passed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import NOON, SEARCH, add

from mailroom.errors import MailroomError
from sandbox import Fault

OURS = ("northwind.example",)


def titles(bench):
    return sorted(alert.title for alert in bench.store.alerts.list(limit=500))


def later(bench, subject, hours=3, **fields):
    bench.tenant.advance(timedelta(hours=hours))
    add(bench.tenant, subject, minutes=100, **fields)


def test_a_cycle_for_another_domain_in_between_leaves_no_hole(bench):
    bench.track(domains=OURS)
    later(bench, "missed")
    bench.track(domains=("fabrikam.example",))
    assert titles(bench) == []

    report = bench.track(domains=OURS)

    assert titles(bench) == ["missed"]
    assert report.gap == (NOON, NOON + timedelta(hours=3))


def test_a_cycle_for_fewer_statuses_in_between_leaves_no_hole(bench):
    bench.track(statuses=())
    later(bench, "archived one", status="archived")
    bench.track(statuses=("held",))
    assert titles(bench) == []

    bench.track(statuses=())

    assert titles(bench) == ["archived one"]


def test_what_was_caught_up_is_not_listed_from_there_again(bench):
    bench.track(domains=OURS)
    later(bench, "missed")
    bench.track(domains=("fabrikam.example",))
    bench.track(domains=OURS)

    report = bench.track(domains=OURS)

    assert report.gap is None
    assert report.duplicate == 0


def test_a_domain_that_nobody_asked_for_before_starts_now(bench):
    bench.track(domains=OURS)
    later(bench, "old news", to=["zoe@fabrikam.example"], from_addr="ann@adatum.example", from_env="ann@adatum.example")
    bench.track(domains=OURS)

    report = bench.track(domains=(*OURS, "fabrikam.example"), overlap_minutes=10)

    assert titles(bench) == []
    assert report.gap is None


def test_a_catch_up_that_broke_off_goes_on_where_it_came_to(bench):
    bench.track(domains=OURS, window_hours=1)
    later(bench, "missed", hours=30)
    bench.track(domains=("fabrikam.example",))
    bench.tenant.faults.add(Fault("status", SEARCH, times=None, after=4, status=403))
    with pytest.raises(MailroomError):
        bench.track(domains=OURS, window_hours=1)
    bench.tenant.faults.clear()
    assert titles(bench) == []

    report = bench.track(domains=OURS)

    assert titles(bench) == ["missed"]
    assert report.gap is not None
    assert NOON < report.gap[0] < NOON + timedelta(hours=28)
