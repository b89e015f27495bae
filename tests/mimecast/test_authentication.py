from __future__ import annotations

import base64
import locale
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import BindingExpiredError, CredentialsError, InvalidInputError, ResponseError, TransientError
from mailroom.mimecast import ApplicationKeys, ClientCredentials, account
from mailroom.mimecast.dates import signing_date
from mailroom.mimecast.hmac_auth import sign

ACCOUNT = "/api/account/get-account"
HERE = ok({"accountCode": "C1", "region": "eu"})
FLAT_401 = Answer({"fail": [{"code": "token_expired", "message": "token expired"}]}, 401)


def test_a_signed_request_carries_what_the_server_needs_to_check_it(server, client_1, keys):
    server.add(ACCOUNT, HERE)
    account.get_account(client_1)

    headers = server.asked[0].headers
    access_key, _, signature = headers["Authorization"].removeprefix("MC ").partition(":")
    assert access_key == keys.access_key
    assert headers["x-mc-app-id"] == keys.app_id
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d UTC", headers["x-mc-date"])
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert signature == sign(
        keys.secret_key,
        date=headers["x-mc-date"],
        request_id=headers["x-mc-req-id"],
        path=ACCOUNT,
        app_key=keys.app_key,
    )


def test_a_repeat_is_signed_anew(server, client_1):
    server.add(ACCOUNT, Answer(b"", 503), HERE)
    account.get_account(client_1)
    first, second = server.asked
    assert first.headers["x-mc-req-id"] != second.headers["x-mc-req-id"]
    assert first.headers["Authorization"] != second.headers["Authorization"]


def test_the_signed_date_is_english_in_every_locale():
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "C.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert signing_date(datetime(2025, 3, 5, 9, 30, tzinfo=UTC)) == "Wed, 05 Mar 2025 09:30:00 UTC"
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_keys_that_cannot_be_right_are_refused_before_any_call():
    with pytest.raises(InvalidInputError, match="secret_key is not base64"):
        ApplicationKeys("a", "b", "c", "not base64!")
    with pytest.raises(InvalidInputError, match="access_key"):
        ApplicationKeys("a", "b", "c\r\nX: y", base64.b64encode(b"x").decode())
    with pytest.raises(InvalidInputError, match="client_secret"):
        ClientCredentials("a", " secret")


def test_credentials_never_show_themselves(keys):
    shown = repr(keys) + repr(ClientCredentials("id", "the-client-secret"))
    for secret in (keys.app_key, keys.access_key, keys.secret_key, "the-client-secret"):
        assert secret not in shown


def test_an_expired_binding_without_a_login_is_diagnosed_and_not_repeated(server, client_1):
    server.add(ACCOUNT, fail("err_xdk_binding_expired", status=418))
    with pytest.raises(BindingExpiredError, match="binding of the access key has expired"):
        account.get_account(client_1)
    assert len(server.asked) == 1


@pytest.fixture
def renewable(keys):
    return ApplicationKeys(
        keys.app_id, keys.app_key, keys.access_key, keys.secret_key, "svc@example.com", "pass-word-1"
    )


def test_an_expired_binding_is_extended_once_and_the_call_repeated(server, client_for, renewable):
    server.add(ACCOUNT, fail("err_xdk_binding_expired", status=418), HERE)
    server.add("/api/login/login", ok({"accessKey": renewable.access_key, "duration": 43_200_000}))
    with client_for("1.0", credentials=renewable) as client:
        assert account.get_account(client).code == "C1"
    (login,) = server.calls("/api/login/login")
    assert login.json == {"data": [{"userName": "svc@example.com", "accessKey": renewable.access_key}]}
    assert login.headers["Authorization"] == "Basic-Cloud " + base64.b64encode(b"svc@example.com:pass-word-1").decode()


def test_a_refused_login_is_not_tried_again_soon(server, client_for, clock, renewable):
    server.add(ACCOUNT, fail("err_xdk_binding_expired", status=418))
    server.add("/api/login/login", fail("err_login", status=401))
    with client_for("1.0", credentials=renewable) as client:
        for _ in range(3):
            with pytest.raises(BindingExpiredError):
                account.get_account(client)
        assert len(server.calls("/api/login/login")) == 1
        clock.sleep(901)
        with pytest.raises(BindingExpiredError):
            account.get_account(client)
    assert len(server.calls("/api/login/login")) == 2


def test_one_token_serves_all_threads_and_clients(server, client_for):
    server.add(ACCOUNT, HERE)
    clients = [client_for("2.0") for _ in range(3)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: account.get_account(clients[number % 3]), range(24)))
    (token,) = server.calls("/oauth/token")
    assert token.body == (b"client_id=client-id-1&client_secret=client-secret-for-tests&grant_type=client_credentials")
    assert server.calls(ACCOUNT)[0].headers["Authorization"] == "Bearer token-for-tests-1"


def test_a_token_is_renewed_before_it_expires(server, client, clock):
    server.add(ACCOUNT, HERE)
    account.get_account(client)
    clock.sleep(1799 - 130)
    account.get_account(client)
    assert len(server.calls("/oauth/token")) == 1
    clock.sleep(20)
    account.get_account(client)
    assert len(server.calls("/oauth/token")) == 2


def test_a_failing_early_renewal_goes_on_with_the_good_token(server, client, clock):
    server.add(ACCOUNT, HERE)
    account.get_account(client)
    server.add("/oauth/token", Answer(b"", 503))
    clock.sleep(1799 - 60)
    assert account.get_account(client).code == "C1"
    clock.sleep(61)
    with pytest.raises(TransientError, match="oauth/token"):
        account.get_account(client)


@pytest.mark.parametrize("lifetime", [0, -5, "soon", None, 1e12])
def test_an_absurd_lifetime_still_gives_a_usable_token(server, client, lifetime):
    server.add("/oauth/token", Answer({"access_token": "token-for-tests-2", "expires_in": lifetime}))
    server.add(ACCOUNT, HERE)
    account.get_account(client)
    account.get_account(client)
    assert len(server.calls("/oauth/token")) == 1


def test_a_refused_token_is_replaced_once(server, client):
    server.add(ACCOUNT, FLAT_401, HERE)
    assert account.get_account(client).code == "C1"
    assert len(server.calls("/oauth/token")) == 2


def test_a_token_refused_twice_is_a_credentials_error(server, client):
    server.add(ACCOUNT, FLAT_401)
    with pytest.raises(CredentialsError, match="token_expired"):
        account.get_account(client)
    assert len(server.calls(ACCOUNT)) == 2


def test_many_threads_with_one_refused_token_fetch_one_new_token(server, client):
    server.add(ACCOUNT, HERE)
    account.get_account(client)
    barrier = threading.Barrier(8)
    server.add(ACCOUNT, *[Answer(FLAT_401.body, 401, before=barrier.wait)] * 8, HERE)
    with ThreadPoolExecutor(8) as pool:
        assert {tenant.code for tenant in pool.map(lambda _: account.get_account(client), range(8))} == {"C1"}
    assert len(server.calls("/oauth/token")) == 2


@pytest.fixture
def stuck(server):
    """The token service takes requests and does not answer until the test is over."""
    over = threading.Event()
    server.add("/oauth/token", Answer(b"", 503, before=lambda: over.wait(10)))
    yield
    over.set()


@pytest.mark.usefixtures("stuck")
def test_no_call_outlasts_its_deadline_while_no_token_comes(client_for):
    client = client_for("2.0", clock=SYSTEM_CLOCK, read_timeout=0.5, deadline=0.6)

    def seconds(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(TransientError, match="oauth/token"):
            account.get_account(client)
        return time.monotonic() - began

    with ThreadPoolExecutor(6) as pool:
        assert max(pool.map(seconds, range(6))) < 1.2


def test_threads_that_wait_for_one_token_share_the_failure_to_get_it(server, client):
    four = threading.Barrier(4)

    def until_the_others_wait() -> None:
        time.sleep(0.3)  # long enough for three threads to stand behind the first one

    server.add(
        "/oauth/token", Answer({"fail": [{"code": "InvalidClientIdentifier"}]}, 401, before=until_the_others_wait)
    )

    def call(_: int) -> str:
        four.wait()
        with pytest.raises(CredentialsError) as caught:
            account.get_account(client)
        return str(caught.value)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(call, range(4)))) == 1
    assert len(server.calls("/oauth/token")) == 1


def test_a_wrong_client_secret_is_permanent(server, client):
    server.add("/oauth/token", Answer({"fail": [{"code": "InvalidClientIdentifier", "message": "no"}]}, 401))
    with pytest.raises(CredentialsError, match="client id or client secret"):
        account.get_account(client)
    assert len(server.asked) == 1


def test_an_api_1_host_is_recognised_by_its_missing_token_service(server, client):
    server.add("/oauth/token", Answer(b"", 404))
    with pytest.raises(CredentialsError, match=r"API 2\.0 host"):
        account.get_account(client)


@pytest.mark.parametrize("body", [b"<html>", {"access_token": 7}, {"access_token": "a\r\nX: y"}, [], b""])
def test_an_unusable_token_answer_is_a_response_error(server, client, body):
    server.add("/oauth/token", Answer(body))
    with pytest.raises(ResponseError):
        account.get_account(client)


def test_a_refused_signature_with_a_wrong_clock_names_the_difference(server, client_1):
    server.add(
        ACCOUNT,
        Answer(
            {"fail": [{"errors": [{"code": "err_xdk_invalid_signature"}]}]},
            401,
            {"Date": "Tue, 14 Jan 2025 09:30:00 GMT"},
        ),
    )
    with pytest.raises(CredentialsError, match=r"clock differs by .* set the clock"):
        account.get_account(client_1)
    assert len(server.asked) == 1
    assert client_1.skew is not None
