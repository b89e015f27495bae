"""An IMAP server on loopback that says exactly what a test has written down, and remembers what it was sent.

    server.on("UID SEARCH", b"* SEARCH 1 2\r\n{tag} OK done\r\n")

A script is bytes (`{tag}` is replaced), a list of them for one call after the other (the last one stays), or a function
of the connection and the tag. Commands without a script get a sensible OK.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from mailroom.mail.imap import ImapSession, ImapSettings

Script = bytes | list[Any] | Callable[["Connection", bytes], None]
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")
OPENED = (
    b"* 3 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] ok\r\n* OK [UIDVALIDITY 7] ok\r\n"
    b"* OK [UIDNEXT 10] ok\r\n{tag} OK [READ-WRITE] opened\r\n"
)


class Connection:
    def __init__(self, sock: socket.socket, server: ScriptedImap) -> None:
        self.sock, self.server = sock, server
        self.file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def line(self) -> bytes:
        return self.file.readline().rstrip(b"\r\n")

    def command(self) -> bytes:
        """One command with its literals; a synchronising literal is asked for."""
        whole = b""
        while True:
            line = self.file.readline()
            if not line:
                return b""
            whole += line
            match = _LITERAL.search(line.rstrip(b"\r\n"))
            if match is None:
                return whole.rstrip(b"\r\n")
            if not match[2]:
                if self.server.refuse_literals:
                    self.send(whole.split(b" ")[0] + b" " + self.server.refuse_literals + b"\r\n")
                    whole = b""
                    continue
                self.send(b"+ go on\r\n")
            whole += self.file.read(int(match[1]))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.file.close()


class ScriptedImap:
    def __init__(self) -> None:
        self.greeting: bytes | Callable[[Connection], None] = b"* OK ready\r\n"
        self.capabilities = "IMAP4rev1 IDLE UIDPLUS MOVE LITERAL+"
        self.refuse_literals = b""
        self.tls: ssl.SSLContext | None = None
        """Shake hands before the greeting."""
        self.start_tls: ssl.SSLContext | None = None
        self.scripts: dict[str, Script] = {}
        self.received: list[bytes] = []
        self.connections = 0
        self.hold = threading.Event()
        """Set when the test is over; scripts that stall wait for it."""
        self._open: list[Connection] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def on(self, command: str, *scripts: Script) -> None:
        self.scripts[command] = list(scripts) if len(scripts) > 1 else scripts[0]

    def settings(self, **other: Any) -> ImapSettings:
        usual: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "allow_plaintext": True,
            "username": "soc",
            "password": "secret-of-soc",
            "connect_timeout": 10.0,
            "read_timeout": 10.0,
        }
        return ImapSettings(**{**usual, **other})

    def open(self, **other: Any) -> ImapSession:
        """A session with the folder INBOX open for writing."""
        session = ImapSession.open(self.settings(**other))
        session.open("INBOX", readonly=False)
        return session

    def commands(self, word: str = "") -> list[bytes]:
        """What was sent, without tags, starting with `word`."""
        sent = [line.partition(b" ")[2] for line in self.received]
        return [line for line in sent if line.upper().startswith(word.encode())]

    def stall(self, before: bytes = b"") -> Callable[[Connection, bytes], None]:
        """A script that says `before` and then nothing any more."""

        def script(connection: Connection, tag: bytes) -> None:
            connection.send(before.replace(b"{tag}", tag))
            self.hold.wait(60)
            raise ConnectionError

        return script

    def drop(self, before: bytes = b"") -> Callable[[Connection, bytes], None]:
        """A script that says `before` and hangs up."""

        def script(connection: Connection, tag: bytes) -> None:
            connection.send(before.replace(b"{tag}", tag))
            raise ConnectionError

        return script

    def close(self) -> None:
        self.hold.set()
        self._listener.close()
        for connection in self._open:
            connection.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            connection = Connection(sock, self)
            self._open.append(connection)
            try:
                self._talk(connection)
            finally:
                connection.close()

    def _talk(self, connection: Connection) -> None:
        if callable(self.greeting):
            self.greeting(connection)
        else:
            connection.send(self.greeting)
        while line := connection.command():
            self.received.append(line)
            tag, _, rest = line.partition(b" ")
            words = rest.upper().split(b" ")
            name = b" ".join(words[: 2 if words[0] == b"UID" else 1]).decode()
            self._answer(connection, tag, name, rest)

    def _answer(self, connection: Connection, tag: bytes, name: str, rest: bytes) -> None:
        script = self.scripts.get(name)
        if isinstance(script, list):
            script = script.pop(0) if len(script) > 1 else script[0]
        if callable(script):
            script(connection, tag)
        elif script is not None:
            connection.send(script.replace(b"{tag}", tag))
            if b"* BYE" in script and b"LOGOUT" not in rest.upper():
                raise ConnectionError
        elif name == "CAPABILITY":
            connection.send(b"* CAPABILITY %s\r\n%s OK done\r\n" % (self.capabilities.encode(), tag))
        elif name in ("SELECT", "EXAMINE"):
            connection.send(OPENED.replace(b"{tag}", tag))
        elif name == "STATUS":
            connection.send(b"* STATUS x (MESSAGES 3 UIDNEXT 10 UIDVALIDITY 7)\r\n" + tag + b" OK done\r\n")
        elif name == "STARTTLS" and self.start_tls is not None:
            connection.send(tag + b" OK begin\r\n")
            connection.sock = self.start_tls.wrap_socket(connection.sock, server_side=True)
            connection.file = connection.sock.makefile("rb")
        elif name == "LOGOUT":
            connection.send(b"* BYE bye\r\n" + tag + b" OK done\r\n")
            raise ConnectionError
        else:
            connection.send(tag + b" OK done\r\n")


MAIL = b"Subject: one\r\n\r\nbody\r\n"
DONE = b"{tag} OK done\r\n"


def fetched(uid: int, raw: bytes = MAIL, number: int = 1, date: bytes = b'"02-Nov-2026 10:00:00 +0000"') -> bytes:
    """A FETCH answer with a whole mail."""
    return b"* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE %s FLAGS (\\Seen) BODY[]<0> {%d}\r\n%s)\r\n" % (
        number,
        uid,
        len(raw),
        date,
        len(raw),
        raw,
    )


def got(session, uids, **limits):
    """What the session hands out, by UID."""
    return {mail.uid: mail.raw for mail in session.fetch_raw(uids, **limits)}


def there(*uids: int) -> bytes:
    """A SEARCH answer."""
    return b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\n" + DONE
