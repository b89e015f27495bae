"""API 2.0: one bearer token per application, shared by every thread and client of the process."""

from __future__ import annotations

import copy
import logging
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mailroom import redact
from mailroom.clock import Clock
from mailroom.errors import CredentialsError, MailroomError, ResponseError, TransientError
from mailroom.mimecast.auth import SHARED, Signed
from mailroom.mimecast.capabilities import Generation
from mailroom.mimecast.credentials import ClientCredentials
from mailroom.mimecast.envelope import Envelope, parse_json, read_envelope
from mailroom.mimecast.transport import BrokenError, NotSentError, Reply, TooLargeError, Transport

log = logging.getLogger(__name__)

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
_EARLY = 120.0
_UNKNOWN_LIFETIME, _LONGEST_LIFETIME = 300.0, 86_400.0
_PERMANENT = {"InvalidClientIdentifier"}


@dataclass(frozen=True, slots=True)
class _Token:
    authorization: str
    renew_after: float
    expires: float
    mark: int


class _TokenBox:
    """The current token; `lock` is held while a new one is fetched, `changing` for moments only."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock  # kept alive: its identity is part of the key under which this box is shared
        self.lock = threading.Lock()
        self.changing = threading.Lock()
        self.token: _Token | None = None
        self.marks = 0
        self.fetches = 0
        """How many have ended, well or badly."""
        self.failure: MailroomError | None = None
        """How the last one ended; None: well."""


class TokenAuthenticator:
    """Fetches tokens, renews them early, replaces a refused one once."""

    generation: Generation = "2.0"

    def __init__(self, credentials: ClientCredentials, api_root: str, transport: Transport, clock: Clock) -> None:
        self._credentials, self._clock = credentials, clock
        self._api_root, self._transport = api_root, transport
        self._box = SHARED.get(("token", api_root, credentials, id(clock)), lambda: _TokenBox(clock))

    def signed(self, path: str, seconds: float) -> Signed:
        """The bearer header.

        Raises:
            CredentialsError: The client id or secret is not accepted.
            TransientError: The token service cannot be reached, or not within `seconds`.
            ResponseError: Its answer cannot be read.
        """
        token = self._token(seconds)
        return Signed(
            {
                "Authorization": token.authorization,
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            token.mark,
            token.authorization.removeprefix("Bearer ").encode(),
        )

    def renewed(self, signed: Signed, envelope: Envelope, seconds: float) -> bool:
        """True when the refused token was dropped (or another thread has replaced it already)."""
        if envelope.status != 401 or _PERMANENT.intersection(envelope.codes):
            return False
        with self._box.changing:
            if self._box.token is not None and self._box.token.mark == signed.mark:
                self._box.token = None
        return True

    def _token(self, seconds: float) -> _Token:
        token, now = self._box.token, self._clock.monotonic()
        if token is not None and now < token.renew_after:
            return token
        if token is not None and now < token.expires:
            # Still good: one thread renews it, the others go on with it.
            if not self._box.lock.acquire(blocking=False):
                return token
            try:
                return self._fetch(seconds / 2)  # the call itself needs time, too
            except TransientError as error:
                log.warning("the token could not be renewed early, going on with the old one: %s", error)
                return token
            finally:
                self._box.lock.release()
        return self._first(seconds)

    def _first(self, seconds: float) -> _Token:
        """A token where there is none: one thread asks, the others wait for what it gets, each as long as it may."""
        until, before = self._clock.monotonic() + seconds, self._box.fetches
        if not self._box.lock.acquire(timeout=max(seconds, 0.0)):
            raise TransientError(f"{TOKEN_PATH}: no token within {seconds:.1f} s, the service does not answer")
        try:
            token = self._box.token
            if token is not None and self._clock.monotonic() < token.expires:
                return token
            if self._box.fetches != before and self._box.failure is not None:
                raise copy.copy(self._box.failure)  # it was asked for all who waited
            left = until - self._clock.monotonic()
            if left <= 0:
                raise TransientError(f"{TOKEN_PATH}: no token within {seconds:.1f} s, the service does not answer")
            return self._fetch(left)
        finally:
            self._box.lock.release()

    def _fetch(self, seconds: float) -> _Token:
        """Ask for a token and remember how that ended; the caller holds the lock."""
        try:
            token = self._asked_for(seconds)
        except MailroomError as error:
            self._box.failure = error
            raise
        else:
            self._box.failure = None
            with self._box.changing:
                self._box.token = token
            return token
        finally:
            self._box.fetches += 1

    def _asked_for(self, seconds: float) -> _Token:
        form = {
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "grant_type": "client_credentials",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            reply = self._transport.send(
                "POST", self._api_root + TOKEN_PATH, headers, urlencode(form).encode(), seconds=seconds
            )
        except (NotSentError, BrokenError) as error:
            raise TransientError(f"{TOKEN_PATH}: no token, the service cannot be reached ({error})") from error
        except TooLargeError as error:
            raise ResponseError(f"{TOKEN_PATH}: {error}; check the API root") from error
        return self._read(reply)

    def _read(self, reply: Reply) -> _Token:
        if reply.status != 200:
            raise _refusal(reply)
        value = parse_json(reply.body)
        text = value.get("access_token") if isinstance(value, dict) else None
        if not isinstance(text, str) or not text or not text.isascii() or not text.isprintable():
            envelope = read_envelope(reply.status, reply.body)
            msg = f"{TOKEN_PATH}: the answer holds no usable access_token {envelope.codes}; check the API root"
            raise ResponseError(msg)
        redact.register(text, passing=True)
        lifetime = _lifetime(value.get("expires_in"))
        now = self._clock.monotonic()
        self._box.marks += 1
        early = min(_EARLY, lifetime / 2)
        return _Token(f"Bearer {text}", now + lifetime - early, now + lifetime, self._box.marks)


def _lifetime(value: Any) -> float:
    """Seconds of validity; nonsense counts as five minutes."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return _UNKNOWN_LIFETIME
    return min(seconds, _LONGEST_LIFETIME) if seconds > 0 else _UNKNOWN_LIFETIME


def _refusal(reply: Reply) -> MailroomError:
    envelope = read_envelope(reply.status, reply.body)
    said = "; ".join(str(problem) for failure in envelope.failures for problem in failure.errors)
    where = f"{TOKEN_PATH}: HTTP {reply.status}" + (f" ({said})" if said else "")
    if reply.status == 429:
        return TransientError(f"{where}: too many tokens asked for; wait a minute")
    if reply.status >= 500:
        return TransientError(f"{where}: the token service is failing; try again later")
    if reply.status in {400, 401, 403}:
        return CredentialsError(f"{where}: the client id or client secret is not accepted; copy both again")
    if reply.status == 404:
        return CredentialsError(
            f"{where}: this host issues no tokens. Client credentials belong to an API 2.0 host such as "
            "https://api.services.mimecast.com; correct the API root"
        )
    return ResponseError(f"{where}: unexpected answer of the token service; check the API root and the proxy")
