"""The IMAP side: pymap with accounts, folders and faults of ours, on STARTTLS and TLS ports."""

from __future__ import annotations

import asyncio
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

from proxyprotocol.sock import SocketInfoLocal
from pymap.backend.dict import Config, Identity, Login, Session
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import Message
from pymap.context import connection_exit
from pymap.exceptions import AuthorizationFailure, InvalidAuth
from pymap.imap import IMAPConnection, IMAPServer
from pymap.imap.state import ConnectionState
from pymap.interfaces.login import IdentityInterface
from pymap.parsing.command import Command
from pymap.parsing.command.select import SearchCommand
from pymap.parsing.response import Response, ResponseBye, ResponseCode, ResponseNo
from pymap.parsing.specials import SearchKey, SequenceSet
from pymap.selected import SelectedMailbox
from pysasl.creds.server import ServerCredentials
from pysasl.identity import ClearIdentity

from sandbox.mail.boxes import SPECIAL_USE, Boxes
from sandbox.mail.faults import FaultBoard
from sandbox.mail.loaded import searching

FindAccount = Callable[[str], str | None]
"""From what somebody logs in with to the account's address; None when there is no such account."""


class _Settings(Config):
    @property
    def login_capability(self) -> Sequence[bytes]:
        return [*super().login_capability, b"SPECIAL-USE"]

    @property
    def greeting(self) -> bytes:
        return b"mx.northwind.example ready"


class _Outsider(SocketInfoLocal):
    """pymap lets local clients log in before STARTTLS; ours are as foreign as any."""

    @property
    def from_localhost(self) -> bool:
        return False


class _Session(Session):
    async def list_mailboxes(
        self,
        ref_name: str,
        filter_: str,
        subscribed: bool = False,
        selected: SelectedMailbox | None = None,
    ) -> tuple[Iterable[tuple[str, str | None, Sequence[bytes]]], SelectedMailbox | None]:
        found, updates = await super().list_mailboxes(ref_name, filter_, subscribed, selected)
        marked = [(name, mark, [*rest, *_special(name)]) for name, mark, rest in found]
        return marked, updates

    async def search_mailbox(
        self, selected: SelectedMailbox, keys: frozenset[SearchKey]
    ) -> tuple[Iterable[tuple[int, Message]], SelectedMailbox]:
        """As pymap does it, with the envelopes that are quick to make."""
        token = searching.set(True)
        try:
            return await super().search_mailbox(selected, keys)
        finally:
            searching.reset(token)

    async def fetch_messages(
        self, selected: SelectedMailbox, sequence_set: SequenceSet, set_seen: bool
    ) -> tuple[Iterable[tuple[int, Message]], SelectedMailbox]:
        """As most servers do: a mail that somebody else has removed is left out of the answer."""
        found, updates = await super().fetch_messages(selected, sequence_set, set_seen)
        return [(number, mail) for number, mail in found if not mail.expunged], updates


def _special(name: str) -> list[bytes]:
    return [SPECIAL_USE[name]] if name in SPECIAL_USE else []


class _Account(Identity):
    def __init__(self, name: str, login: Login, boxes: Boxes) -> None:
        super().__init__(name, login, None, frozenset())
        self._boxes = boxes

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[Session]:
        yield _Session(self.name, self.config, self._boxes, FilterSet())


class _Door(Login):
    """Who may come in."""

    def __init__(
        self, config: Config, boxes: Mapping[str, Boxes], passwords: Mapping[str, str], find: FindAccount
    ) -> None:
        super().__init__(config)
        self.boxes = boxes
        self._known = passwords
        self._find = find

    async def authenticate(self, credentials: ServerCredentials) -> Identity:
        address = self._find(credentials.authcid)
        if address is None or not credentials.verify(ClearIdentity(credentials.authcid, self._known[address])):
            raise InvalidAuth
        return _Account(address, self, self.boxes[address])

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Identity:
        if not isinstance(authenticated, _Account) or self._find(authzid) != authenticated.name:
            raise AuthorizationFailure
        return authenticated


class _Gathered:
    """Collects small writes."""

    _LIMIT = 1 << 18

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size > self._LIMIT:
            self.flush()

    def flush(self) -> None:
        self._writer.write(b"".join(self._pieces))
        self._pieces, self._size = [], 0


class _Connection(IMAPConnection):
    """A connection on which planned faults happen before a command runs."""

    def __init__(self, faults: FaultBoard, *rest: Any) -> None:
        super().__init__(*rest)
        self._faults = faults

    async def write_response(self, resp: Response) -> None:
        """In few writes: pymap alone makes one for every piece of a mail."""
        gathered = _Gathered(self.writer)
        try:
            await resp.async_write(gathered)
            gathered.flush()
            await self.writer.drain()
        except ConnectionError:
            return

    async def read_command(self, state: ConnectionState) -> Command:
        while True:
            command = await super().read_command(state)
            fault = self._faults.take("imap", _verb(command))
            if fault is None:
                return command
            await asyncio.sleep(fault.seconds)
            if fault.kind == "bye":
                await self.write_response(ResponseBye(fault.answer.encode(), ResponseCode.of(b"UNAVAILABLE")))
            if fault.kind in ("bye", "drop"):
                raise EOFError
            if fault.kind != "refuse":
                return command
            await self.write_response(ResponseNo(command.tag, fault.answer.encode()))


def _verb(command: Command) -> str:
    """Its name; of a search also that it looks into headers or words, which some servers refuse."""
    name = command.command.decode("ascii", "replace").upper()
    return f"{name} HEADER" if isinstance(command, SearchCommand) and _reads_text(command.keys) else name


def _reads_text(keys: Iterable[SearchKey]) -> bool:
    return any(
        key.value in (b"HEADER", b"BODY", b"TEXT")
        or (key.value == b"OR" and _reads_text(key.filter_key_or))
        or (key.value == b"KEYSET" and _reads_text(key.filter_key_set))
        for key in keys
    )


class ImapSide:
    """The IMAP servers.

    Args:
        boxes: Folders by account address.
        passwords: Of every account.
        find: From login name to address.
        faults: What shall go wrong.
        context: The TLS side; its certificate is for `localhost` and 127.0.0.1.
    """

    def __init__(
        self,
        boxes: Mapping[str, Boxes],
        passwords: Mapping[str, str],
        find: FindAccount,
        faults: FaultBoard,
        context: ssl.SSLContext,
    ) -> None:
        self._context = context
        self._faults = faults
        options = Namespace(
            passlib_cfg=None, proxy_protocol=None, skip_services=[], inherited_sockets=None, debug=False
        )
        self._config = _Settings(
            options,
            host=None,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            ssl_context=context,
            reject_dnsbl=False,
            bad_command_limit=None,
        )
        # On its own port the connection is under TLS already: STARTTLS is not offered there.
        self._config_tls = _Settings(
            options,
            host=None,
            port=0,
            demo_data=False,
            demo_user="",
            demo_password="",
            ssl_context=context,
            tls_enabled=False,
            reject_dnsbl=False,
            bad_command_limit=None,
        )
        self._door = _Door(self._config, boxes, passwords, find)
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self, host: str, port: int, *, tls: bool) -> asyncio.Server:
        """Open a port: TLS from the first byte, or plain with STARTTLS."""
        config = self._config_tls if tls else self._config
        config.apply_context()
        server = IMAPServer(self._door, config)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(server, config, reader, writer)

        return await asyncio.start_server(serve, host, port, ssl=self._context if tls else None, limit=1 << 20)

    def cut_all(self) -> int:
        """Reset every connection; how many there were."""
        open_now = list(self._writers)
        for writer in open_now:
            writer.transport.abort()
        return len(open_now)

    async def _serve(
        self, server: IMAPServer, config: Config, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fault = self._faults.take("imap", "CONNECT")
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.kind == "bye":
                writer.write(b"* BYE " + fault.answer.encode() + b"\r\n")
            if fault.kind in ("bye", "drop"):
                writer.close()
                return
        self._writers.add(writer)
        try:
            connection = _Connection(self._faults, server.commands, config, reader, writer, _Outsider(writer))
            async with AsyncExitStack() as stack:
                connection_exit.set(stack)
                stack.enter_context(closing(connection))
                await connection.run(ConnectionState(self._door, config))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
