"""The tenant on a loopback port: one thread per connection, kept alive, closed on request."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from types import TracebackType
from typing import Self

from sandbox.dispatch import handle
from sandbox.envelope import dumps
from sandbox.tenant import Tenant
from sandbox.wire import BadRequestError, Connection, Reply

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Server:
    """A running tenant.

    Attributes:
        url: `http://127.0.0.1:PORT`, or `https://` with a TLS context.
    """

    def __init__(self, tenant: Tenant, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._tenant = tenant
        self._tls = tls
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((host, port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        tenant.url = self.url
        self._date = (0, "")
        self._thread = threading.Thread(target=self._accept, name="sandbox-accept", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closing.is_set():
                    sock.close()
                    return
                self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), name="sandbox-client", daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        sock = plain
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(plain, server_side=True)
            connection = Connection(sock)
            alive = True
            while alive and not self._closing.is_set():
                alive = self._one(connection)
        except (OSError, ssl.SSLError):
            pass  # the client went away, which is its right
        finally:
            with self._lock:
                self._open.discard(plain)
            with contextlib.suppress(OSError):
                sock.close()

    def _one(self, connection: Connection) -> bool:
        try:
            request = connection.read_request()
        except BadRequestError as error:
            reply = Reply(status=error.status, body=dumps({"error": error.words}), close=True)
            return connection.write(reply, date=self.date(), keep_alive=False)
        if request is None:
            return False
        reply = handle(self._tenant, request)
        return connection.write(reply, date=self.date(), keep_alive=request.keep_alive)

    def date(self) -> str:
        """The `Date` header: tenant time."""
        second = int(self._tenant.clock.epoch())
        known, text = self._date
        if known != second:
            now = self._tenant.clock.now()
            text = (
                f"{_DAYS[now.weekday()]}, {now.day:02} {_MONTHS[now.month - 1]} {now.year}"
                f" {now.hour:02}:{now.minute:02}:{now.second:02} GMT"
            )
            self._date = second, text
        return text

    def close(self) -> None:
        """Stop: no new connections, open ones are cut."""
        self._closing.set()
        with contextlib.suppress(OSError):
            # Closing alone does not wake a thread that sits in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(tenant: Tenant, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> Server:
    """Serve a tenant in the background.

    Args:
        tenant: What answers.
        host: Keep it a loopback address: the back door has no password.
        port: 0 takes a free one.
        tls: Serve HTTPS with this context.

    Returns:
        The running server; `with` closes it.
    """
    return Server(tenant, host, port, tls)
