"""The held connector: what is left out and why, priorities, and sources that change their generation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mailroom_tests_small_tenant import PEOPLE, Workbench, add, empty_tenant, small_tenant
from sqlalchemy import select

from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.playbooks.report import table_rows
from mailroom.store import Store
from mailroom.store.schema import items
from sandbox import Fault, Tenant, serve


def reasons(bench):
    query = select(items.c.state, items.c.reason).order_by(items.c.id)
    return [tuple(row) for row in bench.store.db.read(lambda tx: tx.execute(query).all())]


# Filters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lowest", "without", "kept"),
    [
        ("", True, ["none", "negligible", "low", "medium", "high"]),
        ("low", True, ["none", "low", "medium", "high"]),
        ("medium", False, ["medium", "high"]),
        ("high", True, ["none", "high"]),
    ],
)
def test_messages_below_the_lowest_risk_are_filtered_and_counted(bench, lowest, without, kept):
    for number, risk in enumerate([None, "negligible", "low", "medium", "high"]):
        add(bench.tenant, risk or "none", minutes=60 - number, risk=risk)

    report = bench.ingest(lowest_risk=lowest, ingest_without_risk=without)

    assert [alert.title for alert in bench.store.alerts.list(after_id=0)] == kept
    assert (report.fetched, report.alerted, report.filtered) == (5, len(kept), 5 - len(kept))


def test_a_message_whose_details_are_missing_counts_as_one_without_risk_information(bench):
    add(bench.tenant, "untracked", minutes=60, risk="high")
    bench.tenant.faults.add(Fault("empty_data", "/api/message-finder/search"))

    report = bench.ingest(lowest_risk="low", ingest_without_risk=False)

    assert report.filtered == 1
    assert reasons(bench) == [("filtered", "no risk information")]


def test_risk_becomes_the_priority(bench):
    for number, risk in enumerate([None, "negligible", "low", "medium", "high"]):
        add(bench.tenant, risk or "none", minutes=60 - number, risk=risk)

    bench.ingest()

    assert [alert.seed_priority for alert in bench.store.alerts.list(after_id=0)] == [-1, -1, 40, 60, 80]


def test_only_the_routes_asked_for_are_kept(bench):
    add(bench.tenant, "in", minutes=3)
    add(bench.tenant, "out", minutes=2, route="outbound")

    report = bench.ingest(routes=("INBOUND",))

    assert (report.alerted, report.filtered) == (1, 1)
    assert ("filtered", "route outbound is not asked for") in reasons(bench)


@pytest.mark.parametrize("with_detail", [True, False])
def test_only_the_queue_reasons_asked_for_are_kept(bench, with_detail):
    add(bench.tenant, "spam", minutes=3, hold="spam")
    add(bench.tenant, "virus", minutes=2, hold="virus")

    wanted = ("Message Hold Applied - virus signature policy",)
    bench.ingest(queue_reasons=wanted, with_detail=with_detail)

    assert [alert.title for alert in bench.store.alerts.list()] == ["virus"]


def test_the_policy_that_holds_a_message_is_a_queue_reason_too(bench):
    add(bench.tenant, "vip", minutes=3, hold="impersonation", policy="VIP Impersonation Protect")
    add(bench.tenant, "other", minutes=2, hold="impersonation", policy="Default Impersonation Protect Definition")

    bench.ingest(queue_reasons=("vip impersonation protect",))

    assert [alert.title for alert in bench.store.alerts.list()] == ["vip"]


# Generations ----------------------------------------------------------------------------------------------------


def test_the_other_api_generation_is_a_new_source_and_alerts_nothing_again(bench_for):
    tenant = small_tenant()
    bench_for(tenant, "1.0").ingest()

    bench = bench_for(tenant, "2.0")
    report = bench.ingest()

    assert (report.fetched, report.duplicate, report.alerted) == (13, 13, 0)
    assert len(bench.store.alerts.list(limit=50)) == 13


def mirrored(seed: int) -> Tenant:
    """The same mails, with other hold ids for each seed."""
    tenant = empty_tenant(seed=seed)
    for number in range(4):
        add(tenant, f"note {number}", minutes=60 - number, to=PEOPLE[: 1 + number % 2])
    return tenant


def test_after_a_move_with_new_ids_the_same_copies_are_recognised_by_their_content(bench_for):
    old, new = bench_for(mirrored(1), "1.0"), bench_for(mirrored(2), "2.0")
    assert not set(old.tenant.labels) & set(new.tenant.labels)
    ingest_held(old.client, old.store, HeldSettings(), tenant="northwind")

    report = ingest_held(new.client, new.store, HeldSettings(), tenant="northwind")

    assert (report.fetched, report.duplicate, report.alerted) == (6, 6, 0)
    assert new.store.check().ok


def test_after_a_move_what_is_new_is_alerted_also_when_it_resembles_something_old(bench_for):
    old, new = bench_for(mirrored(1), "1.0"), bench_for(mirrored(2), "2.0")
    ingest_held(old.client, old.store, HeldSettings(), tenant="northwind")
    add(new.tenant, "note 0", minutes=60, to=PEOPLE[2:3])  # as an old one, for somebody else
    add(new.tenant, "note 0", minutes=20)  # as an old one, at another time
    add(new.tenant, "note 0", minutes=60, size=9_999)  # as an old one, of another size

    report = ingest_held(new.client, new.store, HeldSettings(), tenant="northwind")

    assert (report.fetched, report.duplicate, report.alerted) == (9, 6, 3)


def test_two_instances_keep_their_own_cursors_and_share_the_alerts(bench):
    add(bench.tenant, "note", minutes=5)
    bench.ingest(instance="first")

    report = bench.ingest(instance="second")

    assert (report.fetched, report.duplicate, report.alerted) == (1, 1, 0)


# Hostile strings ------------------------------------------------------------------------------------------------


# H13, H20, H21, H27: on both databases, of which one refuses NUL and both refuse lone surrogates
def test_a_queue_full_of_hostile_strings_is_stored_whole(store: Store):
    tenant = Tenant.generate(messages=150, seed=11, hostile=True)
    with serve(tenant) as server:
        bench = Workbench(tenant, server.url, store)
        report = bench.ingest()
        again = bench.ingest(overlap_minutes=24 * 60)
        results = bench.act()
        table = table_rows(store, [alert.id for alert in store.alerts.list(limit=1_000)])
        bench.client.close()

    assert report.alerted == report.fetched == len(tenant.labels)
    assert {result.state for result in results} <= {"applied", "already_done"}
    assert len(table) == len(store.verdicts.current_many(alert.id for alert in store.alerts.list(limit=1_000)))
    assert again.duplicate == again.fetched > 0
    assert again.alerted == 0
    assert store.check().ok
    stored = {alert.hold_id: alert for alert in store.alerts.list(limit=1_000)}
    assert stored.keys() == tenant.labels.keys()
    for alert in stored.values():
        for text in (alert.title, alert.sender, str(alert.event)):
            assert "\x00" not in text
            text.encode("utf-8")
        assert len(alert.title) <= 500


def test_time_passes_without_messages_and_the_cursor_goes_with_it(bench):
    bench.ingest()
    bench.tenant.advance(timedelta(days=3))

    bench.ingest()

    assert bench.store.cursors.oldest() == bench.tenant.clock.now()
