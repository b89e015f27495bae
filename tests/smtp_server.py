"""An SMTP server for the tests: STARTTLS, implicit TLS, AUTH, planned faults; mail for our accounts goes into Dovecot.

It runs on aiosmtpd in a thread. Every fault is planned per verb and happens as often as planned:

    smtp_server.plan("RCPT", "450 4.2.1 come back later", address="ann@northwind.example")
    smtp_server.plan("DOT", drop=True)             # takes the mail, then hangs up without an answer
    smtp_server.plan("DOT", drop=True, deliver=False)
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import smtplib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from mailroom_tests_certificates import Certificates
from mailroom_tests_loop_thread import LoopThread

VERBS = ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "DOT", "RSET", "NOOP", "QUIT")
USER = "sender@northwind.example"
PASSWORD = "the sender's password"
TOKEN = "a-good-access-token"
_SUBMITTER = re.compile(r" (AUTH|XCLIENT)=\S+", re.IGNORECASE)  # Dovecot's submission says who logged in
_DSN = re.compile(r" (NOTIFY|ORCPT|RET|ENVID)=(\S+)", re.IGNORECASE)


@dataclass
class Fault:
    """One thing that goes wrong. `hits` counts."""

    verb: str
    answer: str = ""
    drop: bool = False
    delay: float = 0
    deliver: bool = True
    address: str = ""
    times: int | None = 1
    after: int = 0
    hits: int = 0


@dataclass
class Accepted:
    """A mail the server took, or was given before it hung up. `raw` has CRLF and no dot stuffing."""

    sender: str
    recipients: list[str]
    raw: bytes = field(repr=False)
    port: str
    """`starttls`, `implicit`, `plain` or `relay`."""
    user: str = ""
    """Who logged in."""
    options: dict[str, str] = field(default_factory=dict)
    """DSN parameters; those of a recipient under `ADDRESS NAME`."""
    answered: bool = True


class SmtpServer:
    """A running server.

    Args:
        certificates: Which authority signed its certificate.
        dovecot: Where mail for our accounts goes; None keeps it in `accepted` only.

    Attributes:
        host: To connect to.
        starttls_port: Demands STARTTLS, then AUTH.
        implicit_port: TLS from the first byte, demands AUTH.
        plain_port: No TLS, no AUTH.
        relay_port: The same; Dovecot's submission hands on to it.
        accepted: Every mail it took, in order.
        verbs: Every verb that arrived, in order, as ("starttls", "EHLO", argument); never the argument of AUTH.
        user, password, token: What it lets in besides Dovecot's accounts.
        hidden: Extensions it does not announce, e.g. {"STARTTLS"} or {"SMTPUTF8"} or {"AUTH"}.
        size_limit: Octets it announces and enforces.
        dsn: Announces DSN and takes its parameters.
    """

    host = "127.0.0.1"
    user, password, token = USER, PASSWORD, TOKEN

    def __init__(self, certificates: Certificates, dovecot: Any | None = None) -> None:
        self.ca_file = certificates.ca_file
        self._dovecot = dovecot
        self._thread = LoopThread("test-smtp")
        self._listeners: list[asyncio.Server] = []
        self._context = certificates.server_context()
        self.reset()
        self.starttls_port = self._listen("starttls")
        self.implicit_port = self._listen("implicit")
        self.plain_port = self._listen("plain")
        self.relay_port = self._listen("relay", dovecot.relay_port if dovecot else 0)

    def reset(self) -> None:
        """Forget faults, switches and what was accepted."""
        self.accepted: list[Accepted] = []
        self.verbs: list[tuple[str, str, str]] = []
        self.faults: list[Fault] = []
        self.hidden: set[str] = set()
        self.size_limit = 35 << 20
        self.dsn = False

    def plan(self, verb: str, answer: str = "", **options: Any) -> Fault:
        """Plan a fault.

        Args:
            verb: One of `VERBS`; CONNECT is the greeting, DATA the answer 354, DOT the answer after the mail.
            answer: What to say instead, for example "451 4.3.0 later".
            **options: `drop` (hang up without an answer), `delay` (seconds before the usual answer), `deliver` (DOT
                only: whether the mail is taken all the same), `address` (RCPT only), `times` (None: always), `after`
                (how many pass first).
        """
        if verb not in VERBS:
            raise ValueError(f"unknown verb {verb!r}: use one of {', '.join(VERBS)}")
        self.faults.append(Fault(verb, answer, **options))
        return self.faults[-1]

    def take_fault(self, verb: str, address: str = "") -> Fault | None:
        """The fault that is due now; it counts as hit."""
        for fault in self.faults:
            if fault.verb != verb or (fault.address and fault.address.lower() != address.lower()):
                continue
            if fault.after:
                fault.after -= 1
                continue
            if fault.times is None or fault.hits < fault.times:
                fault.hits += 1
                return fault
        return None

    def lets_in(self, login: str, password: str) -> bool:
        """Whether this login is right."""
        if (login, password) == (self.user, self.password):
            return True
        return self._dovecot is not None and self._dovecot.password_is_right(login, password)

    def take(self, mail: Accepted) -> None:
        """Record a mail and hand it to Dovecot, for those recipients who have an account there. Blocks."""
        self.accepted.append(mail)
        known = [address for address in mail.recipients if self._dovecot is not None and self._dovecot.knows(address)]
        if known:
            assert self._dovecot is not None
            with smtplib.LMTP(self._dovecot.host, self._dovecot.lmtp_port, timeout=20) as client:
                client.sendmail(mail.sender, known, mail.raw)

    def close(self) -> None:
        """Stop listening and end the thread."""
        for listener in self._listeners:
            self._thread.loop.call_soon_threadsafe(listener.close)
        self._thread.close()

    def _listen(self, kind: str, port: int = 0) -> int:
        tls = self._context if kind == "implicit" else None

        async def start() -> asyncio.Server:
            loop = asyncio.get_running_loop()
            return await loop.create_server(lambda: _Session(self, kind, self._context), self.host, port, ssl=tls)

        listener = self._thread.call(start())
        self._listeners.append(listener)
        return int(listener.sockets[0].getsockname()[1])


class _Handler:
    """What aiosmtpd asks: who may log in, what to announce, what to do with a mail."""

    def __init__(self, owner: SmtpServer, kind: str) -> None:
        self._owner = owner
        self._kind = kind

    async def auth_XOAUTH2(self, server: _Session, args: list[str]) -> AuthResult:
        text = args[1] if len(args) == 2 else ""
        if not text:
            await server.push("334 ")
            text = (await server._reader.readline()).decode().strip()
        fields = dict(part.split("=", 1) for part in base64.b64decode(text).decode().split("\x01") if "=" in part)
        if fields.get("auth") == f"Bearer {self._owner.token}":
            login = LoginPassword(fields.get("user", "").encode(), b"")
            return AuthResult(success=True, auth_data=login)
        refusal = {"status": "401", "schemes": "bearer", "scope": "https://mail.google.com/"}
        await server.push("334 " + base64.b64encode(json.dumps(refusal).encode()).decode())
        await server._reader.readline()  # the client's empty line
        return AuthResult(success=False, handled=False)

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self._owner.dsn:
            responses.insert(-1, "250-DSN")
        return [line for line in responses if line[4:].split(" ")[0] not in self._owner.hidden]

    async def handle_DATA(self, server: _Session, session: Any, envelope: Any) -> str:
        login = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
        mail = Accepted(
            envelope.mail_from or "",
            list(envelope.rcpt_tos),
            envelope.original_content,
            self._kind,
            login,
            dict(server.options),
        )
        fault = self._owner.take_fault("DOT")
        mail.answered = fault is None or not fault.drop
        if fault is None or ((fault.drop or fault.delay) and fault.deliver and not fault.answer):
            try:
                await asyncio.to_thread(self._owner.take, mail)
            except (smtplib.SMTPException, OSError) as error:
                return f"451 4.3.0 cannot deliver: {type(error).__name__}"
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.drop:
                server.hang_up()
            if fault.answer:
                return fault.answer
        return "250 2.0.0 Ok: queued as " + f"Q{len(self._owner.accepted):06}"


class _Session(SMTP):
    """One connection: as aiosmtpd does it, with faults before each answer."""

    def __init__(self, owner: SmtpServer, kind: str, context: Any) -> None:
        self._owner = owner
        self._kind = kind
        self.options: dict[str, str] = {}
        super().__init__(
            _Handler(owner, kind),
            data_size_limit=owner.size_limit,
            enable_SMTPUTF8="SMTPUTF8" not in owner.hidden,
            hostname="mx.northwind.example",
            ident="ESMTP test server",
            tls_context=context if kind == "starttls" else None,
            require_starttls=kind == "starttls" and "STARTTLS" not in owner.hidden,
            auth_require_tls=kind == "starttls",
            authenticator=self._check,
            loop=owner._thread.loop,
        )
        self._auth_required = kind in ("starttls", "implicit")
        self.command_size_limits = defaultdict(lambda: 16_384)  # access tokens are long

    def hang_up(self) -> None:
        """Cut the connection, without a goodbye in any layer."""
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()
        raise asyncio.CancelledError

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        right = self._owner.lets_in(data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace"))
        return AuthResult(success=right, handled=False, auth_data=data)

    async def _handle_client(self) -> None:
        try:
            if await self._goes_wrong("CONNECT"):
                self._writer.close()
                return
            await super()._handle_client()
        except ConnectionError:
            return

    async def _goes_wrong(self, verb: str, argument: str | None = None, address: str = "") -> bool:
        if verb != "CONNECT":
            self._owner.verbs.append((self._kind, verb, "" if verb == "AUTH" else argument or ""))
        fault = self._owner.take_fault(verb, address)
        if fault is None:
            return False
        await asyncio.sleep(fault.delay)
        if fault.drop:
            self.hang_up()
        if fault.answer:
            await self.push(fault.answer)
            if fault.answer.startswith("421"):
                assert self.transport is not None
                self.transport.close()
        return bool(fault.answer)

    def _without_dsn(self, argument: str | None, prefix: str = "") -> str | None:
        if self._kind == "relay" and argument is not None:
            argument = _SUBMITTER.sub("", argument)
        if not self._owner.dsn or argument is None:
            return argument
        self.options |= {f"{prefix}{name.upper()}": value for name, value in _DSN.findall(argument)}
        return _DSN.sub("", argument)

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._goes_wrong("EHLO", hostname):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._goes_wrong("STARTTLS", arg):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._goes_wrong("AUTH", arg):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        self.options = {}
        if not await self._goes_wrong("MAIL", arg):
            await super().smtp_MAIL(self._without_dsn(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        address = (arg or "").partition("<")[2].partition(">")[0]
        if not await self._goes_wrong("RCPT", arg, address):
            await super().smtp_RCPT(self._without_dsn(arg, f"{address} "))

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._goes_wrong("DATA", arg):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:
        if not await self._goes_wrong("RSET", arg):
            await super().smtp_RSET(arg)

    async def smtp_NOOP(self, arg: str) -> None:
        if not await self._goes_wrong("NOOP", arg):
            await super().smtp_NOOP(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._goes_wrong("QUIT", arg):
            await super().smtp_QUIT(arg)
