"""Access tokens for Gmail and Workspace mailboxes, by google-auth."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from mailroom import redact
from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import CredentialsError, InvalidInputError, MailroomError, NotOfferedError, PermissionMissingError
from mailroom.mail.oauth.cache import AccessToken, TokenCache
from mailroom.mail.oauth.http import TokenHttp

MAIL_SCOPE = "https://mail.google.com/"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_LIFETIME = timedelta(minutes=55)

_ADVICE: dict[str, tuple[type[MailroomError], str]] = {
    "invalid_grant": (
        CredentialsError,
        "the refresh token has expired or was revoked (a consent screen in `testing` ends it after 7 days, a changed "
        "password at once), or this machine's clock is wrong; give consent again",
    ),
    "invalid_client": (CredentialsError, "client id and secret do not belong together; copy both again"),
    "unauthorized_client": (
        PermissionMissingError,
        "domain-wide delegation of this service account lacks the scope https://mail.google.com/; add it in the "
        "admin console under API controls",
    ),
    "access_denied": (PermissionMissingError, "the administrator's policy forbids this application; have it trusted"),
    "invalid_scope": (PermissionMissingError, "consent was given without https://mail.google.com/; give it again"),
    "admin_policy_enforced": (PermissionMissingError, "the administrator's policy forbids this scope; have it allowed"),
}


class GoogleRefreshToken:
    """Callable: a token of a person who gave consent once. `GoogleRefreshToken(...)(force_refresh)`."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        token_uri: str = TOKEN_URI,
        http: TokenHttp | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        redact.register(client_secret, refresh_token)
        self._fields = {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "token_uri": token_uri,
        }
        self._http, self._clock = http or TokenHttp(), clock
        self._cache = TokenCache(self._fetch, clock)

    def __call__(self, force_refresh: bool = False) -> str:
        """The access token.

        Raises:
            CredentialsError: Consent, client or secret are not good any more.
            PermissionMissingError: The scope or an administrator's policy is missing.
            TransientError: The token service cannot be reached.
            NotOfferedError: google-auth is not installed.
        """
        return self._cache.get(force_refresh)

    def _fetch(self) -> AccessToken:
        credentials = _module("google.oauth2.credentials").Credentials(None, **self._fields)
        return _refreshed(credentials, self._http, self._clock)


class GoogleServiceAccount:
    """Callable: a token for any mailbox of a Workspace domain, by domain-wide delegation."""

    def __init__(
        self,
        *,
        info: Mapping[str, Any] | str | Path,
        mailbox: str,
        http: TokenHttp | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._info = _read_info(info)
        redact.register(str(self._info.get("private_key", "")))
        self._mailbox = mailbox
        self._http, self._clock = http or TokenHttp(), clock
        self._cache = TokenCache(self._fetch, clock)

    def __call__(self, force_refresh: bool = False) -> str:
        """The access token; errors as `GoogleRefreshToken`, and InvalidInputError for a key that is none."""
        return self._cache.get(force_refresh)

    def _fetch(self) -> AccessToken:
        kind = _module("google.oauth2.service_account").Credentials
        try:
            credentials = kind.from_service_account_info(self._info, scopes=[MAIL_SCOPE], subject=self._mailbox)
        except ValueError as error:
            raise InvalidInputError("this is no key file of a service account; download the JSON key again") from error
        return _refreshed(credentials, self._http, self._clock)


def _read_info(info: Mapping[str, Any] | str | Path) -> dict[str, Any]:
    """A mapping as it is; a path or JSON text is read."""
    if isinstance(info, Mapping):
        return dict(info)
    text = info if isinstance(info, str) and info.lstrip().startswith("{") else ""
    try:
        found = json.loads(text or Path(info).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError("the service account's key file cannot be read as JSON; check the path") from error
    if not isinstance(found, dict):
        raise InvalidInputError("the service account's key file holds no JSON object; download the key again")
    return found


def _refreshed(credentials: Any, http: TokenHttp, clock: Clock) -> AccessToken:
    errors = _module("google.auth.exceptions")
    try:
        credentials.refresh(http)
    except errors.RefreshError as error:
        raise _refusal(error) from error
    except errors.GoogleAuthError as error:
        raise CredentialsError(f"Google gave no token ({type(error).__name__}); check the credentials") from error
    if not credentials.token:
        raise CredentialsError("Google gave no token; give consent again")
    expires = credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else clock.now() + _LIFETIME
    return AccessToken(str(credentials.token), expires)


def _refusal(error: Exception) -> MailroomError:
    answer = next((one for one in error.args if isinstance(one, Mapping)), {})
    code = str(answer.get("error", ""))
    kind, advice = _ADVICE.get(code, (CredentialsError, "check client id, secret and refresh token"))
    return kind(f"Google gave no token ({code or 'no reason given'}); {advice}")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotOfferedError("Google mailboxes need the package google-auth; install mailroom[oauth]") from error
