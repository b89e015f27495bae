"""One TCP connection to a mail server, straight or through a proxy."""

from __future__ import annotations

import contextlib
import socket
import time

from mailroom.errors import TransientError
from mailroom.mail.transport.http_connect import connect_through_http
from mailroom.mail.transport.names import checked_host, checked_port
from mailroom.mail.transport.proxy import ProxySettings
from mailroom.mail.transport.socks import connect_through_socks
from mailroom.mail.transport.tls import context, wrap
from mailroom.mail.transport.tunnel import as_plain_socket

_KEEPALIVE = (("TCP_KEEPIDLE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4))


def open_socket(host: str, port: int, *, timeout: float, proxy: ProxySettings | None = None) -> socket.socket:
    """A connected socket to `host`:`port`, before any byte of the mail protocol.

    The whole of it (every address of the name, the proxy's handshake) ends within about `timeout` seconds, resolving
    the name not counted. The socket comes with `timeout` set, TCP_NODELAY and keepalive on, and nothing read from it:
    a greeting the proxy sent in one packet with its answer is still there. Through an `https` proxy it is one end of
    a socket pair, so options of TCP cannot be set on it; wrapping it in TLS works as ever.

    Raises:
        InvalidInputError: `host` or `port` cannot be one.
        TransientError: The name does not resolve, nobody answers, the connection is refused or lost.
        CredentialsError: The proxy wants another user name or password.
        AccessError: The proxy refuses this host or port, or its own certificate is not accepted.
        ResponseError: What answered is not a proxy of this kind.
    """
    host, port = checked_host(host), checked_port(port)
    if proxy is None:
        return _direct(host, port, timeout, f"{host}:{port}")
    if proxy.kind in {"socks5", "socks4"}:
        sock = connect_through_socks(host, port, proxy, timeout)
        tune(sock)
        return sock
    deadline = time.monotonic() + timeout
    sock = _direct(checked_host(proxy.host), proxy.port, timeout, proxy.name)
    try:
        if proxy.kind == "https":
            sock = wrap(sock, context(ca_file=proxy.ca_file), proxy.host, what=proxy.name)
        connect_through_http(sock, host, port, proxy, deadline)
        if proxy.kind == "https":
            sock = as_plain_socket(sock)
    except BaseException:
        sock.close()
        raise
    sock.settimeout(timeout)
    return sock


def tune(sock: socket.socket) -> None:
    """Send small writes at once and notice dead peers; where an option does not exist, go on without."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _direct(host: str, port: int, timeout: float, what: str) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{what}: the name does not resolve ({error}); check the host name and DNS") from error
    deadline = time.monotonic() + timeout
    problem: OSError | None = None
    for family, kind, protocol, _, address in found:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(remaining)
            sock.connect(address)
            sock.settimeout(timeout)
        except OSError as error:
            sock.close()
            problem = error
            continue
        tune(sock)
        return sock
    raise TransientError(_unreachable(what, problem, timeout)) from problem


def _unreachable(what: str, problem: OSError | None, timeout: float) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return f"{what} refuses the connection; check host and port, and whether the service runs"
    if problem is None or isinstance(problem, TimeoutError):
        return f"{what} did not answer within {timeout:g} seconds; check the firewall, and whether a proxy is needed"
    return f"{what} cannot be reached ({problem}); check the route, the firewall, and whether a proxy is needed"
