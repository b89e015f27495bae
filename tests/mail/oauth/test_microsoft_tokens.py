"""Tokens for Microsoft 365, from msal and a token service on this machine."""

from __future__ import annotations

import json
import logging
import sys
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailroom import redact
from mailroom.errors import (
    CredentialsError,
    InvalidInputError,
    MailroomError,
    NotOfferedError,
    PermissionMissingError,
    TransientError,
)
from mailroom.mail.oauth import MicrosoftClientCredentials, MicrosoftDelegated, TokenHttp


def application(service: Any, http: TokenHttp, **options: Any) -> MicrosoftClientCredentials:
    defaults = {"tenant": "tenant-1", "client_id": "client-1", "client_secret": "app-secret-1"}
    return MicrosoftClientCredentials(authority=service.url, http=http, **(defaults | options))


def person(service: Any, http: TokenHttp, **options: Any) -> MicrosoftDelegated:
    return MicrosoftDelegated(
        client_id="client-1", refresh_token="refresh-1-old", authority=service.url, http=http, **options
    )


def test_an_application_gets_a_token_for_exchange(service: Any, http: TokenHttp) -> None:
    provider = application(service, http)

    assert [provider(False), provider(False)] == ["token-one", "token-one"]
    (asked,) = service.asked
    assert (asked["grant_type"], asked["scope"]) == (
        "client_credentials",
        "https://outlook.office365.com/.default",
    )
    assert asked["client_id"] == "client-1"


def test_a_fresh_token_is_really_fresh(service: Any, http: TokenHttp) -> None:
    service.answers = [(200, {"access_token": f"token-{n}", "expires_in": 3600}) for n in range(2)]
    provider = application(service, http)

    assert [provider(False), provider(True), provider(False)] == ["token-0", "token-1", "token-1"]
    assert service.discoveries == 1


@pytest.mark.parametrize(
    ("status", "number", "error", "words"),
    [
        (401, "AADSTS7000215: Invalid client secret", CredentialsError, "the secret's value"),
        (400, "AADSTS700016: not found", CredentialsError, "client id and tenant"),
        (400, "AADSTS65001: no consent", PermissionMissingError, "administrator"),
        (400, "AADSTS53003: blocked", PermissionMissingError, "conditional access"),
        (400, "something new", CredentialsError, "check client id"),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, number: str, error: type[MailroomError], words: str, service: Any, http: TokenHttp
) -> None:
    service.answers = [(status, {"error": "invalid_client", "error_description": number})]

    with pytest.raises(error, match=words) as caught:
        application(service, http)(False)

    assert type(caught.value) is error
    assert "app-secret-1" not in str(caught.value)


def test_an_unknown_tenant_is_named_as_that(service: Any, http: TokenHttp) -> None:
    with pytest.raises(CredentialsError, match="tenant"):
        application(service, http, tenant="absent")(False)


@pytest.mark.parametrize("answer", [(503, b""), (400, {"error": "temporarily_unavailable"})])
def test_a_failing_service_is_transient(answer: Any, service: Any, http: TokenHttp) -> None:
    service.answers = [answer]

    with pytest.raises(TransientError):
        application(service, http)(False)


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Transfer-Encoding: chunked"])
def test_an_answer_that_is_garbled_or_breaks_off_is_transient(service: Any, http: TokenHttp, header: str) -> None:
    service.headers = dict([header.split(": ")])
    token = application(service, http)

    with pytest.raises(TransientError):
        token(False)

    service.headers = {}
    assert token(False) == "token-one"


def test_an_answer_that_is_not_json_is_an_error_of_ours(service: Any, http: TokenHttp) -> None:
    service.answers = [(200, b"<html>")]

    with pytest.raises(MailroomError):
        application(service, http)(False)


def test_secret_or_certificate_not_both_not_none(service: Any, http: TokenHttp) -> None:
    for options in ({"client_secret": ""}, {"certificate": "x"}):
        with pytest.raises(InvalidInputError, match="either"):
            application(service, http, **options)


@pytest.fixture(scope="module")
def rsa_key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_an_application_signs_with_its_certificate(
    service: Any, http: TokenHttp, certificates: Any, rsa_key: str
) -> None:
    pem = f"Bag Attributes\n{rsa_key}\n{certificates.client_pair().certificate.read_text()}"
    provider = application(service, http, client_secret="", certificate=pem)

    assert provider(False) == "token-one"
    (asked,) = service.asked
    assert "client_secret" not in asked
    head, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in asked["client_assertion"].split(".")[:2])
    assert "x5t#S256" in head
    assert (claims["iss"], claims["sub"]) == ("client-1", "client-1")
    line = rsa_key.splitlines()[3]
    assert line not in redact.scrub(f"cannot read {line}")


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("x", "PEM text"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----", "unencrypted"),
        ("{certificate}", "unencrypted"),
        ("{certificate}-----BEGIN PRIVATE KEY-----\nZGFtYWdlZA==\n-----END PRIVATE KEY-----", "damaged"),
        ("{certificate}{elliptic}", "RSA"),
    ],
)
def test_a_certificate_that_cannot_sign_is_refused_without_quoting_it(
    service: Any, http: TokenHttp, certificates: Any, pem: str, words: str
) -> None:
    pair = certificates.client_pair()
    given = pem.format(certificate=pair.certificate.read_text(), elliptic=pair.key.read_text())

    with pytest.raises(InvalidInputError, match=words) as refused:
        application(service, http, client_secret="", certificate=given)
    assert "MI" not in str(refused.value)


def test_a_person_gets_a_token_and_the_new_refresh_token_is_saved_first(service: Any, http: TokenHttp) -> None:
    service.answers = [
        (200, {"access_token": "token-a", "expires_in": 3600, "refresh_token": "refresh-2-new"}),
        (200, {"access_token": "token-b", "expires_in": 3600}),
    ]
    saved: list[str] = []
    provider = person(service, http, save=saved.append)

    assert provider(False) == "token-a"
    assert saved == ["refresh-2-new"]
    assert provider(True) == "token-b"
    assert [one["refresh_token"] for one in service.asked] == ["refresh-1-old", "refresh-2-new"]
    scopes = set(service.asked[0]["scope"].split())
    assert {"https://outlook.office.com/IMAP.AccessAsUser.All", "offline_access"} <= scopes
    assert saved == ["refresh-2-new"]


def test_a_refresh_token_that_could_not_be_saved_is_saved_the_next_time(
    service: Any, http: TokenHttp, caplog: pytest.LogCaptureFixture
) -> None:
    service.answers = [(200, {"access_token": "token-a", "expires_in": 3600, "refresh_token": "refresh-2-new"})]
    saved: list[str] = []

    def save(token: str) -> None:
        saved.append(token)
        if len(saved) == 1:
            raise OSError("disk full")

    provider = person(service, http, save=save)
    with caplog.at_level(logging.ERROR):
        assert provider(False) == "token-a"
    provider(True)

    assert saved == ["refresh-2-new", "refresh-2-new"]
    assert "could not be saved" in caplog.text
    assert "refresh-2-new" not in caplog.text


def test_an_expired_sign_in_asks_for_a_new_one(service: Any, http: TokenHttp) -> None:
    service.answers = [(400, {"error": "invalid_grant", "error_description": "AADSTS700082: expired"})]

    with pytest.raises(CredentialsError, match="sign in again"):
        person(service, http)(False)


def test_without_the_package_the_extra_is_named(service: Any, http: TokenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msal", None)

    with pytest.raises(NotOfferedError, match=r"mailroom\[oauth\]"):
        application(service, http)(False)
