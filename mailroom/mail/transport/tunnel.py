"""A TLS connection seen as a plain socket, so that another TLS can run inside it."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading

_CHUNK = 1 << 16
_FULL = 1 << 18
"""Octets waiting in one direction before reading stops."""


def as_plain_socket(secure: socket.socket) -> socket.socket:
    """A socket whose bytes travel through `secure`, which now belongs to a thread of its own.

    Python's `ssl` cannot wrap a socket that is itself TLS, and clients want a file descriptor to wait on. Closing
    the returned socket ends the thread and closes `secure`; when the far side closes, the returned socket sees the
    end of the stream.
    """
    assert isinstance(secure, ssl.SSLSocket)  # noqa: S101 - the caller has just made it
    near, inner = socket.socketpair()
    secure.setblocking(False)
    inner.setblocking(False)
    threading.Thread(target=_Pump(secure, inner).run, name="tls-tunnel", daemon=True).start()
    return near


class _Pump:
    """Moves bytes both ways until either side ends and what it sent has been passed on."""

    def __init__(self, secure: ssl.SSLSocket, inner: socket.socket) -> None:
        self._secure, self._inner = secure, inner
        self._outward, self._inward = bytearray(), bytearray()
        self._inner_ended = self._secure_ended = False
        self._secure_wants_write = False

    def run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._inner, selectors.EVENT_READ)
                selector.register(self._secure, selectors.EVENT_READ)
                while self._step():
                    self._wait(selector)
        except OSError:
            pass  # either side was reset: the other one learns it by the close
        finally:
            self._secure.close()
            self._inner.close()

    def _step(self) -> bool:
        """Move what can be moved; False when there is nothing left to do."""
        self._secure_wants_write = False
        moved = True
        while moved:
            moved = self._from_inner() | self._to_secure() | self._from_secure() | self._to_inner()
        if self._secure_ended and not self._inward:
            return False
        return not (self._inner_ended and not self._outward)

    def _wait(self, selector: selectors.BaseSelector) -> None:
        inner = selectors.EVENT_READ if not self._inner_ended and len(self._outward) < _FULL else 0
        inner |= selectors.EVENT_WRITE if self._inward else 0
        secure = selectors.EVENT_READ if not self._secure_ended and len(self._inward) < _FULL else 0
        secure |= selectors.EVENT_WRITE if self._outward or self._secure_wants_write else 0
        for side, events in ((self._inner, inner), (self._secure, secure)):
            registered = side in selector.get_map()
            if events and registered:
                selector.modify(side, events)
            elif events:
                selector.register(side, events)
            elif registered:
                selector.unregister(side)
        selector.select()

    def _from_inner(self) -> bool:
        if self._inner_ended or len(self._outward) >= _FULL:
            return False
        try:
            data = self._inner.recv(_CHUNK)
        except BlockingIOError:
            return False
        self._inner_ended = not data
        self._outward += data
        return True

    def _to_secure(self) -> bool:
        if not self._outward:
            return False
        try:
            sent = self._secure.send(self._outward)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return False
        del self._outward[:sent]
        return True

    def _from_secure(self) -> bool:
        if self._secure_ended or len(self._inward) >= _FULL:
            return False
        try:
            data = self._secure.recv(_CHUNK)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self._secure_wants_write = True
            return False
        except ssl.SSLEOFError:
            data = b""
        self._secure_ended = not data
        self._inward += data
        return True

    def _to_inner(self) -> bool:
        if not self._inward:
            return False
        try:
            sent = self._inner.send(self._inward)
        except BlockingIOError:
            return False
        del self._inward[:sent]
        return True
