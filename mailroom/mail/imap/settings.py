"""How to reach and enter one mailbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mail.transport import ProxySettings

Security = Literal["implicit", "starttls", "none"]
Mechanism = Literal["password", "xoauth2", "oauthbearer"]


@dataclass(frozen=True)
class ImapSettings:
    """One account on one server.

    `token` is called at every login; with True it must hand out a fresh one. Times are in seconds.
    """

    host: str
    port: int = 993
    security: Security = "implicit"
    username: str = ""
    password: str = field(default="", repr=False)
    token: Callable[[bool], str] | None = field(default=None, repr=False)
    mechanism: Mechanism = "password"
    ca_file: str | None = None
    """A CA bundle in PEM form, for servers whose certificate the system does not know."""
    verify: bool = True
    server_name: str | None = None
    """The name the certificate must carry, when it is not `host`."""
    client_cert: str | None = None
    """PEM file with certificate and key, for servers that ask for one."""
    minimum_tls: str = "1.2"
    proxy: ProxySettings | None = None
    connect_timeout: float = 30.0
    read_timeout: float = 60.0
    """Longest silence of the server; an answer as a whole may take ten times as long."""
    allow_plaintext: bool = False
    """Allow a login over a connection without TLS."""

    def check(self) -> None:
        """Refuse settings that cannot work or would give the password away.

        Raises:
            InvalidInputError: Says which setting, and what to write instead.
        """
        if not self.host or any(character in self.host for character in "\r\n\0 /"):
            raise InvalidInputError(f"IMAP host {self.host!r}: write a host name or an address, without scheme or port")
        if not 0 < self.port < 65536:
            raise InvalidInputError(f"IMAP port {self.port}: write a number from 1 to 65535, usually 993")
        if self.security not in ("implicit", "starttls", "none"):
            raise InvalidInputError(f"IMAP security {self.security!r}: write implicit, starttls or none")
        if self.mechanism not in ("password", "xoauth2", "oauthbearer"):
            raise InvalidInputError(f"IMAP mechanism {self.mechanism!r}: write password, xoauth2 or oauthbearer")
        if not self.username or any(character in self.username for character in "\r\n\0\1"):
            raise InvalidInputError("the IMAP user name is missing or has control characters: write the account's name")
        if self.mechanism != "password" and self.token is None:
            raise InvalidInputError(f"IMAP mechanism {self.mechanism} needs a token provider; none is set")
        if self.mechanism == "password" and not self.password:
            raise InvalidInputError("the IMAP password is missing: store it, or choose an OAuth mechanism")
        if "\0" in self.password:
            raise InvalidInputError("the IMAP password contains NUL, which no server takes: store it again")
        if self.security == "none" and not self.allow_plaintext:
            raise InvalidInputError(
                f"IMAP security none would send the login to {self.host} in clear: set implicit or starttls, "
                "or allow_plaintext if the way to the server is safe by other means"
            )
        if self.connect_timeout <= 0 or self.read_timeout <= 0:
            raise InvalidInputError("IMAP timeouts must be more than 0 seconds")

    @property
    def where(self) -> str:
        """`host:port`, for messages."""
        return f"{self.host}:{self.port}"
