from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mimecast_scripted import ok

from mailroom.mimecast import held, tracking
from mailroom.mimecast.hmac_auth import sign

HELD = {
    "id": "eNhold-1",
    "reason": "Message Hold Applied - Spam Signature policy",
    "reasonCode": "message_hold_applied_spam_signature_policy",
    "from": {"emailAddress": "bounce@example.net", "displayableName": ""},
    "fromHeader": {"emailAddress": "billing@example.net", "displayableName": "Accounts"},
    "to": {"emailAddress": "ann@example.com", "displayableName": ""},
    "subject": "Invoice 4711",
    "route": "INBOUND",
    "hasAttachments": False,
    "size": 7543,
    "dateReceived": "2025-01-14T09:01:02+0000",
    "policyInfo": "Relaxed Spam Detection",
}
NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)


def test_the_reference_vector_of_the_signature():
    parts = {
        "date": "Tue, 14 Jan 2025 09:30:00 UTC",
        "request_id": "11111111-2222-3333-4444-555555555555",
        "app_key": "00000000-aaaa-bbbb-cccc-000000000001",
    }
    secret = "bWltZWNhc3QtZXhhbXBsZS1zZWNyZXQta2V5LTAwMDE="
    assert sign(secret, path="/api/message-finder/search", **parts) == "Kpa62SDj3hRGP5YCdBFts3+Fvo0="
    assert sign(secret, path="/api/account/get-account", **parts) == "qslP2K/Uu/r5aRZfF647XjEz3YY="


def test_the_hold_list_is_read_page_by_page(server, client):
    path = "/api/gateway/get-hold-message-list"
    server.add(path, ok(HELD, pagination={"next": "tok2"}), ok(HELD, HELD | {"id": "eNhold-2"}))

    pages = list(held.get_hold_message_list(client, start=NOON - timedelta(hours=1), end=NOON, page_size=100))

    assert [[entry.id for entry in page] for page in pages] == [["eNhold-1"], ["eNhold-2"]]
    assert pages[0][0].route == "inbound"
    assert pages[0][0].from_header.display_name == "Accounts"
    first, second = server.calls(path)
    assert first.json == {
        "data": [{"admin": True, "start": "2025-01-14T11:00:00+0000", "end": "2025-01-14T12:00:00+0000"}],
        "meta": {"pagination": {"pageSize": 100}},
    }
    assert second.json["meta"]["pagination"] == {"pageSize": 100, "pageToken": "tok2"}
    assert second.json["data"] == first.json["data"]


def test_the_core_works_with_signed_requests_too(server, client_1):
    server.add("/api/message-finder/get-message-info", ok({"id": "eNtracking-1", "status": "held"}))

    info = tracking.get_message_info(client_1, "eNtracking-1")

    assert (info.status, info.risk, info.headers) == ("held", None, [])
    assert server.asked[0].headers["Authorization"].startswith("MC access-key-for-tests:")


def test_a_release_names_each_message_once(server, client):
    server.add("/api/gateway/hold-release", ok({"id": "eNhold-1", "release": True}))

    outcomes = held.hold_release(client, ["eNhold-1", "eNhold-1"])

    assert outcomes["eNhold-1"].ok
    assert server.calls("/api/gateway/hold-release")[0].json == {"data": [{"id": "eNhold-1"}]}
