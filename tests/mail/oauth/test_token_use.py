"""One token for many threads, the strings that log in, and what a token says about itself."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.oauth import TokenHttp, diagnose, oauthbearer, xoauth2
from mailroom.mail.oauth.cache import AccessToken, TokenCache
from mailroom.mail.oauth.google import GoogleRefreshToken

OUTLOOK = "https://outlook.office365.com"
ENTRA = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"


class CountedDoor:
    """A lock that tells when somebody came to it."""

    def __init__(self) -> None:
        self._lock, self.came = threading.Lock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.came.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_many_threads_fetch_one_token(service: Any, http: TokenHttp) -> None:
    service.gate.clear()
    provider = GoogleRefreshToken(
        client_id="c", client_secret="secret-x", refresh_token="refresh-x", token_uri=f"{service.url}/t", http=http
    )
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(provider(False))) for _ in range(12)]
    for thread in threads:
        thread.start()
    service.gate.set()
    for thread in threads:
        thread.join(20)

    assert found == ["token-one"] * 12
    assert len(service.asked) == 1


def test_threads_refused_together_renew_together(clock: Any) -> None:
    fetched: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    def fetch() -> AccessToken:
        fetched.append(len(fetched))
        if len(fetched) == 2:
            inside.set()
            go_on.wait(20)
        return AccessToken(f"token-number-{len(fetched)}", clock.now() + timedelta(hours=1))

    cache = TokenCache(fetch, clock)
    cache.get(False)
    door = CountedDoor()
    cache._lock = door  # type: ignore[assignment]
    found: list[str] = []
    first = threading.Thread(target=lambda: found.append(cache.get(True)))
    first.start()
    inside.wait(20)
    waiting = [threading.Thread(target=lambda: found.append(cache.get(True))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for _ in range(4):  # the first thread came through here as well
        assert door.came.acquire(timeout=20)
    go_on.set()
    for thread in (first, *waiting):
        thread.join(20)

    assert found == ["token-number-2"] * 4


def test_a_short_lived_token_is_kept_for_half_its_life(clock: Any) -> None:
    tokens = iter(("first-token", "second-token"))
    cache = TokenCache(lambda: AccessToken(next(tokens), clock.now() + timedelta(minutes=4)), clock)

    assert cache.get(False) == "first-token"
    clock.time += timedelta(seconds=110)
    assert cache.get(False) == "first-token"
    clock.time += timedelta(seconds=20)
    assert cache.get(False) == "second-token"


def test_the_login_strings_have_the_right_shape() -> None:
    assert xoauth2("a@x.example", "tok-en") == "user=a@x.example\x01auth=Bearer tok-en\x01\x01"
    assert oauthbearer("a,b=c@x.example", "mail.example", 993, "tok-en") == (
        "n,a=a=2Cb=3Dc@x.example,\x01host=mail.example\x01port=993\x01auth=Bearer tok-en\x01\x01"
    )


@pytest.mark.parametrize(
    ("user", "token"), [("a\x01auth=x", "t"), ("", "t"), ("a", ""), ("a", "t\x01"), ("a", "t t"), ("a", "ü")]
)
def test_the_login_strings_cannot_be_broken(user: str, token: str) -> None:
    with pytest.raises(InvalidInputError):
        xoauth2(user, token)
    with pytest.raises(InvalidInputError):
        oauthbearer(user, "mail.example", 993, token)


def test_a_right_token_points_at_exchange(jwt: Any, clock: Any) -> None:
    soon = clock.now().timestamp() + 600
    app = diagnose(jwt(iss=ENTRA, aud=OUTLOOK, roles=["IMAP.AccessAsApp"], exp=soon, tid="t", appid="a"), clock=clock)
    user = diagnose(jwt(iss=ENTRA, aud="https://outlook.office.com/", scp="SMTP.Send", exp=soon), purpose="smtp")

    assert (app.problems, app.tenant, app.application) == ((), "t", "a")
    assert "service principal" in app.advice
    assert user.problems == ()


@pytest.mark.parametrize(
    ("claims", "purpose", "words"),
    [
        ({"aud": "https://graph.microsoft.com", "roles": ["Mail.Read"]}, "imap", "Microsoft Graph"),
        ({"aud": "00000003-0000-0000-c000-000000000000", "scp": "Mail.Read"}, "imap", "Microsoft Graph"),
        ({"aud": "https://vault.azure.net"}, "imap", "vault.azure.net"),
        ({"aud": OUTLOOK, "roles": ["IMAP.AccessAsApp"]}, "smtp", "SMTP.SendAsApp is missing"),
        ({"aud": OUTLOOK, "scp": "SMTP.Send"}, "imap", "lacks IMAP.AccessAsUser.All"),
        ({"aud": OUTLOOK, "roles": ["IMAP.AccessAsApp"], "exp": 1_000}, "imap", "ended at 1970"),
        ({"aud": OUTLOOK, "roles": ["IMAP.AccessAsApp"], "nbf": 99_999_999_999}, "imap", "not valid yet"),
    ],
)
def test_what_is_wrong_with_a_token_is_said(
    claims: dict[str, Any], purpose: str, words: str, jwt: Any, clock: Any
) -> None:
    found = diagnose(jwt(iss=ENTRA, **claims), purpose=purpose, clock=clock)

    assert words in found.advice
    assert found.readable


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.e30", "x" * 100_000, "a.W10.c", "a.é.c", "a." + "W1tb" * 2_000 + ".c"]
)
def test_a_token_that_cannot_be_read_is_no_fault(token: str) -> None:
    found = diagnose(token)

    assert (found.readable, found.problems) == (False, ())
    assert found.advice


def test_odd_claims_are_survived(jwt: Any) -> None:
    diagnose(jwt(iss=ENTRA, aud=["a", "b"], roles="text", scp=7, exp="soon", nbf=1e300, tid=None))


@pytest.mark.parametrize("issuer", ["", "https://login.northwind.example/", "https://[broken", 7])
def test_tokens_of_other_issuers_are_not_measured_by_microsofts_rules(jwt: Any, issuer: Any) -> None:
    assert diagnose(jwt(iss=issuer, aud="mail")).problems == ()
