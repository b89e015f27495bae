"""The SMTP side: aiosmtpd with accounts and faults of ours, on STARTTLS, TLS and relay ports."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from sandbox.mail.delivery import AUTHSERV_ID
from sandbox.mail.faults import FaultBoard, MailFault

logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns about its own inside at every login


@dataclass(frozen=True)
class Handed:
    """A mail that was handed in by SMTP.

    Attributes:
        sender: Envelope sender.
        recipients: Envelope recipients.
        raw: With CRLF, without dot stuffing.
        user: The account that logged in; empty on the relay port.
        ip: Of the client.
        helo: What it called itself.
    """

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    user: str
    ip: str
    helo: str


@dataclass(frozen=True)
class Rules:
    """What the SMTP side asks the server.

    Attributes:
        check: Login name and password -> the account's address, or None.
        refuse_recipient: Envelope recipient and account ("" without) -> an answer that refuses, or "".
        take: Takes a mail and returns its queue id.
        faults: What shall go wrong.
        size_limit: Octets.
    """

    check: Callable[[str, str], str | None]
    refuse_recipient: Callable[[str, str], str]
    take: Callable[[Handed], Awaitable[str]]
    faults: FaultBoard
    size_limit: int = 35 << 20


async def listen(rules: Rules, context: ssl.SSLContext, host: str, port: int, *, kind: str) -> asyncio.Server:
    """Open a port: `submission` (STARTTLS, login), `submissions` (TLS, login) or `relay` (no login, as port 25)."""
    loop = asyncio.get_running_loop()
    tls = context if kind == "submissions" else None
    return await loop.create_server(lambda: _Session(rules, context, kind, loop), host, port, ssl=tls)


class _Handler:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        refusal = self._rules.refuse_recipient(address, server.user)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self._rules.faults.take("smtp", "DOT")
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.kind == "refuse":
                return fault.answer
            if fault.kind == "drop":
                server.hang_up()
        handed = Handed(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            bytes(envelope.original_content),
            server.user,
            session.peer[0],
            session.host_name or "",
        )
        queue_id = await self._rules.take(handed)
        if fault is not None and fault.kind == "drop_after_dot":
            server.hang_up()
        return f"250 2.0.0 Ok: queued as {queue_id}"


class _Session(SMTP):
    """One connection: as aiosmtpd does it, with planned faults before each answer."""

    def __init__(self, rules: Rules, context: ssl.SSLContext, kind: str, loop: asyncio.AbstractEventLoop) -> None:
        self._rules = rules
        self.user = ""
        super().__init__(
            _Handler(rules),
            data_size_limit=rules.size_limit,
            enable_SMTPUTF8=True,
            hostname=AUTHSERV_ID,
            ident="ESMTP",
            tls_context=None if kind == "submissions" else context,
            require_starttls=kind == "submission",
            auth_require_tls=kind != "submissions",
            authenticator=self._check,
            loop=loop,
        )
        # Set here because the constructor warns about TLS outside its sight, and warnings may be errors.
        self._auth_required = kind != "relay"
        self.command_size_limits = defaultdict(lambda: 16_384)

    def hang_up(self) -> None:
        """Cut the connection without an answer."""
        transport: Any = self._original_transport or self.transport
        if transport is not None:
            transport.abort()
        raise asyncio.CancelledError

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        given = data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace")
        address = self._rules.check(*given)
        self.user = address or ""
        return AuthResult(success=address is not None, handled=False, auth_data=data)

    async def _handle_client(self) -> None:
        try:
            if await self._goes_wrong("CONNECT"):
                self._writer.close()
                return
            await super()._handle_client()
        except ConnectionError:
            return

    async def _goes_wrong(self, verb: str, address: str = "") -> bool:
        fault: MailFault | None = self._rules.faults.take("smtp", verb, address)
        if fault is None:
            return False
        await asyncio.sleep(fault.seconds)
        if fault.kind == "drop":
            self.hang_up()
        if fault.kind == "refuse":
            await self.push(fault.answer)
        return fault.kind == "refuse"

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._goes_wrong("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self._goes_wrong("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        if not await self._goes_wrong("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._goes_wrong("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        address = (arg or "").partition("<")[2].partition(">")[0]
        if not await self._goes_wrong("RCPT", address):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self._goes_wrong("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self._goes_wrong("QUIT"):
            await super().smtp_QUIT(arg)
