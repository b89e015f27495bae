"""A port that says nothing to a plain connection: does it wait for TLS, or for a request of the web?

Mail servers greet first, so whoever set STARTTLS for a port of TLS waits for a greeting that never comes, and the
server waits for a handshake. A second connection that begins with one tells the two apart within seconds.
"""

from __future__ import annotations

import select
import socket
import ssl
from contextlib import suppress

from mailroom.errors import MailroomError, ResponseError
from mailroom.mail.transport.connect import open_socket
from mailroom.mail.transport.names import checked_host
from mailroom.mail.transport.proxy import ProxySettings
from mailroom.mail.transport.tls import TlsError

_PATIENCE = 5.0
"""Seconds of silence before anybody asks."""
_GREETS_LATE = 25
"""Relays let strangers wait for the greeting, and hold a word said before it against them."""
_ALERT, _HANDSHAKE, _SERVER_HELLO = b"\x15\x03", b"\x16\x03", b"\x02"
_NO_MORE = b"\r\n\r\n"
"""Ends a request of the web; a TLS server has answered by then."""


def patience(longest_silence: float) -> float:
    """Seconds to wait for a greeting before anybody asks, where a server may be silent for `longest_silence`."""
    return min(_PATIENCE, longest_silence / 2)


def says_something(sock: socket.socket, within: float) -> bool:
    """Whether something can be read, the end of the connection included; waits `within` seconds at most."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    return bool(poller.poll(max(0, round(within * 1000))))


def what_silence_means(
    host: str, port: int, *, patience: float, proxy: ProxySettings | None, name: str, starttls_port: int
) -> MailroomError | None:
    """Ask on a connection of its own what the port waits for; None when it may well be a slow mail server.

    Args:
        host: Where no greeting came from.
        port: Its port.
        patience: Seconds to reach it, and for its answer.
        proxy: The way there.
        name: What to call it in messages.
        starttls_port: The usual port for STARTTLS in this protocol.
    """
    if port == _GREETS_LATE:
        return None
    try:
        first = _answer_to_a_handshake(host, port, patience, proxy)
    except (OSError, MailroomError):
        return None
    if first.startswith(_ALERT) or (first.startswith(_HANDSHAKE) and first[5:6] == _SERVER_HELLO):  # no mere echo
        return TlsError(
            f"{name} speaks TLS from the first byte, so it greets nobody who does not; set its security to implicit, "
            f"or take the port for STARTTLS (usually {starttls_port})",
            "tls_expected",
        )
    if first.startswith(b"HTTP/"):
        return ResponseError(f"{name} is a web server, not a mail server; check host and port")
    return None


def _answer_to_a_handshake(host: str, port: int, patience: float, proxy: ProxySettings | None) -> bytes:
    """The first bytes that come back; nothing but the first record of a handshake is ever sent."""
    with open_socket(host, port, timeout=patience, proxy=proxy) as sock:
        sock.sendall(_first_record(checked_host(host)) + _NO_MORE)
        return sock.recv(64)


def _first_record(host: str) -> bytes:
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE  # the answer is looked at, never trusted
    nothing, record = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        asking.wrap_bio(nothing, record, server_hostname=host.rstrip(".")).do_handshake()
    return record.read()
