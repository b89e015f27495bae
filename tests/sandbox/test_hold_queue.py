from __future__ import annotations

from datetime import timedelta

import pytest

HOLD_LIST = "/api/gateway/get-hold-message-list"
FIELDS = {
    "id",
    "reason",
    "reasonId",
    "reasonCode",
    "from",
    "fromHeader",
    "to",
    "subject",
    "route",
    "hasAttachments",
    "size",
    "dateReceived",
    "policyInfo",
}


def test_the_list_shows_one_entry_per_recipient_newest_first(either):
    rows = either.hold_list(page_size=17)

    assert {row["id"] for row in rows} == {row["id"] for row in either.tenant.hold_queue()}
    assert len({row["id"] for row in rows}) == len(rows) > 60
    assert all(set(row) == FIELDS for row in rows)
    dates = [row["dateReceived"] for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_without_admin_a_service_account_sees_nothing(caller):
    answer = caller.call(HOLD_LIST, {**caller.window()})

    assert (answer.status, answer.data, answer.json["fail"]) == (200, [], [])


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"admin": "true"}, "err_validation"),
        ({"admin": True, "start": "2025-01-14 09:30"}, "err_validation_date"),
        ({"admin": True, "start": "2025-01-14T09:30:00.000+0000"}, "err_validation_date"),
        ({"admin": True, "searchBy": {"fieldName": "body", "value": "x"}}, "err_validation_value_not_allowed"),
    ],
)
def test_a_bad_field_is_a_failure_inside_http_200(caller, item, code):
    answer = caller.call(HOLD_LIST, item)

    assert (answer.status, answer.code, answer.data) == (200, code, [])


def test_dates_with_z_can_be_switched_off(caller):
    item = {"admin": True, "start": "2025-01-01T00:00:00Z"}
    assert caller.call(HOLD_LIST, item).json["fail"] == []

    caller.tenant.iso_z_accepted = False

    assert caller.call(HOLD_LIST, item).code == "err_validation_date"


def test_the_window_is_inclusive_at_both_ends(caller):
    received = caller.tenant.clock.now() - timedelta(hours=3)
    (hold_id,) = caller.tenant.add_message(received=received, to=["a@northwind.example"])
    second = received.strftime("%Y-%m-%dT%H:%M:%S+0000")

    rows = caller.call(HOLD_LIST, {"admin": True, "start": second, "end": second}).data

    assert hold_id in [row["id"] for row in rows]
    assert {row["dateReceived"] for row in rows} == {second}


def test_a_search_by_recipient_finds_their_copies_only(caller):
    wanted = caller.hold_list()[5]["to"]["emailAddress"]

    rows = caller.hold_list(searchBy={"fieldName": "recipient", "value": wanted})

    everything = [row for row in caller.hold_list() if row["to"]["emailAddress"] == wanted]
    assert rows == everything


@pytest.mark.parametrize("size", [0, 501, "100", True])
def test_a_page_size_out_of_bounds_is_refused(caller, size):
    assert caller.call(HOLD_LIST, {"admin": True}, page={"pageSize": size}).status == 400


def test_a_token_freezes_the_page_size(caller):
    item = {"admin": True, **caller.window()}
    token = caller.call(HOLD_LIST, item, page={"pageSize": 7}).json["meta"]["pagination"]["next"]

    answer = caller.call(HOLD_LIST, item, page={"pageSize": 50, "pageToken": token})

    assert len(answer.data) == 7


def test_pages_move_when_something_is_released_meanwhile(caller):
    item = {"admin": True, **caller.window()}
    rows = caller.hold_list()
    token = caller.call(HOLD_LIST, item, page={"pageSize": 10}).json["meta"]["pagination"]["next"]

    caller.tenant.admin_release(rows[0]["id"])

    second = caller.call(HOLD_LIST, item, page={"pageToken": token}).data
    assert second[0]["id"] == rows[11]["id"], "entry 10 was skipped, as with any offset over a moving list"


def test_a_late_message_appears_with_its_old_time(caller):
    received = caller.tenant.clock.now()
    (hold_id,) = caller.tenant.add_late_message(timedelta(minutes=10), subject="late")
    assert hold_id not in [row["id"] for row in caller.hold_list()]

    caller.tenant.advance(timedelta(minutes=11))

    row = next(row for row in caller.hold_list() if row["id"] == hold_id)
    assert row["dateReceived"] == received.strftime("%Y-%m-%dT%H:%M:%S+0000")


def test_held_mail_expires_after_fourteen_days(caller):
    received = caller.tenant.clock.now() - timedelta(days=13, hours=23)
    (hold_id,) = caller.tenant.add_message(received=received)

    caller.tenant.advance(timedelta(hours=2))

    assert caller.tenant.times_applied("expire", hold_id) == 1
    answer = caller.call("/api/gateway/hold-release", {"id": hold_id})
    assert answer.code == "err_hold_message_not_found"


def test_the_summary_counts_the_queue_by_policy(caller):
    rows = caller.call("/api/gateway/get-hold-summary-list").data
    assert sum(row["numberOfItems"] for row in rows) == len(caller.hold_list())

    caller.tenant.admin_reject(caller.hold_list()[0]["id"])

    rows = caller.call("/api/gateway/get-hold-summary-list").data
    assert sum(row["numberOfItems"] for row in rows) == len(caller.hold_list())
