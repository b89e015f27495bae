"""An IMAPClient on a socket of ours: through proxies, with verified TLS, and with an end to every wait."""

from __future__ import annotations

import contextlib
import imaplib
import io
import socket
import ssl
from typing import Any

from imapclient import IMAPClient

from mailroom.clock import Clock
from mailroom.errors import ResponseError, TransientError
from mailroom.mail.imap.codes import Status, error_for
from mailroom.mail.imap.settings import ImapSettings
from mailroom.mail.transport import tls
from mailroom.mail.transport.connect import open_socket
from mailroom.mail.transport.silence import patience, says_something, what_silence_means
from mailroom.redact import one_line

_BUFFER = 1 << 17


class Source(io.RawIOBase):
    """The reading side of a socket, with a deadline for the whole answer and a way to look without waiting."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock, self._monotonic = sock, clock.monotonic
        self.deadline = float("inf")
        """On the clock's `monotonic`: when the current answer must be complete."""
        self.wait: float | None = None
        """Seconds to wait for the first byte; then there is simply nothing. None: as long as the socket says."""
        self.nothing_came = False
        """The last `wait` ended without a byte (and not because the connection did)."""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """One `recv`.

        Raises:
            TimeoutError: Silence for longer than the socket's timeout, or the deadline has passed.
        """
        self.nothing_came = self.wait is not None and not says_something(self._sock, self.wait)
        if self.nothing_came:
            return None
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        if self._monotonic() > self.deadline:
            raise TimeoutError("the answer as a whole took too long")
        return count


class Imap4(imaplib.IMAP4):
    """imaplib's connection on our socket. `source` is the reading side."""

    source: Source

    def __init__(self, settings: ImapSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        super().__init__(settings.host, settings.port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, and shake hands when TLS comes first."""
        settings = self._settings
        self.host, self.port = host, port
        sock = open_socket(host, port, timeout=settings.connect_timeout, proxy=settings.proxy)
        if settings.security == "implicit":
            sock = _secure(sock, settings)
        self.attach(sock)
        if settings.security != "implicit" and not says_something(sock, patience(settings.read_timeout)):
            self._explain_silence()

    def _explain_silence(self) -> None:
        settings = self._settings
        reason = what_silence_means(
            settings.host, settings.port, patience=patience(settings.read_timeout), proxy=settings.proxy,
            name=settings.where, starttls_port=143,
        )  # fmt: skip
        if reason is not None:
            self.shutdown()
            raise reason

    def attach(self, sock: socket.socket) -> None:
        """Go on over this socket; bytes read ahead from another are dropped."""
        sock.settimeout(self._settings.read_timeout)
        self.sock = sock
        self.source = Source(sock, self._clock)
        self.source.deadline = self._clock.monotonic() + 2 * self._settings.read_timeout
        self.file: Any = io.BufferedReader(self.source, _BUFFER)

    def shutdown(self) -> None:
        """Close the connection, whatever its state."""
        with contextlib.suppress(OSError, ValueError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.sock.close()

    def start_tls(self) -> None:
        """Shake hands on the open connection, after the server has agreed."""
        self.attach(_secure(self.sock, self._settings))
        self._tls_established = True


class Client(IMAPClient):  # type: ignore[misc]  # it has no types
    """IMAPClient, without imaplib's costly debug texts and with aware times."""

    def __init__(self, settings: ImapSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        super().__init__(settings.host, settings.port, use_uid=True, ssl=settings.security == "implicit", timeout=None)
        self._imap.debug = 0
        self.normalise_times = False

    def _create_IMAP4(self) -> Imap4:  # noqa: N802 - IMAPClient's hook
        return Imap4(self._settings, self._clock)

    def _set_read_timeout(self) -> None:
        self.socket().settimeout(self._settings.read_timeout)

    @property
    def imap(self) -> Imap4:
        """The connection below."""
        connection: Imap4 = self._imap
        return connection


def connect(settings: ImapSettings, clock: Clock) -> Client:
    """Connect, shake hands where TLS comes first, and read the greeting and the first capabilities.

    Raises:
        TransientError: Nobody there, silence, a lost connection, or a server that says BYE.
        AccessError: TLS or the proxy refused.
        ResponseError: What answered does not speak IMAP.
    """
    where = settings.where
    try:
        return Client(settings, clock)
    except imaplib.IMAP4.error as error:
        said = error.args[0] if error.args else b""
        line = said if isinstance(said, bytes) else str(said or "+OK, as POP3").encode("utf-8", "replace")
        if line.startswith(b"* BYE"):
            raise error_for(Status.of("BYE", line[6:]), "greeting", where) from error
        if isinstance(error, imaplib.IMAP4.abort) and b"unexpected" not in line and b"unterminated" not in line:
            said = line.decode("utf-8", "replace").removeprefix("command: CAPABILITY => ")
            raise TransientError(
                f"{where}: the server ended the connection before the greeting was over ({one_line(said, 200)}); "
                "try again later"
            ) from error
        raise ResponseError(
            f"{where}: what answers there does not speak IMAP ({line[:80]!r}); check host and port"
        ) from error
    except TimeoutError as error:
        raise TransientError(
            f"{where}: connected, but no greeting within {settings.read_timeout:g} seconds; check host and port (a web "
            "server says nothing before it is asked), or try again later"
        ) from error
    except OSError as error:
        raise TransientError(f"{where}: the connection was lost before the greeting ({error}); try again") from error


def tls_context(settings: ImapSettings) -> ssl.SSLContext:
    """The context the settings ask for.

    Raises:
        InvalidInputError: A file cannot be read.
    """
    return tls.context(settings.verify, settings.ca_file, settings.client_cert, settings.minimum_tls)


def _secure(sock: socket.socket, settings: ImapSettings) -> ssl.SSLSocket:
    sock.settimeout(settings.connect_timeout)
    return tls.wrap(sock, tls_context(settings), settings.server_name or settings.host, what=settings.where)
