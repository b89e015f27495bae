"""HTTP CONNECT, done so that not one byte beyond the proxy's answer is taken from the stream."""

from __future__ import annotations

import re
import socket
import time

from mailroom.errors import AccessError, CredentialsError, ResponseError, TransientError
from mailroom.mail.transport.proxy import ProxySettings

_CAP = 16 << 10
"""Octets of the proxy's answer."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([^\r\n]*))?\r?\n")


def connect_through_http(sock: socket.socket, host: str, port: int, proxy: ProxySettings, deadline: float) -> None:
    """Ask the proxy at the other end of `sock` for a tunnel; afterwards `sock` speaks with `host`:`port`.

    Mail servers speak first, so a proxy may send the server's greeting glued to its own answer; that greeting stays
    unread. The answer may come in any number of packets. `deadline` is on `time.monotonic`.

    Raises:
        CredentialsError: 407.
        AccessError: The proxy does not allow this host or port.
        TransientError: The proxy cannot reach the server, closes the connection or is too slow.
        ResponseError: Not an HTTP answer, or longer than 16 KiB.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username:
        lines.append(f"Proxy-Authorization: {proxy.basic_authorization()}")
    try:
        sock.settimeout(max(0.01, deadline - time.monotonic()))
        sock.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        answer = _read_answer(sock, proxy, deadline)
    except TimeoutError as error:
        raise TransientError(f"{proxy.name} did not answer in time; try again, or check that it is one") from error
    except OSError as error:
        raise TransientError(f"the connection to {proxy.name} was lost ({error}); try again") from error
    found = _STATUS.match(answer)
    if found is None:
        raise ResponseError(f"{proxy.name} does not answer like an HTTP proxy; check its kind, host and port")
    status, reason = int(found[1]), (found[2] or b"").decode("ascii", "replace")[:100]
    if not 200 <= status < 300:
        raise _refusal(status, reason, target, proxy)


def _read_answer(sock: socket.socket, proxy: ProxySettings, deadline: float) -> bytes:
    answer = bytearray()
    while not answer.endswith((b"\r\n\r\n", b"\n\n")):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        sock.settimeout(remaining)
        byte = sock.recv(1)  # a longer read could swallow the server's greeting
        if not byte:
            raise TransientError(f"{proxy.name} closed the connection without a whole answer; try again")
        answer += byte
        if len(answer) > _CAP:
            raise ResponseError(f"{proxy.name} answers with more than {_CAP} bytes of header; check its host and port")
        if len(answer) == 5 and answer != b"HTTP/":
            raise ResponseError(f"{proxy.name} does not answer like an HTTP proxy; check its kind, host and port")
    return bytes(answer)


def _refusal(status: int, reason: str, target: str, proxy: ProxySettings) -> Exception:
    said = f"{proxy.name} answered {status} {reason}".rstrip()
    if status == 407:
        how = "does not accept this user name and password" if proxy.username else "wants a user name and password"
        return CredentialsError(f"{said}: it {how}; correct the proxy's login")
    if status in {400, 401, 403, 405}:
        return AccessError(f"{said}: it does not allow a tunnel to {target}; have whoever runs it allow this port")
    if status in {404, 408, 429} or status >= 500:
        return TransientError(f"{said}: it could not reach {target}; check the host name, then try again later")
    return ResponseError(f"{said} to CONNECT {target}; check that this is a forward proxy")
