"""Proxies on loopback: HTTP CONNECT (plain and inside TLS), SOCKS5, SOCKS4, each with the habits of bad ones.

And a relay that cuts, stalls or slows down a connection at a chosen byte.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import struct
from contextlib import suppress
from typing import Any

from mailroom_tests_certificates import Certificates
from mailroom_tests_loop_thread import LoopThread

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RefusedError(Exception):
    """The proxy has answered no; the connection ends."""


class Proxy:
    """One proxy, with switches that may be turned between connections.

    Attributes:
        kind: "http", "https", "socks5" or "socks4".
        port: Where it listens on 127.0.0.1.
        username, password: What it demands (SOCKS4: the user id only); empty demands nothing.
        split_answer: Its answer leaves in two packets.
        glue_greeting: The first bytes of the server follow its answer in the same packet.
        refuse: Answers no to every request, with this text ("403 Forbidden", or a SOCKS code such as "5").
        endless_answer: HTTP only: sends headers and never stops.
        stall: Takes the request and never answers.
        names: Host names it resolves, besides the machine's own; everything maps to 127.0.0.1.
        requests: What it was asked for, as (host, port), the host as the client wrote it.
    """

    host = "127.0.0.1"

    def __init__(self, kind: str, thread: LoopThread, context: Any = None) -> None:
        self.kind = kind
        self.username = ""
        self.password = ""
        self.split_answer = False
        self.glue_greeting = False
        self.refuse = ""
        self.endless_answer = False
        self.stall = False
        self.names = {"mail.behind-the-proxy.example"}
        self.requests: list[tuple[str, int]] = []

        async def listen() -> asyncio.Server:
            return await asyncio.start_server(self._serve, self.host, 0, ssl=context)

        self.listener = thread.call(listen())
        self.port = int(self.listener.sockets[0].getsockname()[1])

    def demand(self, username: str, password: str) -> None:
        """Let in nobody else from now on."""
        self.username, self.password = username, password

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = {"socks5": self._socks5, "socks4": self._socks4}.get(self.kind, self._connect)
        try:
            await talk(reader, writer)
        except (RefusedError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        given = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if self.username and headers.get("proxy-authorization") != f"Basic {given}":
            await self._say(
                writer,
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b'Proxy-Authenticate: Basic realm="tests"\r\nContent-Length: 6\r\n\r\nlogin!',
            )
            raise RefusedError
        host, _, port = target.rpartition(":")
        self.requests.append((host.strip("[]"), int(port)))
        if self.endless_answer:
            writer.write(b"HTTP/1.1 200 Connection established\r\n")
            while not writer.is_closing():
                writer.write(b"X-Padding: " + b"x" * 1_000 + b"\r\n")
                await writer.drain()
        if method != "CONNECT" or self.refuse:
            await self._say(
                writer, f"HTTP/1.1 {self.refuse or '405 Not Allowed'}\r\nContent-Length: 0\r\n\r\n".encode()
            )
            raise RefusedError
        upstream = await self._open(host.strip("[]"), int(port))
        if upstream is None:
            await self._say(writer, b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            raise RefusedError
        answer = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: tests\r\n\r\n"
        await self._pass_on((reader, writer), upstream, answer)

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if self.username else 0
        if wanted not in methods:
            await self._say(writer, b"\x05\xff")
            raise RefusedError
        await self._say(writer, bytes([5, wanted]))
        if wanted:
            _version, size = await reader.readexactly(2)
            username = await reader.readexactly(size)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            right = (username, password) == (self.username.encode(), self.password.encode())
            await self._say(writer, b"\x01\x00" if right else b"\x01\x01")
            if not right:
                raise RefusedError
        _version, _command, _reserved, form = await reader.readexactly(4)
        if form == 1:
            host = socket.inet_ntoa(await reader.readexactly(4))
        elif form == 4:
            host = socket.inet_ntop(socket.AF_INET6, await reader.readexactly(16))
        else:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("latin-1")
        (port,) = struct.unpack(">H", await reader.readexactly(2))
        self.requests.append((host, port))
        upstream = None if self.refuse else await self._open(host, port)
        if upstream is None:
            await self._say(writer, bytes([5, int(self.refuse or 5), 0, 1, 0, 0, 0, 0, 0, 0]))
            raise RefusedError
        await self._pass_on((reader, writer), upstream, bytes([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]))

    async def _socks4(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _version, _command, port = struct.unpack(">BBH", await reader.readexactly(4))
        address = await reader.readexactly(4)
        user = (await reader.readuntil(b"\0"))[:-1].decode("latin-1")
        host = socket.inet_ntoa(address)
        if address[:3] == b"\0\0\0" and address[3]:
            host = (await reader.readuntil(b"\0"))[:-1].decode("latin-1")  # SOCKS4a: the proxy resolves
        self.requests.append((host, port))
        upstream = None if self.refuse or user != self.username else await self._open(host, port)
        if upstream is None:
            await self._say(writer, bytes([0, 93 if user != self.username else 91, 0, 0, 0, 0, 0, 0]))
            raise RefusedError
        await self._pass_on((reader, writer), upstream, bytes([0, 90, 0, 0, 0, 0, 0, 0]))

    async def _open(self, host: str, port: int) -> Streams | None:
        try:
            return await asyncio.open_connection("127.0.0.1" if host in self.names else host, port)
        except OSError:
            return None

    async def _say(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        if self.stall:
            await asyncio.Event().wait()
        if self.split_answer and len(answer) > 1:
            half = len(answer) // 2
            writer.write(answer[:half])
            await writer.drain()
            await asyncio.sleep(0.05)  # long enough that the kernel sends it alone
            answer = answer[half:]
        writer.write(answer)
        await writer.drain()

    async def _pass_on(self, client: Streams, upstream: Streams, answer: bytes) -> None:
        if self.glue_greeting:
            answer += await upstream[0].read(65_536)
        try:
            await self._say(client[1], answer)
            await asyncio.gather(_copy(client[0], upstream[1]), _copy(upstream[0], client[1]))
        finally:
            upstream[1].close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(65_536):
            writer.write(block)
            await writer.drain()
    with suppress(OSError, NotImplementedError):
        writer.close()


class ProxyServers:
    """All kinds at once.

    Attributes:
        http, https, socks5, socks4: See `Proxy`. The `https` one shows a certificate of our authority.
        ca_file: What a client of `https` must trust.
    """

    def __init__(self, certificates: Certificates) -> None:
        self._thread = LoopThread("test-proxies")
        self.ca_file = certificates.ca_file
        self.http = Proxy("http", self._thread)
        self.https = Proxy("https", self._thread, certificates.server_context())
        self.socks5 = Proxy("socks5", self._thread)
        self.socks4 = Proxy("socks4", self._thread)

    def close(self) -> None:
        """Stop all."""
        for proxy in (self.http, self.https, self.socks5, self.socks4):
            self._thread.loop.call_soon_threadsafe(proxy.listener.close)
        self._thread.close()


class TcpProxy:
    """A relay in front of a port. What is set holds for connections made afterwards, counted from their first byte.

    Attributes:
        port: Where to connect instead.
        passed: Octets that went from the server to clients, over all connections.
        connections: How many were made.
    """

    host = "127.0.0.1"

    def __init__(self, target: int) -> None:
        self._target = target
        self._thread = LoopThread("test-relay")
        self._cut: int | None = None
        self._stall: int | None = None
        self._rate: float | None = None
        self.passed = 0
        self.connections = 0

        async def listen() -> asyncio.Server:
            return await asyncio.start_server(self._serve, self.host, 0)

        self._listener = self._thread.call(listen())
        self.port = int(self._listener.sockets[0].getsockname()[1])

    def cut_after(self, octets: int) -> TcpProxy:
        """Reset the connection once this much came from the server."""
        self._cut = octets
        return self

    def stall_after(self, octets: int) -> TcpProxy:
        """Pass this much from the server, then nothing more; the connection stays open."""
        self._stall = octets
        return self

    def slow(self, octets_per_second: float) -> TcpProxy:
        """Pass the server's bytes one by one, at this pace."""
        self._rate = octets_per_second
        return self

    def heal(self) -> TcpProxy:
        """New connections pass undisturbed."""
        self._cut = self._stall = self._rate = None
        return self

    def close(self) -> None:
        """Stop."""
        self._thread.loop.call_soon_threadsafe(self._listener.close)
        self._thread.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            upstream = await asyncio.open_connection(self.host, self._target)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(_copy(reader, upstream[1]), self._from_server(upstream[0], writer))
        finally:
            upstream[1].close()
            writer.close()

    async def _from_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit = min((number for number in (self._cut, self._stall) if number is not None), default=None)
        stalls, rate, sent = self._cut is None, self._rate, 0
        with suppress(OSError):
            while block := await reader.read(1 if rate else 65_536):
                if limit is not None:
                    block = block[: limit - sent]
                writer.write(block)
                await writer.drain()
                sent += len(block)
                self.passed += len(block)
                if rate:
                    await asyncio.sleep(1 / rate)
                if limit is not None and sent >= limit:
                    if stalls:
                        await asyncio.Event().wait()
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
                    return
        with suppress(OSError):
            writer.close()
