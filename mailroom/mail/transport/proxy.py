"""Which proxy to go through. The password is a secret: registered for redaction, absent from `repr` and messages."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import quote, unquote, urlsplit

from mailroom import redact
from mailroom.errors import InvalidInputError
from mailroom.mail.transport.names import checked_host, checked_port

Kind = Literal["http", "https", "socks5", "socks4"]

_DEFAULT_PORTS: dict[str, int] = {"http": 8080, "https": 443, "socks5": 1080, "socks4": 1080}
_SCHEMES: dict[str, tuple[str, bool]] = {
    "http": ("http", True),
    "https": ("https", True),
    "socks5": ("socks5", True),
    "socks5h": ("socks5", True),
    "socks4": ("socks4", True),
    "socks4a": ("socks4", True),
}
_SOCKS_LIMIT = 255
"""Octets of a user name or password in SOCKS5."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """One proxy. `https` means TLS to the proxy itself; the tunnel inside is the same as with `http`."""

    kind: Kind
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    remote_dns: bool = True
    """The proxy resolves the server's name (HTTP proxies always do)."""
    ca_file: str | Path | None = None
    """CA of the proxy's own certificate; only for `https`. None: the system's."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InvalidInputError(f"proxy kind {self.kind!r} is not known; use one of {', '.join(get_args(Kind))}")
        checked_host(self.host, "the proxy's host")
        checked_port(self.port, "the proxy's port")
        self._check_login()
        if self.password:
            redact.register(self.password, f"{self.username}:{self.password}")

    def _check_login(self) -> None:
        if self.password and not self.username:
            raise InvalidInputError("the proxy has a password but no user name; give both or none")
        login = self.username + self.password
        if any(ord(character) < 32 or ord(character) == 127 for character in login):
            raise InvalidInputError("the proxy's user name or password holds a control character; type it again")
        if self.kind in {"http", "https"} and ":" in self.username:
            raise InvalidInputError("a user name for an HTTP proxy cannot hold a colon; ask who runs the proxy")
        if self.kind.startswith("socks"):
            longest = max(len(self.username.encode()), len(self.password.encode()))
            if not login.isascii() or longest > _SOCKS_LIMIT:
                raise InvalidInputError("a SOCKS user name and password are ASCII of at most 255 characters each")

    @classmethod
    def from_url(cls, url: str) -> ProxySettings:
        """Read `kind://user:password@host:port`; user and password percent-encoded, the port optional.

        Raises:
            InvalidInputError: Another scheme, no host, a bad port. The message does not repeat the URL.
        """
        parts = urlsplit(url.strip())
        if parts.scheme.lower() not in _SCHEMES:
            raise InvalidInputError(f"a proxy URL starts with one of {', '.join(_SCHEMES)}, followed by ://")
        kind, remote_dns = _SCHEMES[parts.scheme.lower()]
        try:
            port = parts.port
        except ValueError as error:
            raise InvalidInputError("the port in the proxy URL is not a number from 1 to 65535") from error
        if not parts.hostname:
            raise InvalidInputError("the proxy URL names no host; write kind://user:password@host:port")
        return cls(
            cast(Kind, kind),
            parts.hostname,
            port or _DEFAULT_PORTS[kind],
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            remote_dns,
        )

    @property
    def name(self) -> str:
        """For messages: kind, host and port, no credentials."""
        return f"the {self.kind} proxy {self.host}:{self.port}"

    def url(self) -> str:
        """The URL with credentials, for HTTP libraries. A secret."""
        login = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        scheme = "socks5h" if self.kind == "socks5" and self.remote_dns else self.kind
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}{host}:{self.port}"

    def basic_authorization(self) -> str:
        """The value of `Proxy-Authorization`. A secret."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")
