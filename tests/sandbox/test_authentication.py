from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from sandbox.auth import sign

ACCOUNT = "/api/account/get-account"
RELEASE = "/api/gateway/hold-release"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_the_published_test_vectors_hold():
    secret = "bWltZWNhc3QtZXhhbXBsZS1zZWNyZXQta2V5LTAwMDE="
    fixed = ("Tue, 14 Jan 2025 09:30:00 UTC", "11111111-2222-3333-4444-555555555555")
    app_key = "00000000-aaaa-bbbb-cccc-000000000001"

    assert sign(*fixed, "/api/message-finder/search", app_key, secret) == "Kpa62SDj3hRGP5YCdBFts3+Fvo0="
    assert sign(*fixed, ACCOUNT, app_key, secret) == "qslP2K/Uu/r5aRZfF647XjEz3YY="


def test_a_good_call_of_either_generation_is_answered(either):
    answer = either.call(ACCOUNT)

    assert answer.status == 200
    assert answer.data[0]["domain"] == "northwind.example"
    assert either.tenant.calls[-1].generation == either.generation


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"app_key": "00000000-0000-0000-0000-000000000000"}, "err_xdk_invalid_signature"),
        ({"secret_key": base64.b64encode(b"wrong").decode()}, "err_xdk_invalid_signature"),
        ({"access_key": "AK-unknown"}, "err_xdk_invalid_signature"),
        ({"signed_path": "/api/other"}, "err_xdk_invalid_signature"),
        ({"app_id": "not-this-one"}, "err_developer_key"),
        ({"date": "Mon, 14 Jan 2025 09:30:00 UTC"}, "err_xdk_invalid_signature"),
        ({"date": "2025-01-14T09:30:00Z"}, "err_xdk_invalid_signature"),
        ({"date": "Di, 14 Jan 2025 09:30:00 UTC"}, "err_xdk_invalid_signature"),
    ],
)
def test_a_call_signed_wrongly_is_401(caller, change, code):
    answer = caller.send("POST", ACCOUNT, b"", caller.signed(ACCOUNT, **change))

    assert (answer.status, answer.code) == (401, code)


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (-290, 200), (310, 401), (-310, 401)])
def test_a_date_may_be_five_minutes_off(caller, seconds, status):
    moment = caller.tenant.clock.now() + timedelta(seconds=seconds)
    headers = caller.signed(ACCOUNT, date=moment.strftime("%a, %d %b %Y %H:%M:%S UTC"))

    assert caller.send("POST", ACCOUNT, b"", headers).status == status


def test_a_request_id_that_is_no_guid_is_refused_and_a_reused_one_is_noted(caller):
    assert caller.send("POST", ACCOUNT, b"", caller.signed(ACCOUNT, request_id="1")).status == 400

    headers = caller.signed(ACCOUNT)
    caller.send("POST", ACCOUNT, b"", headers)
    caller.send("POST", ACCOUNT, b"", headers)

    assert caller.tenant.reused_request_ids == [headers["x-mc-req-id"]]


def test_a_call_without_credentials_is_401(caller):
    assert caller.send("POST", ACCOUNT).status == 401


def test_a_token_needs_the_right_secret(caller):
    answer = caller.send("POST", "/oauth/token", b"client_id=x&client_secret=y&grant_type=client_credentials", FORM)

    assert (answer.status, answer.json["fail"][0]["code"]) == (401, "InvalidClientIdentifier")


def test_a_token_can_be_had_with_basic_authentication(caller):
    client = caller.tenant.credentials_v2
    basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    answer = caller.send(
        "POST", "/oauth/token", b"grant_type=client_credentials", {**FORM, "Authorization": f"Basic {basic}"}
    )

    assert answer.json["expires_in"] == 1799


def test_a_token_ends_after_half_an_hour(caller):
    caller.generation = "2.0"
    assert caller.call(ACCOUNT).status == 200

    caller.tenant.advance(timedelta(minutes=31))

    answer = caller.call(ACCOUNT)
    assert (answer.status, answer.json["fail"]) == (
        401,
        [{"code": "token_expired", "message": "access token has expired"}],
    )


def test_an_expired_binding_is_418_until_a_login_extends_it(caller):
    keys = caller.tenant.credentials_v1
    caller.tenant.expire_binding()
    answer = caller.call(ACCOUNT)
    assert (answer.status, answer.code) == (418, "err_xdk_binding_expired")

    basic = base64.b64encode(f"{keys.email}:{keys.password}".encode()).decode()
    headers = {**caller.signed("/api/login/login"), "Authorization": f"Basic-Cloud {basic}"}
    body = json.dumps({"data": [{"userName": keys.email, "accessKey": keys.access_key}]}).encode()
    renewed = caller.send("POST", "/api/login/login", body, headers)

    assert renewed.data[0]["accessKey"] == keys.access_key
    assert caller.tenant.bindings_made == 0
    assert caller.call(ACCOUNT).status == 200


def test_a_missing_permission_is_403_in_either_generation(either):
    either.tenant.revoke("Account | Monitoring | Held | Edit")
    hold_id = either.hold_list()[0]["id"]

    answer = either.call(RELEASE, {"id": hold_id})

    assert answer.status == 403
    assert either.tenant.effects == []
    either.tenant.grant("Account | Monitoring | Held | Edit")
    assert either.call(RELEASE, {"id": hold_id}).data == [{"id": hold_id, "release": True}]


def test_a_product_that_is_not_assigned_forbids_the_application(caller):
    caller.generation = "2.0"
    caller.tenant.unassign_product("Audit Events")

    answer = caller.call("/api/gateway/get-held-release-logs", {})

    assert (answer.status, answer.json["fail"][0]["code"]) == (403, "app_forbidden")


def test_functions_of_the_other_generation_do_not_exist(caller):
    headers = caller.signed("/identity/whoami")
    assert caller.send("GET", "/identity/whoami", b"", headers).status == 404

    caller.generation = "2.0"
    assert caller.call("/api/message-finder/reject-held-email", {"id": "x"}).status == 404
    assert caller.call("/api/gateway/message/get-message-detail", {"id": "x"}).status == 403
    bearer = {"Authorization": f"Bearer {caller.token()}"}
    assert caller.send("GET", "/identity/whoami", b"", bearer).status == 200


def test_unknown_functions_are_404_and_wrong_methods_405(caller):
    assert caller.call("/api/gateway/no-such-thing").status == 404
    assert caller.send("GET", ACCOUNT, b"", caller.signed(ACCOUNT)).status == 405
