"""What is repeated, what never is."""

from __future__ import annotations

import pickle
import socket

import pytest
from mimecast_scripted import Answer, ok

from mailroom.errors import PermissionMissingError, RateLimitError, ResponseError, TransientError
from mailroom.mimecast import ClientCredentials, EffectUnknownError, MimecastClient, account, held

ACCOUNT, RELEASE = "/api/account/get-account", "/api/gateway/hold-release"
HERE = ok({"accountCode": "C1"})
RELEASED = ok({"id": "a", "release": True})
BUSY = Answer(b"", 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2000"})
BROKEN = [
    Answer(b"", 500),
    Answer(b"", 502),
    Answer(b"", 503),
    Answer(b"", 504),
    Answer(b"", 408),
    Answer(reset=True),
    Answer(b'{"data": [{"accountCode": "C1"}]}', cut=12),
    Answer(b"<html>"),
    Answer(b""),
    Answer({"meta": {"status": 500}, "data": [], "fail": []}),
]


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_a_read_is_repeated(server, client, clock, broken):
    server.add(ACCOUNT, broken, HERE)
    assert account.get_account(client).code == "C1"
    assert len(server.calls(ACCOUNT)) == 2
    assert len(clock.slept) == 1
    assert 0 <= clock.slept[0] <= 1


@pytest.mark.parametrize("broken", BROKEN, ids=str)
def test_an_effect_whose_answer_is_not_seen_is_unknown_and_sent_once(server, client, broken):
    server.add(RELEASE, broken, RELEASED)
    with pytest.raises(EffectUnknownError, match="look the message up") as caught:
        held.hold_release(client, ["a", "b"])
    assert caught.value.unknown == ("a", "b")
    assert len(server.calls(RELEASE)) == 1
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (again.unknown, str(again)) == (caught.value.unknown, str(caught.value))


def test_a_read_gives_up_inside_its_deadline(server, client_for, clock):
    server.add(ACCOUNT, Answer(b"", 503))
    with client_for("2.0", deadline=20.0) as client, pytest.raises(TransientError, match="503"):
        account.get_account(client)
    assert sum(clock.slept) <= 20


def test_an_unreadable_read_is_repeated_twice_then_an_error(server, client):
    server.add(ACCOUNT, Answer(b"<html>"))
    with pytest.raises(ResponseError, match="HTML"):
        account.get_account(client)
    assert len(server.calls(ACCOUNT)) == 3


def test_an_effect_is_repeated_after_429_because_it_was_not_executed(server, client_for, clock):
    waits = []
    server.add(RELEASE, BUSY, RELEASED)
    with client_for("2.0", on_wait=lambda *wait: waits.append(wait)) as client:
        assert held.hold_release(client, ["a"])["a"].ok
    ((seconds, path, reason),) = waits
    assert 2.0 <= seconds <= 2.1
    assert (path, reason) == (RELEASE, "rate limit")


def test_an_effect_is_repeated_once_when_its_token_was_refused(server, client):
    server.add(RELEASE, Answer({"fail": [{"code": "token_expired", "message": ""}]}, 401), RELEASED)
    assert held.hold_release(client, ["a"])["a"].ok


@pytest.mark.parametrize("path", ["/oauth/token", ACCOUNT])
def test_whoever_looks_on_while_it_waits_is_told_why(server, client_for, path):
    reasons: list[str] = []
    token = Answer({"access_token": "token-for-tests-3", "expires_in": 1799})
    answers = {"/oauth/token": token, ACCOUNT: HERE}
    for one, answer in answers.items():
        server.add(one, *([Answer(reset=True)] if one == path else []), answer)
    with client_for("2.0", on_wait=lambda _seconds, _path, why: reasons.append(why)) as client:
        assert account.get_account(client).code
    assert ["reset" in why.lower() or "aborted" in why.lower() for why in reasons] == [True]


def test_an_effect_waits_for_a_token_like_a_read(server, client):
    server.add("/oauth/token", Answer(b"", 503), Answer({"access_token": "token-for-tests-3", "expires_in": 1799}))
    server.add(RELEASE, RELEASED)
    assert held.hold_release(client, ["a"])["a"].ok


def test_a_wait_longer_than_the_deadline_fails_at_once_and_says_for_how_long(server, client_for, clock):
    server.add(ACCOUNT, Answer(b"", 429, {"X-RateLimit-Reset": "60000"}))
    with client_for("2.0", deadline=10.0) as client, pytest.raises(RateLimitError, match="not executed") as caught:
        account.get_account(client)
    assert 59 <= caught.value.retry_after <= 62
    assert clock.slept == []


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_a_refusal_is_final_for_reads_and_effects(server, client, status):
    refused = Answer({"fail": [{"code": "no", "message": "no"}]}, status)
    server.add(ACCOUNT, refused)
    server.add(RELEASE, refused)
    for work in (lambda: account.get_account(client), lambda: held.hold_release(client, ["a"])):
        with pytest.raises(Exception, match=f"HTTP {status}") as caught:
            work()
        assert not isinstance(caught.value, EffectUnknownError)
    assert len(server.calls(ACCOUNT)) == len(server.calls(RELEASE)) == 1


def test_an_unreachable_host_means_an_effect_was_not_sent(clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        credentials = ClientCredentials("c", "some-secret")
        with (
            MimecastClient(url, credentials, clock=clock, deadline=5.0) as client,
            pytest.raises(TransientError, match="reached") as caught,
        ):
            held.hold_release(client, ["a"])
    assert not isinstance(caught.value, EffectUnknownError)


def test_a_body_over_the_cap_is_refused_while_it_is_read(server, client_for):
    server.add(ACCOUNT, Answer(b" " * 200_000))
    server.add(RELEASE, Answer(b" " * 200_000))
    with client_for("2.0", max_body=100_000) as client:
        with pytest.raises(ResponseError, match="100000 bytes"):
            account.get_account(client)
        with pytest.raises(EffectUnknownError):
            held.hold_release(client, ["a"])
    assert len(server.calls(ACCOUNT)) == 1


def test_a_redirect_is_never_followed(server, client):
    server.add(ACCOUNT, Answer(b"", 302, {"Location": "https://evil.example/"}))
    with pytest.raises(ResponseError, match="redirect"):
        account.get_account(client)


def test_nothing_left_of_data_is_not_nothing_found(server, client):
    server.add("/api/gateway/get-hold-summary-list", Answer({"meta": {"status": 200}}))
    with pytest.raises(ResponseError, match="no data field"):
        held.get_hold_summary_list(client)


def test_a_permission_missing_in_meta_alone_is_seen(server, client):
    server.add(ACCOUNT, Answer({"meta": {"status": 403}, "data": [], "fail": []}))
    with pytest.raises(PermissionMissingError, match=r"Account \| Dashboard \| Read"):
        account.get_account(client)
