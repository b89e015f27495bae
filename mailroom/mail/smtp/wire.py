"""The SMTP conversation itself: commands out, whole replies in, everything bounded in time and size.

`smtplib` stays out of it: it has no deadline for an answer, accepts answers without end, sends its own host name, and
cannot tell a connection lost before the final dot from one lost after it.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import time
from collections.abc import Callable

from mailroom.errors import AccessError, MailroomError, ResponseError, TransientError
from mailroom.mail.smtp.report import Answer, said
from mailroom.mail.transport.silence import says_something
from mailroom.mail.transport.tls import wrap

_LONGEST_REPLY = 64 << 10
_CHUNK = 1 << 16
_PIECE = 1 << 14
"""Octets; one record of TLS, so that every one of them has its time limit."""
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])([ -].*)?", re.DOTALL)
_REPEATED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?:\s+|$)")


class LostError(Exception):
    """The connection ended, or no whole answer came in time. The caller knows what that means at its point."""


class Wire:
    """One connection. `features` are those of the last EHLO: keyword in upper case -> its parameters."""

    def __init__(self, sock: socket.socket, name: str, ehlo_name: str, patience: float, until: float) -> None:
        self._sock: socket.socket | None = sock
        self._unread = bytearray()
        self._ehlo_name = ehlo_name
        self.name, self.patience = name, patience
        self.until = until
        """On `time.monotonic`: whatever goes on is given up then, however lively the server is."""
        self.features: dict[str, str] = {}
        self.tls = ""
        """Version of TLS in use, empty without."""

    def answer(self, command: str | None = None, *, patience: float | None = None) -> Answer:
        """Send one command line (None: only read) and return the reply.

        Raises:
            LostError: No whole reply came within `patience` seconds, or before `until`.
            ResponseError: What came is not SMTP.
        """
        if command is not None:
            if "\r" in command or "\n" in command:
                raise ValueError("a command is one line")
            self.write((command + "\r\n").encode())
        code, lines = self._reply(time.monotonic() + (patience or self.patience))
        first, *rest = lines
        return Answer(code, said(b" ".join([first, *(_REPEATED.sub(b"", line, count=1) for line in rest)])))

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long, or until the time is up; the end of the connection is no silence."""
        if self._sock is None or self._unread:
            return False
        return not says_something(self._sock, min(seconds, max(0.0, self.until - time.monotonic())))

    def write(self, data: bytes | memoryview) -> None:
        """Send bytes; each piece of 16 KiB may take as long as one answer, all of them until `until`.

        Raises:
            LostError: The connection is gone, or the time is up.
        """
        if self._sock is None:
            raise LostError("not connected")
        view = memoryview(data)
        try:
            for start in range(0, len(view), _PIECE):
                self._sock.settimeout(self._left(time.monotonic() + self.patience))
                self._sock.sendall(view[start : start + _PIECE])
        except OSError as error:
            self.close()
            raise LostError(self._why(error)) from error

    def secure(self, context: ssl.SSLContext, server_name: str) -> None:
        """Shake hands now.

        Raises:
            TlsError: A check failed.
            TransientError: The connection was lost.
        """
        assert self._sock is not None  # noqa: S101 - callers have just connected or read an answer
        plain, self._sock = self._sock, None
        secure = wrap(plain, context, server_name, what=self.name)
        self._sock, self.tls, self.features = secure, secure.version() or "TLS", {}

    def starttls(self, context: ssl.SSLContext, server_name: str) -> None:
        """STARTTLS; everything learned before it is forgotten.

        Raises:
            AccessError: The server does not offer or refuses it, or sent something ahead of the handshake.
            TlsError: A check of the handshake failed.
            TransientError: It refuses for now, or the connection was lost.
            LostError: No answer came.
        """
        if "STARTTLS" not in self.features:
            raise AccessError(
                f"{self.name} does not offer STARTTLS, so no login and no mail was sent; use implicit TLS (usually "
                "port 465), or find out who removes the offer on the way"
            )
        answer = self.answer("STARTTLS")
        if answer.code != 220:
            kind = TransientError if answer.status == "refused_transient" else AccessError
            raise kind(f"{self.name} refuses STARTTLS ({answer}), so nothing was sent; use implicit TLS (port 465)")
        if self._unread:
            self.close()
            raise AccessError(
                f"{self.name} sent data ahead of the TLS handshake, as an attacker would; nothing was sent"
            )
        self.secure(context, server_name)

    def greet(self) -> None:
        """EHLO, and HELO for servers that know no other.

        Raises:
            TransientError: The server wants us to come back later.
            AccessError: It does not take us.
            LostError: No answer came.
        """
        self.write(f"EHLO {self._ehlo_name}\r\n".encode())
        code, lines = self._reply(time.monotonic() + self.patience)
        answer = Answer(code, said(b" ".join(lines)))
        if code in {500, 501, 502, 504}:
            lines, answer = [], self.answer(f"HELO {self._ehlo_name}")
        if answer.status != "accepted":
            kind = TransientError if answer.status == "refused_transient" else AccessError
            raise kind(f"{self.name} does not want to talk to us ({answer}); check the EHLO name, or try again later")
        self.features = {}
        for line in lines[1:]:
            keyword, _, parameters = line.decode("latin-1").partition(" ")
            if keyword.upper().startswith("AUTH="):  # an old way of writing it, beside or instead of the right one
                keyword, parameters = "AUTH", f"{keyword[5:]} {parameters}"
            known = self.features.get(keyword.upper())
            self.features[keyword.upper()] = f"{known} {parameters}".strip() if known else parameters.strip()

    def dialogue(self, mechanism: str, first: str | None, respond: Callable[[int], str]) -> Answer:
        """One AUTH exchange: `first` goes into the command line, None for two steps.

        `respond` gives the answer to the n-th challenge, from 1. All strings travel in base64.
        """
        answer = self.answer(f"AUTH {mechanism}" if first is None else f"AUTH {mechanism} {_encoded(first) or '='}")
        for turn in range(1, 5):
            if answer.code != 334:
                break
            answer = self.answer(_encoded(respond(turn)))
        return answer

    def leave(self) -> None:
        """QUIT without waiting long, and close. Never raises."""
        try:
            if self._sock is not None:
                self.answer("QUIT", patience=min(5.0, self.patience))
        except (LostError, MailroomError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Drop the connection."""
        sock, self._sock = self._sock, None
        if sock is not None:
            sock.close()

    def _reply(self, deadline: float) -> tuple[int, list[bytes]]:
        lines: list[bytes] = []
        size = 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _REPLY_LINE.fullmatch(line)
            if found is None or size > _LONGEST_REPLY:
                self.close()
                raise ResponseError(f"{self.name} does not answer like SMTP ({said(line)!r}); check host and port")
            rest = found[2] or b""
            lines.append(rest[1:].strip())
            if not rest.startswith(b"-"):
                return int(found[1]), lines

    def _line(self, deadline: float) -> bytes:
        searched = 0
        while (end := self._unread.find(b"\n", searched)) < 0:
            searched = len(self._unread)
            if searched > _LONGEST_REPLY:
                self.close()
                raise ResponseError(
                    f"{self.name} sends a line of more than {_LONGEST_REPLY} bytes; check host and port"
                )
            self._unread += self._received(deadline)
        line = bytes(self._unread[:end]).rstrip(b"\r")
        del self._unread[: end + 1]
        return line

    def _received(self, deadline: float) -> bytes:
        if self._sock is None:
            raise LostError("not connected")
        try:
            self._sock.settimeout(self._left(deadline))
            data = self._sock.recv(_CHUNK)
        except OSError as error:
            self.close()
            raise LostError(self._why(error)) from error
        if not data:
            self.close()
            raise LostError("closed by the server")
        return data

    def _left(self, deadline: float) -> float:
        left = min(deadline, self.until) - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _why(self, error: OSError) -> str:
        if not isinstance(error, TimeoutError):
            return str(error) or type(error).__name__
        return "it took too long as a whole" if time.monotonic() >= self.until else "no answer in time"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
