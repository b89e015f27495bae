"""IDLE: waiting for the server to say that something happened. A hint, never the truth."""

from __future__ import annotations

from collections.abc import Sequence

from mailroom.errors import MailroomError
from mailroom.mail.imap.answers import Untagged, untagged_of
from mailroom.mail.imap.results import IdleEvent
from mailroom.mail.imap.wire import Wire

LONGEST = 28 * 60.0
"""Seconds; after 30 minutes servers may hang up on a client that only idles."""
_POLL = 30.0
_RANK = (IdleEvent.TIMEOUT, IdleEvent.CHANGED, IdleEvent.NEW)


def idle(wire: Wire, timeout: float) -> IdleEvent:
    """Wait up to `timeout` seconds (at most 28 minutes) for news of the open folder.

    Without IDLE on the server, ask every half minute.

    Returns:
        `new` (more mails), `changed` (flags, removals), `timeout`, or `gone` (the connection ended: open a new one).
    """
    timeout = max(0.0, min(timeout, LONGEST))
    try:
        return _idle(wire, timeout) if "IDLE" in wire.capabilities else _poll(wire, timeout)
    except MailroomError:
        if wire.broken:
            return IdleEvent.GONE
        raise


def _idle(wire: Wire, timeout: float) -> IdleEvent:
    event = IdleEvent.TIMEOUT
    with wire.talking("IDLE"):
        tag = wire.send("IDLE")
        assert isinstance(tag, bytes)  # noqa: S101 - no literal was sent
        while not (pieces := wire.read())[0].startswith(b"+"):
            if pieces[0].startswith(tag + b" "):
                wire.tagged(pieces, tag)
                wire.capabilities -= {"IDLE"}  # offered, but refused: poll from now on
                break
            event = _later(event, _seen(wire, pieces))
        else:
            ends = wire.clock.monotonic() + timeout
            while event is IdleEvent.TIMEOUT and _arrives(wire, ends - wire.clock.monotonic()):
                wire.patience()
                event = _later(event, _seen(wire, wire.read()))
            wire.patience()
            wire.raw(b"DONE\r\n")
            while not (pieces := wire.read())[0].startswith(tag + b" "):
                event = _later(event, _seen(wire, pieces))
            wire.tagged(pieces, tag)
    return event


def _arrives(wire: Wire, seconds: float) -> bool:
    """Wait for the next byte; True also when the connection has ended, which reading will show."""
    if seconds <= 0:
        return False
    source = wire.client.imap.source
    source.wait, source.nothing_came, source.deadline = seconds, False, float("inf")
    try:
        return bool(wire.client.imap.file.peek(1)) or not source.nothing_came
    finally:
        source.wait = None


def _seen(wire: Wire, pieces: Sequence[bytes]) -> IdleEvent:
    before = wire.exists
    answer = untagged_of(pieces)
    wire.note(answer, "IDLE")
    return _meaning(answer, before, wire.exists)


def _meaning(answer: Untagged, before: int, after: int) -> IdleEvent:
    if answer.kind == "EXISTS" and after > before:
        return IdleEvent.NEW
    return IdleEvent.CHANGED if answer.kind in ("EXPUNGE", "FETCH", "VANISHED") else IdleEvent.TIMEOUT


def _later(event: IdleEvent, other: IdleEvent) -> IdleEvent:
    """Of two, the one that matters more."""
    return max(event, other, key=_RANK.index)


def _poll(wire: Wire, timeout: float) -> IdleEvent:
    ends = wire.clock.monotonic() + timeout
    while True:
        before = wire.exists
        reply = wire.command("NOOP")
        if wire.exists > before:
            return IdleEvent.NEW
        if any(answer.kind in ("EXPUNGE", "FETCH", "VANISHED") for answer in reply.untagged):
            return IdleEvent.CHANGED
        left = ends - wire.clock.monotonic()
        if left <= 0:
            return IdleEvent.TIMEOUT
        wire.clock.sleep(min(left, _POLL))
