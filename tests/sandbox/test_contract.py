"""The contract: what a request says wrongly is remembered, also where the tenant forgives it."""

from __future__ import annotations

import json

import pytest

SEARCH = "/api/message-finder/search"
HOLD_LIST = "/api/gateway/get-hold-message-list"
ARCHIVE = "/api/archive/search"
CREATE = "/api/policy/blockedsenders/create-policy"
POLICIES = "/policy-management/cloud-gateway/v1/blocked-senders/policies"


def fields(caller):
    return [one.field for one in caller.tenant.contract_violations]


def test_documented_requests_leave_no_trace(either):
    either.hold_list(searchBy={"fieldName": "all", "value": ""}, filterBy=[{"route": "inbound"}])
    either.search(status=["held"], advancedTrackAndTraceOptions={"to": "northwind.example"})
    either.call("/api/account/get-account")

    assert either.tenant.contract_violations == []


@pytest.mark.parametrize(
    ("path", "item", "field"),
    [
        (SEARCH, {"advancedTrackAndTraceOptions": {"to": "x.example", "senderIp": "192.0.2.1"}}, "senderIp"),
        (SEARCH, {"start": "2025-01-14T08:30:00Z"}, "start"),
        (SEARCH, {"start": "2025-01-14T08:30:00.000+0000"}, "start"),
        (SEARCH, {"status": "held"}, "status"),
        (SEARCH, {"Status": ["held"]}, "Status"),
        (SEARCH, {"messageId": None}, "messageId"),
        (HOLD_LIST, {"admin": "true"}, "admin"),
        (HOLD_LIST, {"admin": True, "searchBy": {"field": "all"}}, "searchBy.field"),
        (HOLD_LIST, {"admin": True, "pageSize": 100}, "pageSize"),
        (ARCHIVE, {"admin": True, "query": "<x/>", "page": 1}, "page"),
        ("/api/ttp/url/get-logs", {"oldestFirst": 1}, "oldestFirst"),
        ("/api/ttp/remediation/find-incidents", {"searchBy": [{"field": "all"}]}, "searchBy.field"),
        (CREATE, {"option": "no_action", "policy": {"from": {"email": "x"}}}, "policy.from.email"),
        ("/api/directory/get-group-members", {"folderId": "x"}, "folderId"),
    ],
)
def test_what_is_misspelt_or_of_another_type_is_remembered(caller, path, item, field):
    caller.call(path, item)

    assert any(one.split("advancedTrackAndTraceOptions.")[-1] == field for one in fields(caller)), fields(caller)
    assert {one.path for one in caller.tenant.contract_violations} == {path}


def test_the_envelope_is_looked_at_too(caller):
    body = {"data": [{"admin": True}], "meta": {"pagination": {"size": 5, "pageSize": "5"}}, "page": 1}
    caller.send("POST", HOLD_LIST, json.dumps(body).encode(), caller.signed(HOLD_LIST))
    caller.send("POST", HOLD_LIST, b"no json", caller.signed(HOLD_LIST))
    caller.send("POST", HOLD_LIST, b'{"data": {}}', caller.signed(HOLD_LIST))

    assert fields(caller) == ["page", "meta.pagination.size", "meta.pagination.pageSize", "", "data"]


def test_flat_bodies_have_their_own_names(caller):
    headers = {"Authorization": f"Bearer {caller.token()}", "Content-Type": "application/json"}
    side = {"type": "email_domain", "emailDomain": "x.example"}
    caller.send("PATCH", f"{POLICIES}/x", json.dumps({"enabled": False}).encode(), headers)
    assert fields(caller) == []
    caller.send("PATCH", f"{POLICIES}/x", json.dumps({"fromDate": "2025-01-14", "from": side}).encode(), headers)
    caller.send("DELETE", f"{POLICIES}/x", b"{}", headers)

    assert sorted(fields(caller)) == ["", "from.emailDomain", "fromDate", "fromDate"]
