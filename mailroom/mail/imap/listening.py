"""Listening to one folder for as long as wanted: IDLE, restarted in time, reconnected when it breaks.

What comes out are hints: after each, look for yourself (new UIDs since the last known). The session that comes with
a hint may be used for that until the next one is asked for.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import (
    MailroomError,
    NotFoundError,
    RateLimitError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mail.imap.results import IdleEvent
from mailroom.mail.imap.session import ImapSession
from mailroom.mail.imap.settings import ImapSettings

log = logging.getLogger(__name__)

RESTART_AFTER = 240.0
"""Seconds of one IDLE: some providers hang up after five minutes."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 900.0
_LIFE = 50 * 60.0
"""Seconds of one session: access tokens die after an hour, and with them the session."""


def listen(
    settings: ImapSettings,
    folder: str = "INBOX",
    *,
    clock: Clock = SYSTEM_CLOCK,
    stop: Callable[[], bool] = lambda: False,
    restart_after: float = RESTART_AFTER,
    readonly: bool = True,
    chance: Callable[[], float] = random.random,
    connect: Callable[[ImapSettings, Clock], ImapSession] = ImapSession.connect,
) -> Iterator[tuple[IdleEvent, ImapSession]]:
    """Say when it is worth looking into a folder, until `stop` says so.

    After every (re)connection comes `new`, since mail may have arrived in between; then `new`, `changed` or, every
    `restart_after` seconds, `timeout`: look each time. A lost connection is opened again after 5 seconds, then
    after longer and longer, up to 15 minutes, with jitter; also one that is lost at every look.

    Args:
        settings: The account.
        folder: As the server names it, or as people do.
        clock: For pauses.
        stop: Asked between any two steps, and every second of a pause.
        restart_after: Seconds of one IDLE; also the longest time without a hint.
        readonly: Open the folder read-only.
        chance: A number from 0 to 1, for the jitter.
        connect: Opens the account, each time anew.

    Raises:
        CredentialsError: The login was refused; never tried again from here, that would lock the account.
        MailroomError: Anything else that waiting does not mend (no such folder, TLS refused).
    """
    failures = 0
    while not stop():
        pause = 0.0
        try:
            with connect(settings, clock) as session:
                name = session.resolve(folder)
                session.open(name, readonly=readonly)
                for event in _hints(session, name, readonly, clock, stop, restart_after):
                    yield event, session
                    if session.is_alive:  # a connection that is lost over each look is no good one
                        failures = 0
        except (TransientError, ResponseError) as error:
            failures += 1
            pause = _pause(error, failures, chance)
            log.warning("listening to %s on %s: %s; again in %.0f s", folder, settings.where, error, pause)
        if pause:
            _sleep(clock, pause, stop)


def _hints(
    session: ImapSession, folder: str, readonly: bool, clock: Clock, stop: Callable[[], bool], restart_after: float
) -> Iterator[IdleEvent]:
    born = clock.monotonic()
    yield IdleEvent.NEW
    while not stop() and clock.monotonic() - born < _LIFE:
        began = clock.monotonic()
        _reopen(session, folder, readonly)
        event = session.idle(restart_after)
        if event is IdleEvent.GONE or not session.is_alive:
            raise TransientError("the connection ended while waiting for mail")
        if event is IdleEvent.TIMEOUT and clock.monotonic() - began < restart_after / 2:
            # A wait that ends early without news is a server that refuses to wait; asking it in a loop helps nobody.
            _sleep(clock, restart_after / 2, stop)
        yield event


def _reopen(session: ImapSession, folder: str, readonly: bool) -> None:
    """Whoever looked may have left another folder open, or none that opened."""
    if session.opened is not None and session.opened.name == folder:
        return
    try:
        session.open(folder, readonly=readonly)
    except (NotFoundError, RejectedError) as error:  # it was there: on a new connection it is, or it is gone for good
        raise TransientError(f"{folder} does not open any more: {error}") from error


def _pause(error: MailroomError, failures: int, chance: Callable[[], float]) -> float:
    """Seconds before the next connection: doubling, with up to a half taken off.

    Not less than the server asks; but some ask for a day, and whoever listens has more to do than to listen.
    """
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 12))
    asked = min(error.retry_after, LONGEST_PAUSE) if isinstance(error, RateLimitError) else 0.0
    return max(longest * (0.5 + chance() / 2), asked)


def _sleep(clock: Clock, seconds: float, stop: Callable[[], bool]) -> None:
    """Sleep in steps of at most a second, so that `stop` is heard."""
    ends = clock.monotonic() + seconds
    while not stop() and (left := ends - clock.monotonic()) > 0:
        clock.sleep(min(1.0, left))
