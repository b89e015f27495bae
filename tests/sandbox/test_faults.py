from __future__ import annotations

import http.client
import json

import pytest

from sandbox import Fault
from sandbox.faults import KINDS

HOLD_LIST = "/api/gateway/get-hold-message-list"
RELEASE = "/api/gateway/hold-release"
REJECT = "/api/gateway/hold-reject"
SEARCH = "/api/message-finder/search"
ACCOUNT = "/api/account/get-account"


@pytest.fixture
def hold_ids(caller):
    return caller.tenant.add_message(to=[f"{name}@northwind.example" for name in "abc"])


def held(caller, hold_id):
    return hold_id in [row["id"] for row in caller.tenant.hold_queue()]


def test_a_fault_hits_its_path_after_some_calls_and_so_many_times(caller):
    fault = caller.tenant.faults.add(Fault("status", "/api/account/*", times=2, after=1, status=503))

    seen = [caller.call(ACCOUNT).status for _ in range(5)]

    assert seen == [200, 503, 503, 200, 200]
    assert fault.hits == 2
    assert caller.call(HOLD_LIST, {"admin": True}).status == 200
    assert [call.fault for call in caller.tenant.calls][:3] == ["", "status", "status"]


def test_a_fault_of_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="rate_limited"):
        Fault("gremlins")


@pytest.mark.parametrize("status", [401, 403, 418, 500, 502, 503, 504])
def test_a_status_fault_changes_nothing(caller, hold_ids, status):
    caller.tenant.faults.add(Fault("status", RELEASE, status=status))

    assert caller.call(RELEASE, {"id": hold_ids[0]}).status == status
    assert caller.tenant.effects == []
    assert caller.tenant.calls[-1].items == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (True, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "50"}),
        (False, {"x-ratelimit-reset": None}),
        ({"X-RateLimit-Reset": -1}, {"x-ratelimit-reset": "-1"}),
        ({"X-RateLimit-Reset": "soon", "Retry-After": 2}, {"x-ratelimit-reset": "soon", "retry-after": "2"}),
    ],
)
def test_429_comes_with_without_and_with_absurd_headers(caller, hold_ids, headers, expected):
    caller.tenant.faults.add(Fault("rate_limited", RELEASE, headers=headers))

    answer = caller.call(RELEASE, {"id": hold_ids[0]})

    assert answer.status == 429
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert caller.tenant.effects == []


@pytest.mark.parametrize("how", ["status", "reset"])
@pytest.mark.parametrize(("kind", "applied"), [("apply_then_fail", 1), ("fail_without_applying", 0)])
def test_an_effect_can_fail_with_and_without_having_happened(caller, hold_ids, kind, how, applied):
    caller.tenant.faults.add(Fault(kind, RELEASE, how=how, status=502))

    if how == "reset":
        with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
            caller.call(RELEASE, {"id": hold_ids[0]})
    else:
        assert caller.call(RELEASE, {"id": hold_ids[0]}).status == 502

    assert caller.tenant.times_applied("release", hold_ids[0]) == applied


def test_a_cut_body_is_shorter_than_announced_and_the_effect_has_happened(caller, hold_ids):
    caller.tenant.faults.add(Fault("cut_body", RELEASE))

    with pytest.raises(http.client.IncompleteRead):
        caller.call(RELEASE, {"id": hold_ids[0]})

    assert caller.tenant.times_applied("release", hold_ids[0]) == 1


@pytest.mark.parametrize(
    ("kind", "body"),
    [("html", b"<html>"), ("empty_body", b""), ("deep_json", b'{"data":[[[['), ("bom", b"\xef\xbb\xbf{")],
)
def test_bodies_that_are_no_json(caller, kind, body):
    caller.tenant.faults.add(Fault(kind, ACCOUNT))

    answer = caller.call(ACCOUNT)

    assert answer.status == 200
    assert answer.body.startswith(body)


def test_bodies_that_are_nearly_json(caller):
    damaged = {}
    for kind in ("bad_json", "wrong_charset", "duplicate_keys", "nan"):
        caller.tenant.faults.add(Fault(kind, HOLD_LIST))
        damaged[kind] = caller.call(HOLD_LIST, {"admin": True, **caller.window()}).body

    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(damaged["bad_json"])
    with pytest.raises(UnicodeDecodeError):
        damaged["wrong_charset"].decode()
    assert damaged["duplicate_keys"].count(b'"data":') == 2
    assert b"NaN" in damaged["nan"]


def test_a_huge_body_is_as_long_as_announced(caller):
    caller.tenant.faults.add(Fault("huge_body", ACCOUNT, megabytes=3))

    answer = caller.call(ACCOUNT)

    assert len(answer.body) == int(answer.headers["content-length"]) == 3 << 20


def test_refusals_inside_http_200(caller, hold_ids):
    faults = caller.tenant.faults
    faults.add(Fault("fail_in_200", RELEASE, code="err_policy_limit"))
    answer = caller.call(RELEASE, {"id": hold_ids[0]})
    assert (answer.status, answer.data, answer.code) == (200, [], "err_policy_limit")

    faults.add(Fault("flat_fail", RELEASE, code="app_error"))
    assert caller.call(RELEASE, {"id": hold_ids[0]}).json["fail"][0]["code"] == "app_error"

    faults.add(Fault("empty_data", RELEASE))
    assert caller.call(RELEASE, {"id": hold_ids[0]}).json == {"meta": {"status": 200}, "data": [], "fail": []}

    faults.add(Fault("release_false", RELEASE))
    assert caller.call(RELEASE, {"id": hold_ids[0]}).data == [{"id": hold_ids[0], "release": False}]
    assert caller.tenant.effects == []


def test_one_of_three_items_fails(caller, hold_ids):
    caller.tenant.faults.add(Fault("partial", RELEASE, n=1))

    answer = caller.call(RELEASE, *({"id": hold_id} for hold_id in hold_ids))

    assert [row["id"] for row in answer.data] == [hold_ids[0], hold_ids[2]]
    assert [entry["key"]["id"] for entry in answer.json["fail"]] == [hold_ids[1]]
    assert held(caller, hold_ids[1])


def test_one_of_three_ids_of_a_reject_fails(caller, hold_ids):
    caller.tenant.faults.add(Fault("partial", REJECT, n=0))

    answer = caller.call(REJECT, {"ids": hold_ids})

    assert [row["id"] for row in answer.data] == hold_ids[1:]
    assert held(caller, hold_ids[0])


def test_a_page_token_expires_and_only_calls_with_a_token_notice(caller):
    caller.tenant.faults.add(Fault("page_token_expired", HOLD_LIST))
    item = {"admin": True, **caller.window()}

    first = caller.call(HOLD_LIST, item, page={"pageSize": 10})
    second = caller.call(HOLD_LIST, item, page={"pageToken": first.json["meta"]["pagination"]["next"]})

    assert (first.status, second.status, second.code) == (200, 400, "err_page_token_expired")


def test_a_page_can_point_to_itself(caller):
    caller.tenant.faults.add(Fault("page_loop", HOLD_LIST, times=None, after=1))
    item = {"admin": True, **caller.window()}
    token = caller.call(HOLD_LIST, item, page={"pageSize": 10}).json["meta"]["pagination"]["next"]

    again = caller.call(HOLD_LIST, item, page={"pageToken": token})

    assert again.json["meta"]["pagination"]["next"] == token


def test_rows_drift(caller):
    caller.tenant.faults.add(Fault("drift", HOLD_LIST))
    caller.tenant.faults.add(Fault("drift", SEARCH, how="unknown_status"))

    row = caller.call(HOLD_LIST, {"admin": True, **caller.window()}).data[0]
    tracked = caller.call(SEARCH, caller.window()).data[0]["trackedEmails"][0]

    assert "policyInfo" not in row
    assert isinstance(row["size"], dict)
    assert row["brandNew"]
    assert tracked["status"] == "quarantined_v2"


def test_an_expired_token_is_gone_for_good(caller):
    caller.generation = "2.0"
    caller.call(ACCOUNT)
    caller.tenant.faults.add(Fault("token_expired", ACCOUNT))

    assert [caller.call(ACCOUNT).status for _ in range(2)] == [401, 401]
    caller._token = ""
    assert caller.call(ACCOUNT).status == 200


@pytest.mark.parametrize("action", ["release", "reject"])
def test_another_administrator_is_faster(caller, hold_ids, action):
    caller.tenant.faults.add(Fault("concurrent_admin", RELEASE, action=action))

    answer = caller.call(RELEASE, {"id": hold_ids[0]})

    assert answer.code == "err_hold_message_not_found"
    assert [effect.kind for effect in caller.tenant.effects] == [f"admin_{action}"]
    log = caller.call("/api/gateway/get-held-release-logs", {}).data[0]["heldReleaseLogs"][0]
    assert log["operator"]["emailAddress"] == "administrator@northwind.example"


def test_a_slow_call_is_answered_in_the_end(caller):
    caller.tenant.faults.add(Fault("slow", ACCOUNT, seconds=0.01))

    assert caller.call(ACCOUNT).status == 200


def test_every_kind_is_answered_or_cut_and_never_a_defect(caller):
    for kind in sorted(KINDS - {"huge_body"}):
        (hold_id,) = caller.tenant.add_message(to=["a@northwind.example"])
        caller.tenant.faults.add(Fault(kind, seconds=0.0))
        for path, item in (
            (RELEASE, {"id": hold_id}),
            (HOLD_LIST, {"admin": True}),
            (SEARCH, {}),
            (REJECT, {"ids": [hold_id]}),
            (ACCOUNT, {}),
        ):
            caller.tenant.faults.clear()
            caller.tenant.faults.add(Fault(kind, seconds=0.0))
            try:
                answer = caller.call(path, item)
            except (http.client.HTTPException, ConnectionError):
                caller.connection.close()
                continue
            assert b"has a defect" not in answer.body
        caller.tenant.faults.clear()
        caller.connection.close()
