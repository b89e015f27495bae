"""How to reach and enter a submission server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from mailroom import redact
from mailroom.errors import InvalidInputError
from mailroom.mail.transport.names import checked_host, checked_port
from mailroom.mail.transport.proxy import ProxySettings

log = logging.getLogger(__name__)

Security = Literal["implicit", "starttls", "none"]
Mechanism = Literal["password", "xoauth2", "oauthbearer"]


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """One submission server and one login. All times are seconds."""

    host: str
    port: int = 465
    security: Security = "implicit"
    """`implicit` (465), `starttls` (587, refused when the server does not offer it) or `none`."""
    username: str = ""
    """Empty: no login."""
    password: str = field(default="", repr=False)
    token: Callable[[bool], str] | None = field(default=None, repr=False)
    """Gives an access token; True asks for a fresh one."""
    mechanism: Mechanism = "password"
    ca_file: str | Path | None = None
    verify: bool = True
    server_name: str | None = None
    """The name the certificate must have; None: `host`."""
    client_cert: str | Path | None = None
    """PEM file with certificate and key, for servers that ask for one."""
    minimum_tls: str = "1.2"
    proxy: ProxySettings | None = None
    connect_timeout: float = 30.0
    read_timeout: float = 60.0
    """For the answer to one command."""
    final_timeout: float = 600.0
    """For the answer to the mail itself; servers scan before they answer."""
    allow_plaintext: bool = False
    """Send the password although nothing is encrypted. For tests on one machine."""
    ehlo_name: str = ""
    """The name we greet with; empty: the domain of `username`. The machine's own name is never told."""

    def __post_init__(self) -> None:
        checked_host(self.host, "the SMTP host")
        checked_port(self.port, "the SMTP port")
        if self.security not in get_args(Security):
            raise InvalidInputError(f"SMTP security {self.security!r} is not one of {', '.join(get_args(Security))}")
        if self.mechanism not in get_args(Mechanism):
            raise InvalidInputError(f"SMTP mechanism {self.mechanism!r} is not one of {', '.join(get_args(Mechanism))}")
        if self.mechanism != "password" and (self.token is None or not self.username):
            raise InvalidInputError(f"{self.mechanism} needs a user name (the mailbox) and a token provider")
        if self.security == "none" and self.username and not self.allow_plaintext:
            raise InvalidInputError(
                "SMTP with security `none` would send the login in clear; use implicit or starttls, or no user name"
            )
        if self.ehlo_name:
            checked_host(self.ehlo_name, "the EHLO name")
        if self.password:
            redact.register(self.password, f"\x00{self.username}\x00{self.password}")

    @property
    def name(self) -> str:
        """For messages: host and port."""
        return f"{self.host}:{self.port}"

    @property
    def greeting_name(self) -> str:
        """What EHLO says."""
        domain = self.username.rpartition("@")[2] if "@" in self.username else ""
        try:
            return checked_host(self.ehlo_name or domain)
        except InvalidInputError:
            return "[127.0.0.1]"
