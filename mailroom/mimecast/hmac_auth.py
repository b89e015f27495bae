"""API 1.0: each request is signed with HMAC-SHA1 over date, request id, path and application key."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import threading
import uuid

from mailroom import redact
from mailroom.clock import Clock
from mailroom.errors import MailroomError
from mailroom.mimecast.auth import SHARED, Signed
from mailroom.mimecast.capabilities import LOGIN, Generation
from mailroom.mimecast.credentials import ApplicationKeys
from mailroom.mimecast.dates import signing_date
from mailroom.mimecast.envelope import Envelope, read_envelope
from mailroom.mimecast.transport import BrokenError, NotSentError, TooLargeError, Transport

log = logging.getLogger(__name__)

_LOGIN_PAUSE = 900.0
"""After a refused login: no other try for this long (seconds), so that the account is not locked out."""


def sign(secret_key: str, *, date: str, request_id: str, path: str, app_key: str) -> str:
    """The signature of one request.

    Args:
        secret_key: Base64, as delivered.
        date: The `x-mc-date` header, e.g. `Tue, 14 Jan 2025 09:30:00 UTC`.
        request_id: The `x-mc-req-id` header, a fresh GUID.
        path: Path only, e.g. `/api/message-finder/search`; case matters.
        app_key: Application key.
    """
    text = f"{date}:{request_id}:{path}:{app_key}".encode()
    return base64.b64encode(hmac.digest(base64.b64decode(secret_key), text, "sha1")).decode()


class _Binding:
    """The binding as it is now: extended now and then, seldom with new keys."""

    def __init__(self, keys: ApplicationKeys, clock: Clock) -> None:
        self.clock = clock  # kept alive: its identity is part of the key under which this is shared
        self.lock = threading.Lock()
        self.pair = (keys.access_key, keys.secret_key)
        self.mark = 0
        self.no_login_before = float("-inf")


class KeyAuthenticator:
    """Signs requests; extends an expired binding once when e-mail and password are known."""

    generation: Generation = "1.0"

    def __init__(self, keys: ApplicationKeys, api_root: str, transport: Transport, clock: Clock) -> None:
        self._keys, self._clock = keys, clock
        self._api_root, self._transport = api_root, transport
        self._binding = SHARED.get(("binding", api_root, keys, id(clock)), lambda: _Binding(keys, clock))

    def signed(self, path: str, seconds: float) -> Signed:
        """Fresh date, id and signature; never reused, also not by a repeat."""
        mark, (access_key, secret_key) = self._binding.mark, self._binding.pair
        headers = self._unsigned()
        signature = sign(
            secret_key,
            date=headers["x-mc-date"],
            request_id=headers["x-mc-req-id"],
            path=path,
            app_key=self._keys.app_key,
        )
        headers["Authorization"] = f"MC {access_key}:{signature}"
        return Signed(headers, mark, signature.encode())

    def renewed(self, signed: Signed, envelope: Envelope, seconds: float) -> bool:
        """True when HTTP 418 was answered by a successful login (of this or of another thread)."""
        if envelope.status != 418 or not (self._keys.email and self._keys.password):
            return False
        binding = self._binding
        until = self._clock.monotonic() + seconds
        if not binding.lock.acquire(timeout=max(seconds, 0.0)):
            return False
        try:
            if binding.mark != signed.mark:
                return True  # another thread has just done it
            if self._clock.monotonic() < binding.no_login_before:
                return False
            if not self._login(until - self._clock.monotonic()):
                binding.no_login_before = self._clock.monotonic() + _LOGIN_PAUSE
                return False
            binding.mark += 1
            return True
        finally:
            binding.lock.release()

    def _login(self, seconds: float) -> bool:
        """Extend the binding: same user, same access key, so that no second binding is made."""
        keys = self._keys
        basic = base64.b64encode(f"{keys.email}:{keys.password}".encode()).decode()
        headers = self._unsigned() | {"Authorization": f"{keys.login_type} {basic}"}
        body = json.dumps({"data": [{"userName": keys.email, "accessKey": self._binding.pair[0]}]}).encode()
        log.info("the access key's binding has expired; logging in to extend it")
        try:
            reply = self._transport.send("POST", self._api_root + LOGIN.path, headers, body, seconds=seconds)
            envelope = read_envelope(reply.status, reply.body)
        except (NotSentError, BrokenError, TooLargeError, MailroomError) as error:
            log.warning("the login to extend the binding failed: %s", error)
            return False
        first = envelope.data[0] if envelope.data and isinstance(envelope.data[0], dict) else {}
        if reply.status != 200 or envelope.failures or not first.get("accessKey"):
            log.warning("the login to extend the binding was refused: HTTP %s %s", reply.status, envelope.codes)
            return False
        pair = (str(first["accessKey"]), str(first.get("secretKey") or self._binding.pair[1]))
        if pair != self._binding.pair:
            redact.register(*pair)
            log.warning("the login returned new keys; update the stored credentials before the next start")
            self._binding.pair = pair
        return True

    def _unsigned(self) -> dict[str, str]:
        return {
            "x-mc-app-id": self._keys.app_id,
            "x-mc-date": signing_date(self._clock.now()),
            "x-mc-req-id": str(uuid.uuid4()),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
