"""The REST resources of API 2.0: the same gate, limits, repeats and errors as the functions with an envelope."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mimecast_scripted import Answer

from mailroom.errors import (
    InvalidInputError,
    NotFoundError,
    NotOfferedError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import ClientCredentials, EffectUnknownError, MimecastClient, capabilities
from sandbox import Tenant, serve

POLICIES = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
ONE = {"policy_id": "eNpolicy-1"}


def test_a_resource_is_read_with_its_query_and_the_bearer_token(server, client):
    server.add(POLICIES, Answer({"definitions": [{"id": "eNpolicy-1"}], "meta": {"pagination": {"nextPage": "tok2"}}}))
    answer = client.rest(capabilities.REST_LIST_POLICIES, query={"pageSize": 100, "pageToken": None, "enabled": True})
    (asked,) = server.calls(POLICIES)
    assert (asked.method, asked.path, asked.body) == ("GET", POLICIES + "?pageSize=100&enabled=true", b"")
    assert asked.headers["Authorization"] == "Bearer token-for-tests-1"
    assert (answer.status, answer.next_token) == (200, "tok2")
    assert answer.data["definitions"] == [{"id": "eNpolicy-1"}]


def test_a_change_names_its_object_in_the_path_and_sends_a_flat_body(server, client):
    server.add(POLICIES + "/eNpolicy-1", Answer({"id": "eNpolicy-1"}))
    client.rest(capabilities.REST_UPDATE_POLICY, path=ONE, body={"enabled": False})
    (asked,) = server.calls(POLICIES + "/eNpolicy-1")
    assert (asked.method, asked.json) == ("PATCH", {"enabled": False})


def test_an_answer_without_body_is_a_success(server, client):
    server.add(POLICIES + "/eNpolicy-1", Answer(b"", 204))
    answer = client.rest(capabilities.REST_DELETE_POLICY, path=ONE)
    assert (answer.status, answer.data) == (204, {})
    assert server.calls(POLICIES + "/eNpolicy-1")[0].method == "DELETE"


def test_an_id_cannot_leave_its_place_in_the_path(server, client):
    server.add(POLICIES + "/a%2F..%2Fb%3Fc", Answer({}))
    client.rest(capabilities.REST_GET_POLICY, path={"policy_id": "a/../b?c"})
    for wrong in ({}, {"policy_id": ""}, {"policy_id": ".."}, {"id": "eN"}, {"policy_id": "eN", "more": "x"}):
        with pytest.raises(InvalidInputError, match="policy_id"):
            client.rest(capabilities.REST_GET_POLICY, path=wrong)
    assert len(server.asked) == 2, "the token, and one request"


def test_times_and_lists_are_written_into_the_query(server, client):
    server.add("/siem/v1/events/cg", Answer({"value": [], "@nextPage": "", "isCaughtUp": True}))
    start = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
    client.rest(capabilities.SIEM_EVENTS, query={"dateRangeStartsAt": start, "types": ["a", "b"]})
    assert server.calls("/siem/v1/events/cg")[0].path.endswith(
        "?dateRangeStartsAt=2025-01-14T09%3A30%3A00%2B0000&types=a&types=b"
    )


def test_api_1_refuses_before_anything_is_sent_and_names_the_other_way(server, client_1):
    with pytest.raises(NotOfferedError, match=r"GET .*policies is not offered by API 1\.0.*get-policy"):
        client_1.rest(capabilities.REST_LIST_POLICIES)
    assert not server.asked


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (403, {"fail": [{"code": "app_forbidden", "message": "no"}]}, PermissionMissingError, "Policy Management"),
        (403, {"message": "forbidden"}, PermissionMissingError, "Gateway | Policies | Read"),
        (404, {"errors": [{"code": "not_found", "message": "no such policy"}]}, NotFoundError, "no such policy"),
        (404, b"", NotFoundError, "no longer"),
        (400, {"code": "invalid", "message": "bad id"}, RejectedError, "bad id"),
        (400, {"error": {"code": "invalid", "message": "bad id"}}, RejectedError, "invalid"),
        (409, {"error": "changed"}, RejectedError, "changed meanwhile"),
        (405, b"", ResponseError, "does not take GET"),
        (200, {"fail": [{"errors": [{"code": "err_x", "message": "refused"}]}]}, RejectedError, "err_x"),
        (200, b"[]", ResponseError, "list instead of an object"),
        (200, b"<html>", ResponseError, "HTML"),
    ],
)
def test_a_refusal_is_a_typed_error(server, client, status, body, error, said):
    server.add(POLICIES + "/eNpolicy-1", Answer(body, status))
    with pytest.raises(error) as caught:
        client.rest(capabilities.REST_GET_POLICY, path=ONE)
    assert said in str(caught.value)


def test_reads_are_repeated_and_effects_are_not(server, client):
    place = POLICIES + "/eNpolicy-1"
    server.add(place, Answer(b"", 503), Answer({"id": "eNpolicy-1"}))
    assert client.rest(capabilities.REST_GET_POLICY, path=ONE).data == {"id": "eNpolicy-1"}
    server.add(place, Answer(b"", 503), Answer({"id": "eNpolicy-1"}))
    with pytest.raises(EffectUnknownError, match=r"DELETE .*look at the tenant") as caught:
        client.rest(capabilities.REST_DELETE_POLICY, path=ONE, targets=["eNpolicy-1"])
    assert caught.value.unknown == ("eNpolicy-1",)
    assert [asked.method for asked in server.calls(place)] == ["GET", "GET", "DELETE"]


def test_an_effect_refused_by_the_quota_was_not_executed_and_is_repeated(server, client, clock):
    server.add(POLICIES, Answer(b"", 429, {"X-RateLimit-Reset": "2000"}), Answer({"policyId": "eNpolicy-2"}))
    assert (
        client.rest(capabilities.REST_CREATE_POLICY, body={"option": "block_sender"}).data["policyId"] == "eNpolicy-2"
    )
    assert clock.seconds >= 2


def test_each_method_of_a_path_has_its_own_quota(server, client, clock):
    server.add(POLICIES, Answer({}, 200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60000"}))
    client.rest(capabilities.REST_LIST_POLICIES)
    client.rest(capabilities.REST_CREATE_POLICY, body={})
    assert clock.seconds == 0
    client.rest(capabilities.REST_LIST_POLICIES)
    assert clock.seconds >= 60


def test_a_refused_token_is_replaced_once(server, client):
    server.add(POLICIES, Answer({"fail": [{"code": "token_expired", "message": ""}]}, 401), Answer({"definitions": []}))
    client.rest(capabilities.REST_LIST_POLICIES)
    assert len(server.calls("/oauth/token")) == 2


def test_what_cannot_be_reached_is_transient(client_for: Any):
    client = client_for("2.0", deadline=1.0)
    client.api_root = "http://127.0.0.1:1"
    with pytest.raises(TransientError):
        client.rest(capabilities.WHOAMI)


def test_the_sandbox_says_who_we_are():
    tenant = Tenant.generate(messages=1, seed=1)
    two = tenant.credentials_v2
    with (
        serve(tenant) as server,
        MimecastClient(server.url, ClientCredentials(two.client_id, two.client_secret)) as client,
    ):
        assert client.rest(capabilities.WHOAMI).data["clientId"] == two.client_id
