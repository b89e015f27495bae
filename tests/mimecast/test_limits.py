"""One gate per account and function; headers are milliseconds, and absurd ones are not believed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from mimecast_scripted import Answer, ok
from requests.structures import CaseInsensitiveDict

from mailroom.mimecast import account
from mailroom.mimecast.limits import LONGEST_WAIT, Gate, GateRegistry, RateHeaders, read_headers

ACCOUNT = "/api/account/get-account"
HERE = {"meta": {"status": 200}, "data": [{"accountCode": "C1"}], "fail": []}


def headers(**values):
    return read_headers(CaseInsensitiveDict({name.replace("_", "-"): value for name, value in values.items()}))


@pytest.mark.parametrize(
    ("sent", "wait"),
    [
        ({"X_RateLimit_Reset": "1500"}, 1.5),
        ({"x_ratelimit_reset": "250"}, 0.25),
        ({"X_Mimecast_RateLimit_Reset": "250"}, 0.25),
        ({"Retry_After": "3", "X_RateLimit_Reset": "1500"}, 3.0),
        ({"Retry_After": "1", "X_RateLimit_Reset": "1500"}, 1.5),
        ({"X_RateLimit_Reset": "864000000"}, LONGEST_WAIT),
        ({"X_RateLimit_Reset": "0"}, None),
        ({"X_RateLimit_Reset": "-5000"}, None),
        ({"X_RateLimit_Reset": "soon"}, None),
        ({"X_RateLimit_Reset": "nan"}, None),
        ({"X_RateLimit_Reset": "inf"}, None),
        ({"X_RateLimit_Reset": "9" * 400}, None),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"X_RateLimit_Remaining": "0"}, None),
    ],
)
def test_header_values_become_seconds_or_nothing(sent, wait):
    assert headers(**sent).wait == wait


def test_no_headers_are_no_news():
    assert headers() is None


def test_a_used_up_quota_holds_the_next_call_back(server, client, clock):
    quota = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3000"}
    server.add(ACCOUNT, Answer(HERE, 200, quota), Answer(HERE))
    account.get_account(client)
    assert clock.slept == []
    account.get_account(client)
    assert sum(clock.slept) == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("reset", ["0", "-1", "text", "NaN"])
def test_a_used_up_quota_with_an_absurd_time_does_not_stop_us(server, client, clock, reset):
    server.add(ACCOUNT, Answer(HERE, 200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}))
    account.get_account(client)
    account.get_account(client)
    assert clock.slept == []


@pytest.mark.parametrize("sent", [{}, {"X-RateLimit-Reset": "0"}, {"X-RateLimit-Reset": "-9"}, {"Retry-After": "x"}])
def test_a_refusal_without_a_usable_time_backs_off_from_one_second(server, client, clock, sent):
    refused = Answer(b"", 429, sent)
    server.add(ACCOUNT, refused, refused, refused, Answer(HERE))
    account.get_account(client)
    assert [round(seconds) for seconds in clock.slept] == [1, 2, 4]


def test_a_refusal_for_ten_days_is_capped(server, client_for, clock):
    server.add(ACCOUNT, Answer(b"", 429, {"X-RateLimit-Reset": str(864_000_000)}), Answer(HERE))
    with client_for("2.0", deadline=1_000.0) as client:
        account.get_account(client)
    assert LONGEST_WAIT <= sum(clock.slept) <= LONGEST_WAIT + 1


def test_a_server_that_always_says_in_a_moment_is_not_hammered(server, client_for, clock):
    server.add(ACCOUNT, Answer(b"", 429, {"X-RateLimit-Reset": "1"}))
    with client_for("2.0", deadline=60.0) as client, pytest.raises(Exception, match="quota"):
        account.get_account(client)
    assert len(server.calls(ACCOUNT)) < 30


def test_clients_with_equal_credentials_share_the_gate(server, client_for, clock):
    quota = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5000"}
    server.add(ACCOUNT, Answer(HERE, 200, quota), Answer(HERE))
    account.get_account(client_for("2.0"))
    account.get_account(client_for("2.0"))
    assert sum(clock.slept) >= 5


def test_functions_and_generations_have_gates_of_their_own(server, client_for, clock):
    server.add(ACCOUNT, Answer(HERE, 200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "5000"}), Answer(HERE))
    server.add("/api/gateway/get-hold-summary-list", ok())
    account.get_account(client_for("2.0"))
    account.get_account(client_for("1.0"))
    assert clock.slept == []


def test_after_the_reset_one_call_goes_first_and_its_answer_opens_the_gate(clock):
    gate = Gate(clock)
    assert gate.enter() == 0
    gate.answered(RateHeaders(0, 2.0))
    assert gate.enter() == pytest.approx(2.0)
    clock.sleep(2.0)
    assert gate.enter() == 0
    assert 0 < gate.enter() <= 0.02
    gate.answered(RateHeaders(9, 2.0))
    assert [gate.enter() for _ in range(9)] == [0] * 9
    assert gate.enter() > 0


def test_a_token_bucket_keeps_its_pace_without_waiting_for_answers(clock):
    gate = Gate(clock)
    gate.answered(RateHeaders(0, 0.01))
    passed = 0
    while clock.seconds < 1.0:
        seconds = gate.enter()
        if seconds:
            clock.sleep(seconds)
        else:
            passed += 1
    assert 90 <= passed <= 101


def test_remaining_calls_are_counted_down_before_answers_arrive(clock):
    gate = Gate(clock)
    gate.answered(RateHeaders(3, 10.0))
    assert [gate.enter() == 0 for _ in range(5)] == [True, True, True, False, False]
    gate.answered(RateHeaders(5, 9.0))  # an older answer overtaken by newer ones
    assert gate.enter() > 0
    clock.sleep(10.1)
    assert gate.enter() == 0


def test_the_registry_gives_every_thread_the_same_gate(clock):
    registry, found = GateRegistry(), []
    barrier = threading.Barrier(8)

    def ask(_):
        barrier.wait()
        found.append(registry.gate("account", "/api/x", clock))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert len(set(map(id, found))) == 1
