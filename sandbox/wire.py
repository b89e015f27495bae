"""HTTP/1.1 on a socket: read a request, write an answer, keep the connection."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from urllib.parse import unquote

MAX_HEAD = 64 * 1024
MAX_BODY = 32 * 1024 * 1024
REASONS = {
    200: "OK",
    204: "No Content",
    301: "Moved Permanently",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    418: "I'm a teapot",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
JSON = "application/json; charset=UTF-8"


class BadRequestError(Exception):
    """The bytes on the socket are no request that is served here."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(status, words)
        self.status = status
        self.words = words


@dataclass(slots=True)
class Request:
    """One request. Header names are lower case; `path` has no query and is not decoded."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool = True


@dataclass(slots=True)
class Reply:
    """One answer.

    Attributes:
        cut_after: Send only this many bytes of the body, then close.
        reset: Close without a byte; the client sees a reset connection.
        repeat: The body is sent this many times in a row (for endless answers).
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    reset: bool = False
    repeat: int = 1
    close: bool = False


class Connection:
    """Buffered reading from one client."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""

    def read_request(self) -> Request | None:
        """The next request; None when the client has closed.

        Raises:
            BadRequestError: Not HTTP, too large, or chunked.
        """
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequestError(413, "header too large")
            if not self._more():
                return None
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, version = first.split(" ")
        except ValueError as error:
            raise BadRequestError(400, "no request line") from error
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self._read_body(headers)
        if target.startswith("http://"):  # the client takes this server for its proxy
            target = "/" + target[7:].partition("/")[2]
        path, _, query = target.partition("?")
        keep = headers.get("connection", "").lower() != "close" and version == "HTTP/1.1"
        return Request(method, path, query, headers, body, keep)

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequestError(411, "send Content-Length")
        declared = headers.get("content-length", "0")
        if not declared.isdigit():
            raise BadRequestError(400, "Content-Length is no number")
        length = int(declared)
        if length > MAX_BODY:
            raise BadRequestError(413, "body too large")
        if length and headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            if not self._more():
                raise BadRequestError(400, "body cut off")
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self._buffer += data
        return bool(data)

    def write(self, reply: Reply, *, date: str, keep_alive: bool) -> bool:
        """Send the answer. Returns whether the connection may be used again."""
        if reply.reset:
            # Linger 0 makes close() send RST, which is what a dying gateway looks like.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return False
        alive = keep_alive and reply.cut_after is None and not reply.close
        lines = [
            f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}",
            f"Date: {date}",
            f"Content-Length: {len(reply.body) * reply.repeat}",
            f"Connection: {'keep-alive' if alive else 'close'}",
        ]
        if reply.content_type:
            lines.append(f"Content-Type: {reply.content_type}")
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if reply.repeat > 1:
            self.sock.sendall(head)
            for _ in range(reply.repeat):
                self.sock.sendall(reply.body)
            return alive
        body = reply.body if reply.cut_after is None else reply.body[: reply.cut_after]
        self.sock.sendall(head + body)
        return alive


def form_fields(text: str) -> dict[str, str]:
    """Fields of a form body or query; the last of equal names wins."""
    fields: dict[str, str] = {}
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        fields[unquote(name.replace("+", " "))] = unquote(value.replace("+", " "))
    return fields
