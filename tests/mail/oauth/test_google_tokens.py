"""Tokens for Gmail and Workspace, from google-auth and a token service on this machine."""

from __future__ import annotations

import base64
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailroom.errors import (
    AccessError,
    CredentialsError,
    InvalidInputError,
    MailroomError,
    NotOfferedError,
    PermissionMissingError,
    RateLimitError,
    ResponseError,
    TransientError,
)
from mailroom.mail.oauth import GoogleRefreshToken, GoogleServiceAccount, TokenHttp
from mailroom.mail.transport import ProxySettings
from mailroom.redact import scrub


def refresh(service: Any, http: TokenHttp, **options: Any) -> GoogleRefreshToken:
    return GoogleRefreshToken(
        client_id="client-1",
        client_secret="client-secret-1",
        refresh_token="refresh-token-1",
        token_uri=f"{service.url}/token",
        http=http,
        **options,
    )


def test_a_refresh_token_becomes_an_access_token(service: Any, http: TokenHttp) -> None:
    provider = refresh(service, http)

    assert provider(False) == "token-one"
    assert service.asked == [
        {
            "grant_type": "refresh_token",
            "client_id": "client-1",
            "client_secret": "client-secret-1",
            "refresh_token": "refresh-token-1",
        }
    ]


def test_the_token_is_kept_until_five_minutes_before_its_end(service: Any, http: TokenHttp, clock: Any) -> None:
    service.answers = [(200, {"access_token": f"token-{n}", "expires_in": 3600}) for n in range(3)]
    provider = refresh(service, http, clock=clock)

    assert provider(False) == "token-0"
    clock.time += timedelta(minutes=54)
    assert provider(False) == "token-0"
    clock.time += timedelta(minutes=2)
    assert provider(False) == "token-1"
    assert provider(True) == "token-2"
    assert len(service.asked) == 3


@pytest.mark.parametrize(
    ("status", "answer", "error", "words"),
    [
        (400, {"error": "invalid_grant", "error_description": "expired"}, CredentialsError, "give consent again"),
        (401, {"error": "invalid_client"}, CredentialsError, "copy both again"),
        (401, {"error": "unauthorized_client"}, PermissionMissingError, "domain-wide delegation"),
        (403, {"error": "access_denied"}, PermissionMissingError, "policy"),
        (400, b"not json", CredentialsError, "no reason given"),
        (500, {"error": "internal_failure"}, TransientError, "HTTP 500"),
        (503, b"", TransientError, "HTTP 503"),
        (429, {}, RateLimitError, "too often"),
        (302, {}, ResponseError, "redirects"),
        (200, b"x" * (1 << 21), ResponseError, "more than"),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, answer: Any, error: type[MailroomError], words: str, service: Any, http: TokenHttp
) -> None:
    service.answers = [(status, answer)]
    service.headers = {"Location": "http://elsewhere.invalid/", "Retry-After": "7"} if status in (302, 429) else {}

    with pytest.raises(error, match=words) as caught:
        refresh(service, http)(False)

    assert type(caught.value) is error
    assert "refresh-token-1" not in str(caught.value)
    assert len(service.asked) == 1
    if isinstance(caught.value, RateLimitError):
        assert caught.value.retry_after == 7


def test_after_a_failure_the_next_call_asks_again(service: Any, http: TokenHttp) -> None:
    service.answers = [(503, b""), (200, {"access_token": "token-two", "expires_in": 60})]
    provider = refresh(service, http)
    with pytest.raises(TransientError):
        provider(False)

    assert provider(False) == "token-two"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def info(key: rsa.RSAPrivateKey, service: Any) -> dict[str, str]:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {
        "type": "service_account",
        "client_email": "robot@project.example",
        "private_key": pem,
        "private_key_id": "1",
        "token_uri": f"{service.url}/token",
    }


def test_a_service_account_signs_for_the_mailbox(
    info: dict[str, str], key: rsa.RSAPrivateKey, service: Any, http: TokenHttp, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(info))

    for form in (info, path, json.dumps(info)):
        assert GoogleServiceAccount(info=form, mailbox="soc@northwind.example", http=http)(False) == "token-one"

    assertion = service.asked[0]["assertion"]
    head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in assertion.split("."))
    said = json.loads(claims)
    assert json.loads(head)["alg"] == "RS256"
    assert (said["iss"], said["sub"]) == ("robot@project.example", "soc@northwind.example")
    assert said["scope"] == "https://mail.google.com/"
    signed = assertion.rpartition(".")[0].encode()
    key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def test_what_is_no_key_file_is_an_input_error(info: dict[str, str], http: TokenHttp, tmp_path: Path) -> None:
    for bad in (tmp_path / "absent.json", "{not json", '["list"]'):
        with pytest.raises(InvalidInputError):
            GoogleServiceAccount(info=bad, mailbox="a@x.example", http=http)
    with pytest.raises(InvalidInputError):
        GoogleServiceAccount(info=info | {"private_key": "none"}, mailbox="a@x.example", http=http)(False)


def test_without_the_package_the_extra_is_named(service: Any, http: TokenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.oauth2.credentials", None)

    with pytest.raises(NotOfferedError, match=r"mailroom\[oauth\]"):
        refresh(service, http)(False)


def test_secrets_are_asked_for_over_tls_and_checked(service: Any, certificates: Any) -> None:
    with pytest.raises(AccessError, match="certificate"):
        refresh(service, TokenHttp(ca_file=certificates.other_ca_file))(False)
    with pytest.raises(InvalidInputError, match="https"):
        TokenHttp()("http://token.example/token", "POST")
    assert service.asked == []


def test_an_http_proxy_is_used_and_its_login_stays_secret(service: Any, proxy_servers: Any, certificates: Any) -> None:
    proxy_servers.http.demand("ann", "proxy-secret")
    port = proxy_servers.http.port
    right, wrong = (ProxySettings("http", "127.0.0.1", port, "ann", word) for word in ("proxy-secret", "wrong-secret"))
    good, bad = (TokenHttp(proxy=proxy, ca_file=certificates.ca_file) for proxy in (right, wrong))

    assert refresh(service, good)(False) == "token-one"
    assert proxy_servers.http.requests[0][0] == "localhost"
    with pytest.raises(CredentialsError, match="proxy") as caught:
        refresh(service, bad)(False)
    assert "wrong-secret" not in str(caught.value)
    with pytest.raises(InvalidInputError, match="http or https"):
        TokenHttp(proxy=ProxySettings("socks5", "127.0.0.1", port))
    good.close()
    bad.close()


def test_tokens_and_secrets_are_masked(service: Any, http: TokenHttp) -> None:
    provider = refresh(service, http)
    token = provider(False)

    assert token not in scrub(f"Bearer {token}")
    assert scrub("client-secret-1 refresh-token-1") == "[secret] [secret]"
    assert "secret" not in repr(provider)
