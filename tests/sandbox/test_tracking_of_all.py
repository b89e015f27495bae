"""Tracking of messages in every status, many of them, some of them late."""

from __future__ import annotations

import resource
import time
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import Tenant

SEARCH = "/api/message-finder/search"
INFO = "/api/message-finder/get-message-info"
NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
STATUSES = {"delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived"}


@pytest.fixture(scope="module")
def crowd():
    return Tenant.generate(messages=0, history=0, seed=7, now=NOW, frozen=True, tracked=3_000)


@pytest.fixture
def tenant(crowd):
    return crowd


def every(caller, **item):
    rows, page = [], {"pageSize": 500}
    while page:
        answer = caller.call(SEARCH, {**caller.window(29.9), **item}, page=page)
        rows += answer.data[0]["trackedEmails"]
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageSize": 500, "pageToken": after} if after else None
    return rows


def info(caller, row):
    return caller.call(INFO, {"id": row["id"]}).data[0]


def test_all_statuses_and_routes_are_spread_over_the_window(caller):
    rows = every(caller)

    assert len(rows) == 3_000
    assert {row["status"] for row in rows} == STATUSES
    assert {row["route"] for row in rows} == {"inbound", "outbound", "internal"}
    days = [row["received"][:10] for row in rows]
    assert all(40 < days.count(day) < 200 for day in set(days) - {days[0], days[-1]})
    week_ago = caller.tenant.clock.now() - timedelta(days=7)
    old = [row for row in rows if row["received"] < week_ago.strftime("%Y-%m-%dT%H:%M:%S")]
    assert not {row["status"] for row in old} & {"rejected", "deferred"}


def test_held_messages_of_the_crowd_are_in_the_hold_queue(caller):
    held = {row["subject"] for row in every(caller, status=["held"])}

    assert held == {row["subject"] for row in caller.hold_list()}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("held", "Message Hold Applied"),
        ("deferred", "Delivery deferred"),
        ("accepted", "Accepted"),
        ("delivery", "queued for delivery"),
        ("bounced", "Bounced"),
    ],
)
def test_what_waits_or_came_back_says_why(caller, status, words):
    row = every(caller, status=[status])[0]

    shown = info(caller, row)

    assert words in shown["recipientInfo"]["txInfo"]["queueDetailStatus"]
    assert ("queueInfo" in shown) is (status != "bounced")
    assert all(words in entry["txInfo"]["queueDetailStatus"] for entry in shown["deliveredMessage"].values())


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("txInfo", ("recipientInfo", "txInfo", "bounceType")),
        ("top", ("bounceType",)),
        ("recipientInfo", ("recipientInfo", "bounceType")),
        ("queueInfo", ("queueInfo", "bounceType")),
        ("", ()),
    ],
)
def test_the_bounce_type_is_in_one_place_or_nowhere(caller, place, path):
    row = every(caller, status=["bounced"])[0]
    caller.tenant.bounce_type = place
    shown = info(caller, row)
    caller.tenant.bounce_type = ""

    assert str(shown).count("bounceType") == (1 if place else 0)
    for name in path:
        shown = shown[name]
    assert not path or shown.endswith("Bounce")


def test_a_verdict_may_be_there_in_every_status(caller):
    rows = every(caller, status=["archived"])[:60]
    assert not any("verdict" in info(caller, row)["spamInfo"]["spamProcessingDetail"] for row in rows[:5])
    caller.tenant.verdict_for_all = True

    risks = {info(caller, row)["spamInfo"]["spamProcessingDetail"].get("verdict", {}).get("risk") for row in rows}

    caller.tenant.verdict_for_all = False
    assert risks >= {"high", None}


def test_a_link_is_searched_for(caller):
    caller.tenant.add_message(status="archived", subject="linked", url="https://evil.example/login")

    rows = caller.search(advancedTrackAndTraceOptions={"url": "evil.example/login"})

    assert [row["subject"] for row in rows] == ["linked"]


def test_late_ones_appear_later_with_their_old_time_of_receipt(connect):
    tenant = Tenant.generate(
        messages=0, history=0, seed=7, now=NOW, frozen=True, tracked=30_000, late_percent=40, max_recipients=1
    )
    caller = connect(tenant)
    window = {"start": caller.window(0.1)["start"], "end": caller.window(0)["end"]}

    def seen():
        return {row["id"]: row["received"] for row in every(caller, **window)}

    before = seen()
    tenant.advance(timedelta(minutes=41))
    after = seen()

    late = set(after) - set(before)
    assert len(late) > 10
    assert before.keys() <= after.keys()
    assert all(after[name] < "2025-01-14T09:30:00" for name in late)


def test_a_hundred_thousand_are_listed_in_bounded_memory(connect):
    caller = connect(Tenant.generate(messages=0, history=0, seed=7, now=NOW, tracked=100_000, max_recipients=1))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()

    count, page = 0, {"pageSize": 500}
    while page:
        answer = caller.call(SEARCH, caller.window(29.5), page=page)
        count += len(answer.data[0]["trackedEmails"])
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageSize": 500, "pageToken": after} if after and count < 20_000 else None

    assert count == 20_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000
    assert time.process_time() - began < 30


def test_a_restart_makes_the_same_crowd(tmp_path):
    first = Tenant.load_or_generate(tmp_path, messages=5, tracked=200, now=NOW, frozen=True)
    (added,) = first.add_message(subject="after the crowd")
    first.admin_release(added)
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5, now=NOW, frozen=True)

    assert second.hold_queue() == first.hold_queue()
    assert second.effects == first.effects
