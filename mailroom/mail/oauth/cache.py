"""One access token, kept while it is good, fetched by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailroom import redact
from mailroom.clock import Clock

_EARLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and when it ends, aware."""

    value: str = field(repr=False)
    expires: datetime


class TokenCache:
    """Hands out the token until 5 minutes before its end (a token that lives shorter: half its life)."""

    def __init__(self, fetch: Callable[[], AccessToken], clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._renew_at = clock.now()
        self._fetched = 0

    def get(self, force_refresh: bool) -> str:
        """The token. With `force_refresh` a new one, unless another thread fetched one while this one waited.

        Raises:
            MailroomError: What fetching raises; the next call tries again.
        """
        seen = self._fetched
        with self._lock:
            stale = self._token is None or self._clock.now() >= self._renew_at
            if self._token is None or stale or (force_refresh and seen == self._fetched):
                token = self._fetch()
                redact.register(token.value, passing=True)
                now = self._clock.now()
                self._renew_at = max(token.expires - _EARLY, now + (token.expires - now) / 2)
                self._token = token
                self._fetched += 1
            return self._token.value
