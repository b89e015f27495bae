"""Access tokens for Microsoft 365 and Outlook.com mailboxes, by msal."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from mailroom import redact
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import (
    CredentialsError,
    InvalidInputError,
    MailroomError,
    NotOfferedError,
    PermissionMissingError,
    ResponseError,
    TransientError,
)
from mailroom.mail.oauth.cache import AccessToken, TokenCache
from mailroom.mail.oauth.http import TokenHttp

log = logging.getLogger(__name__)

AUTHORITY = "https://login.microsoftonline.com"
APP_SCOPE = "https://outlook.office365.com/.default"
DELEGATED_SCOPES = ("https://outlook.office.com/IMAP.AccessAsUser.All", "https://outlook.office.com/SMTP.Send")

_PRIVATE = re.compile(r"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[^-]+-----END (?:RSA |EC )?PRIVATE KEY-----")
_PUBLIC = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_AADSTS = re.compile(r"AADSTS(\d{4,9})")
_ADVICE: dict[str, tuple[type[MailroomError], str]] = {
    "7000215": (CredentialsError, "the client secret is wrong; copy the secret's value, not its id"),
    "7000222": (CredentialsError, "the client secret has expired; make a new one"),
    "700016": (CredentialsError, "this tenant does not know the application; check client id and tenant"),
    "700027": (CredentialsError, "the certificate is not registered for the application; upload it"),
    "90002": (CredentialsError, "there is no such tenant; check the tenant id, and the cloud it is in"),
    "900023": (CredentialsError, "there is no such tenant; check the tenant id, and the cloud it is in"),
    "65001": (PermissionMissingError, "consent is missing; have an administrator grant it"),
    "53003": (PermissionMissingError, "conditional access blocks this sign-in; have an exception made"),
    "50076": (CredentialsError, "a second factor is wanted; sign in again in the browser"),
    "50079": (CredentialsError, "a second factor must be set up; sign in again in the browser"),
    "50173": (CredentialsError, "the password has changed since; sign in again in the browser"),
    "700082": (CredentialsError, "the refresh token has expired unused; sign in again in the browser"),
    "70008": (CredentialsError, "the refresh token has expired; sign in again in the browser"),
    "70011": (InvalidInputError, "the scope is not valid; Graph and Outlook scopes cannot be mixed"),
    "500011": (PermissionMissingError, "the tenant has no Exchange Online, or the scope's address is wrong"),
    "7000112": (PermissionMissingError, "the application is disabled in this tenant; have it enabled"),
}
_TRANSIENT = {"temporarily_unavailable", "server_error", "service_unavailable"}


class MicrosoftClientCredentials:
    """Callable: a token of the application itself, for any mailbox it was given.

    It needs the application permissions IMAP.AccessAsApp and SMTP.SendAsApp of "Office 365 Exchange Online", admin
    consent, a service principal in Exchange and FullAccess to each mailbox.
    """

    def __init__(
        self,
        *,
        tenant: str,
        client_id: str,
        client_secret: str = "",
        certificate: str = "",
        authority: str = AUTHORITY,
        scope: str = APP_SCOPE,
        http: TokenHttp | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`certificate` is PEM text with certificate and unencrypted private key; or give a `client_secret`."""
        if bool(client_secret) == bool(certificate):
            raise InvalidInputError("give either a client secret or a certificate for the Microsoft application")
        redact.register(client_secret, *_secret_lines(certificate))
        self._application = _Application(
            "ConfidentialClientApplication",
            client_id,
            f"{authority.rstrip('/')}/{tenant}",
            http or TokenHttp(),
            {"client_credential": client_secret or _credential(certificate)},
        )
        self._scope, self._clock = scope, clock
        self._cache = TokenCache(self._fetch, clock)

    def __call__(self, force_refresh: bool = False) -> str:
        """The access token.

        Raises:
            CredentialsError: Application, secret, certificate or tenant are not accepted.
            PermissionMissingError: Consent is missing, or a policy forbids it.
            TransientError: The token service cannot be reached.
            NotOfferedError: msal is not installed.
        """
        return self._cache.get(force_refresh)

    def _fetch(self) -> AccessToken:
        def ask(application: Any) -> Any:
            application.remove_tokens_for_client()  # keeping tokens is the business of our own cache
            return application.acquire_token_for_client([self._scope])

        return _token(self._application.ask(ask), self._clock)


class MicrosoftDelegated:
    """Callable: a token of a person who signed in once.

    Microsoft hands out a new refresh token with every access token. `save` gets it before the access token is used;
    when it fails, it is called again before the next request.
    """

    def __init__(
        self,
        *,
        client_id: str,
        refresh_token: str,
        tenant: str = "common",
        client_secret: str = "",
        save: Callable[[str], None] | None = None,
        authority: str = AUTHORITY,
        scopes: tuple[str, ...] = DELEGATED_SCOPES,
        http: TokenHttp | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        redact.register(refresh_token, client_secret)
        kind = "ConfidentialClientApplication" if client_secret else "PublicClientApplication"
        options = {"client_credential": client_secret} if client_secret else {}
        self._application = _Application(
            kind, client_id, f"{authority.rstrip('/')}/{tenant}", http or TokenHttp(), options
        )
        self._refresh_token, self._save, self._saved = refresh_token, save, True
        self._scopes, self._clock = scopes, clock
        self._cache = TokenCache(self._fetch, clock)

    def __call__(self, force_refresh: bool = False) -> str:
        """The access token; errors as `MicrosoftClientCredentials`."""
        return self._cache.get(force_refresh)

    def _fetch(self) -> AccessToken:
        self._write_back()
        answer = self._application.ask(
            lambda application: application.acquire_token_by_refresh_token(self._refresh_token, list(self._scopes))
        )
        renewed = str(answer.get("refresh_token") or "")
        if renewed and renewed != self._refresh_token:
            redact.register(renewed)
            self._refresh_token, self._saved = renewed, False
            self._write_back()
        return _token(answer, self._clock)

    def _write_back(self) -> None:
        if self._saved or self._save is None:
            return
        try:
            self._save(self._refresh_token)
            self._saved = True
        except Exception:
            log.exception("the new refresh token could not be saved; the old one may stop working after a restart")


class _Application:
    """msal's application, made when first needed: making it asks the network."""

    def __init__(self, kind: str, client_id: str, authority: str, http: TokenHttp, options: dict[str, Any]) -> None:
        self._kind, self._client_id, self._authority = kind, client_id, authority
        self._http, self._options = http, options
        self._made: Any = None

    def ask(self, question: Callable[[Any], Any]) -> dict[str, Any]:
        """The answer, when it holds a token.

        Raises:
            MailroomError: It does not.
        """
        try:
            import msal
        except ImportError as error:
            raise NotOfferedError("Microsoft mailboxes need the package msal; install mailroom[oauth]") from error
        try:
            if self._made is None:
                self._made = getattr(msal, self._kind)(
                    self._client_id,
                    authority=self._authority,
                    http_client=self._http,
                    instance_discovery=False,
                    **self._options,
                )
            answer = question(self._made)
        except ValueError as error:  # msal's word for a wrong authority, and for an answer that is not JSON
            raise CredentialsError(
                f"{self._authority} is not the address of a tenant; check tenant and authority"
            ) from error
        if not isinstance(answer, dict) or "access_token" not in answer:
            raise _refusal(answer if isinstance(answer, dict) else {})
        return answer


def _credential(certificate: str) -> dict[str, str]:
    """What msal signs with; its own errors about a key would be taken for others."""
    key, public = _PRIVATE.search(certificate), _PUBLIC.search(certificate)
    if key is None or public is None:
        raise InvalidInputError(
            "the application's certificate must be PEM text with BEGIN CERTIFICATE and an unencrypted BEGIN PRIVATE KEY"
        )
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # few need it
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = load_pem_private_key(key[0].encode(), password=None)
    except (ValueError, TypeError) as error:
        raise InvalidInputError("the private key of the application's certificate is damaged; copy it again") from error
    if not isinstance(loaded, RSAPrivateKey):
        raise InvalidInputError("Microsoft takes RSA keys only; make the application's certificate with one")
    return {"private_key": key[0], "public_certificate": public[0]}


def _secret_lines(certificate: str) -> list[str]:
    """The lines of the key, each a secret of its own: a message may quote any of them."""
    key = _PRIVATE.search(certificate)
    return [line.strip() for line in key[0].splitlines()[1:-1]] if key else []


def _refusal(answer: Mapping[str, Any]) -> MailroomError:
    code = str(answer.get("error", ""))
    found = _AADSTS.search(str(answer.get("error_description", "")))
    number = found[1] if found else ""
    if code in _TRANSIENT:
        return TransientError(f"Microsoft gives no token now ({code}); try again later")
    if not code:
        return ResponseError("Microsoft's answer holds neither token nor error; check the authority")
    kind, advice = _ADVICE.get(number, (CredentialsError, "check client id, secret, tenant and refresh token"))
    return kind(f"Microsoft gave no token ({code}{f', AADSTS{number}' if number else ''}); {advice}")


def _token(answer: Mapping[str, Any], clock: Clock) -> AccessToken:
    try:
        seconds = max(60.0, min(float(answer.get("expires_in", 3600)), 86_400.0))
    except (TypeError, ValueError):
        seconds = 3600.0
    return AccessToken(str(answer["access_token"]), clock.now() + timedelta(seconds=seconds))
