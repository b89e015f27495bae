"""What is sent, field by field, as the API reference has it. Nothing else is ever in a request."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from mimecast_scripted import Answer, ok

from mailroom.errors import MailroomError
from mailroom.mimecast import account, capabilities, content, held, tracking

START, END = datetime(2025, 1, 13, 9, 30, tzinfo=UTC), datetime(2025, 1, 14, 9, 30, 0, 999, tzinfo=UTC)
SPAN = {"start": "2025-01-13T09:30:00+0000", "end": "2025-01-14T09:30:00+0000"}

CASES: dict[str, tuple[str, Callable[[Any], Any], Any]] = {
    "account": ("/api/account/get-account", account.get_account, {"data": []}),
    "hold list": (
        "/api/gateway/get-hold-message-list",
        lambda c: list(held.get_hold_message_list(c, start=START, end=END)),
        {"meta": {"pagination": {"pageSize": 500}}, "data": [{"admin": True, **SPAN}]},
    ),
    "hold list of one recipient": (
        "/api/gateway/get-hold-message-list",
        lambda c: list(held.get_hold_message_list(c, start=START, end=END, search_by=("recipient", "ann@example.com"))),
        {
            "meta": {"pagination": {"pageSize": 500}},
            "data": [{"admin": True, **SPAN, "searchBy": {"fieldName": "recipient", "value": "ann@example.com"}}],
        },
    ),
    "hold summary": ("/api/gateway/get-hold-summary-list", held.get_hold_summary_list, {"data": []}),
    "release": (
        "/api/gateway/hold-release",
        lambda c: held.hold_release(c, ["eNhold-1", "eNhold-2"]),
        {"data": [{"id": "eNhold-1"}, {"id": "eNhold-2"}]},
    ),
    "reject": (
        "/api/gateway/hold-reject",
        lambda c: held.hold_reject(c, ["eNhold-1", "eNhold-2"]),
        {"data": [{"ids": ["eNhold-1", "eNhold-2"], "notify": False}]},
    ),
    "reject with everything": (
        "/api/gateway/hold-reject",
        lambda c: held.hold_reject(
            c,
            ["eNhold-1", "eNhold-2"],
            note="Please contact the help desk",
            reason="Confidential Information",
            notify_sender=True,
        ),
        {
            "data": [
                {
                    "ids": ["eNhold-1", "eNhold-2"],
                    "message": "Please contact the help desk",
                    "reasonType": "MESSAGE CONTAINS CONFIDENTIAL INFORMATION",
                    "notify": True,
                }
            ]
        },
    ),
    "release log": (
        "/api/gateway/get-held-release-logs",
        lambda c: list(
            held.get_held_release_logs(c, start=START, end=END, search_by=("to", "ann@example.com"), status="released")
        ),
        {
            "meta": {"pagination": {"pageSize": 100}},
            "data": [
                {
                    **SPAN,
                    "searchBy": {"fieldName": "to", "value": "ann@example.com"},
                    "filterBy": [{"fieldName": "status", "value": "released"}],
                }
            ],
        },
    ),
    "message info": (
        "/api/message-finder/get-message-info",
        lambda c: tracking.get_message_info(c, "eNtracking-1"),
        {"data": [{"id": "eNtracking-1"}]},
    ),
    "message detail": (
        "/api/gateway/message/get-message-detail",
        lambda c: content.get_message_detail(c, "eNhold-1"),
        {"data": [{"id": "eNhold-1", "context": "RECEIVED"}]},
    ),
    "file": (
        "/api/gateway/message/get-file",
        lambda c: content.get_file(c, "eNfile-1", BytesIO()),
        {"data": [{"id": "eNfile-1"}]},
    ),
    "release to sandbox": (
        "/api/message-finder/release-held-email-to-sandbox",
        lambda c: held.release_to_sandbox(c, "eNtracking-1"),
        {"data": [{"id": "eNtracking-1"}]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_request_is_the_documented_one(server, client_1, case):
    path, work, expected = CASES[case]
    server.add(path, ok())
    with contextlib.suppress(MailroomError):  # the empty answer is no success; the request is what counts
        work(client_1)
    assert server.calls(path)[0].json == expected
    assert server.calls(path)[0].path == path


def test_the_tracking_search_is_the_documented_one(server, client):
    path = "/api/message-finder/search"
    server.add(path, ok({"trackedEmails": []}))
    now = client.now()
    options = {"from": "a@example.net", "to": "example.com", "subject": "x", "senderIP": "192.0.2.1", "url": "http://x"}
    list(tracking.search(client, start=now, end=now, route=("inbound",), options=options, page_size=100))
    request = server.calls(path)[0].json
    assert request["meta"] == {"pagination": {"pageSize": 100}}
    (item,) = request["data"]
    assert set(item) == {"start", "end", "status", "route", "searchReason", "advancedTrackAndTraceOptions"}
    assert (item["status"], item["route"]) == (["held"], ["inbound"])
    assert item["advancedTrackAndTraceOptions"] == options


def test_a_search_by_message_id_carries_no_options(server, client):
    path = "/api/message-finder/search"
    server.add(path, ok({"trackedEmails": []}))
    now = client.now()
    list(tracking.search(client, start=now, end=now, status=(), message_id="<m1@example.net>"))
    assert set(server.calls(path)[0].item) == {"start", "end", "searchReason", "messageId"}


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("Inappropriate Communication", "INAPPROPRIATE COMMUNICATION"),
        ("Confidential Information", "MESSAGE CONTAINS CONFIDENTIAL INFORMATION"),
        ("Against Email Policy", "MESSAGE GOES AGAINST EMAIL POLICIES"),
        ("Restricted Content", "REVIEWER DISAPPROVES OF CONTENT"),
        ("Select One", None),
    ],
)
def test_reject_reasons_are_spelt_as_documented(server, client_1, name, spelt):
    server.add("/api/gateway/hold-reject", ok({"id": "a", "reject": True}))
    held.hold_reject(client_1, ["a"], reason=name)
    (asked,) = server.asked
    assert asked.item.get("reasonType") == spelt


def test_files_are_fetched_without_credentials(server, client_for):
    with client_for("2.0") as client:
        server.add("/api/gateway/message/get-file", ok({"urls": [f"{server.url}/blob?expires=1&sig=x"]}))
        server.add("/blob", Answer(b"contents"))
        sink = BytesIO()
        digest = content.get_file(client, "eNfile-1", sink)
    (asked,) = server.calls("/blob")
    assert asked.path == "/blob?expires=1&sig=x"
    assert not {"authorization", "x-mc-app-id", "cookie"} & {name.lower() for name in asked.headers}
    assert (sink.getvalue(), digest.size) == (b"contents", 8)


def test_the_capability_table_names_a_permission_for_every_function_but_two():
    for name, function in capabilities.REGISTRY.items():
        assert name == function.name
        assert function.path.startswith("/api/") != function.is_rest
        assert function.permission or function in {capabilities.LOGIN, capabilities.WHOAMI}
        assert function.product or not function.listed_on_2


def test_the_capability_table_says_what_to_use_in_the_generation_that_lacks_a_function():
    for function in capabilities.REGISTRY.values():
        if len(function.generations) == 1 and function is not capabilities.LOGIN:
            assert function.instead, function.name
        assert not function.is_rest or function.generations == ("2.0",)
