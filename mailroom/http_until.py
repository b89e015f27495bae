"""HTTP with an end: an answer that drips in is given up when its time is over, its first line and headers included.

The timeouts of `requests` are for each byte, so a service that sends one now and then is never done.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import connection, connectionpool

_ends: ContextVar[float] = ContextVar("the end of the answers that are asked for now", default=float("inf"))


@contextmanager
def whole_answer_within(seconds: float) -> Iterator[None]:
    """Answers to requests made inside, through a `BoundedAdapter`, end by then; what drips on raises `TimeoutError`.

    The libraries turn that into their own errors for a timeout or a broken connection.
    """
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


class BoundedAdapter(HTTPAdapter):
    """An adapter whose answers end when `whole_answer_within` says so."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As usual, with connections of ours."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """As usual, with connections of ours."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Bytes(io.RawIOBase):
    """The reading side of a socket, until `ends` (on `time.monotonic`)."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends = sock, ends
        self._raw = sock.makefile("rb", buffering=0)  # keeps the socket open for as long as it is

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was still dripping in when its time was over")
        patience = self._sock.gettimeout()
        if patience is None or patience > left:
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer, read through `_Bytes`; also a proxy's to CONNECT."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        ends = _ends.get()
        if ends != float("inf"):
            self.fp.close()
            self.fp = io.BufferedReader(_Bytes(sock, ends))


class _Plain(connection.HTTPConnection):
    response_class = _Answer


class _Secure(connection.HTTPSConnection):
    response_class = _Answer


class HTTPConnectionPool(connectionpool.HTTPConnectionPool):
    """Named like the usual one, because messages name it."""

    ConnectionCls = _Plain


class HTTPSConnectionPool(connectionpool.HTTPSConnectionPool):
    """The same with TLS."""

    ConnectionCls = _Secure


_POOLS = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
