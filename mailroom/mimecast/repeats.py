"""What may be repeated, and what must never be: reads freely, effects only when they certainly were not executed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailroom.errors import MailroomError, ResponseError, TransientError
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.envelope import Envelope
from mailroom.mimecast.outcomes import EffectUnknownError
from mailroom.mimecast.transport import BrokenError, NotSentError, TooLargeError
from mailroom.mimecast.waiting import Deadline
from mailroom.redact import one_line, scrub

_UNREADABLE_REPEATS = 2
_MAYBE_DONE = {408, 425, 499}  # 4xx of gateways that say nothing about what happened behind them

_HELD = "look the message up in the hold list, then in the release log,"
_LOOK = {"/api/gateway": _HELD, "/api/message-finder": _HELD}
_LOOK_UP = "look at the tenant"
"""Where an effect can be seen, by the family of its function."""


class NoTokenError(Exception):
    """Nothing was sent: there is no token. `reason` says why."""

    def __init__(self, reason: MailroomError) -> None:
        super().__init__(reason)
        self.reason = reason


class Repeats:
    """The repeats of one call: what may be repeated, and what must never be."""

    def __init__(
        self,
        function: Function,
        limit: Deadline,
        targets: tuple[str, ...],
        attempt: Callable[[int], Envelope | None],
        refusal: Callable[[Envelope], MailroomError],
    ) -> None:
        self._function, self._limit, self._targets = function, limit, targets
        self._attempt, self._refusal = attempt, refusal
        self._changes = function.effect == "changes"

    def run(self) -> Envelope:
        """Attempt until there is an answer that says something for sure.

        Raises:
            MailroomError: As `MimecastClient.call`.
        """
        tries = unreadable = refusals = 0
        path = self._function.name
        while True:
            tries += 1
            try:
                envelope = self._attempt(refusals)
            except NoTokenError as error:
                if not isinstance(error.reason, TransientError) or not self._waits(tries, "no token yet", error.reason):
                    raise error.reason from error
            except NotSentError as error:
                if self._changes or not self._waits(tries, "not reachable", error):
                    msg = f"{path}: not sent, Mimecast cannot be reached ({error}); check name, network and proxy"
                    raise TransientError(msg) from error
            except BrokenError as error:
                if self._changes:
                    raise self._unknown(f"the answer was not seen ({error})") from error
                if not self._waits(tries, "connection broken", error):
                    raise TransientError(f"{path}: no whole answer ({error}); try again later") from error
            except TooLargeError as error:
                if self._changes:
                    raise self._unknown(str(error)) from error
                msg = f"{path}: {error}; ask for a smaller page or a shorter time window"
                raise ResponseError(msg) from error
            except ResponseError as error:
                if self._changes:
                    raise self._unknown(f"the answer cannot be read ({error})") from error
                unreadable += 1
                if unreadable > _UNREADABLE_REPEATS or not self._limit.pause(tries, "unreadable answer"):
                    msg = f"{path}: the answer cannot be read: {error}. Check the API root and any proxy on the way"
                    raise ResponseError(msg) from error
            else:
                if envelope is None:
                    refusals += 1  # HTTP 429: not executed, and the gate knows how long to wait
                    continue
                status = envelope.status
                if status < 500 and status not in _MAYBE_DONE and not 300 <= status < 400:
                    return envelope
                if self._changes:
                    if envelope.data:
                        return replace(envelope, failures=[])  # what failed in a failing server is not known
                    raise self._unknown(f"HTTP {envelope.http_status}, meta.status {envelope.meta_status}")
                if status < 400 or not self._limit.pause(tries, f"HTTP {status}"):
                    raise self._refusal(envelope)

    def _waits(self, tries: int, what: str, error: Exception) -> bool:
        """Whoever looks on while it waits learns why, not only at the end."""
        return self._limit.pause(tries, f"{what} ({one_line(scrub(str(error)), 300)})")

    def _unknown(self, what: str) -> EffectUnknownError:
        family = self._function.path.rpartition("/")[0]
        return EffectUnknownError(
            f"{self._function.name}: sent, but {what}. It may or may not have been applied: "
            f"{_LOOK.get(family, _LOOK_UP)} before anything else is tried",
            {},
            self._targets,
        )
