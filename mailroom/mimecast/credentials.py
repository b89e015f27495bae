"""The two kinds of credentials a tenant hands out. Neither ever shows its secrets in `repr`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Literal

from mailroom import redact
from mailroom.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class ApplicationKeys:
    """API 1.0: an application (id, key) and a user's binding to it (access key, secret key).

    `email` and `password` are needed only to extend an expired binding (HTTP 418) without a person.
    """

    app_id: str
    app_key: str = field(repr=False)
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    """As delivered: base64."""
    email: str = ""
    password: str = field(default="", repr=False)
    login_type: Literal["Basic-Cloud", "Basic-AD"] = "Basic-Cloud"

    def __post_init__(self) -> None:
        for name in ("app_id", "app_key", "access_key", "secret_key"):
            _need(name, getattr(self, name))
        try:
            base64.b64decode(self.secret_key, validate=True)
        except (binascii.Error, ValueError):
            msg = "secret_key is not base64: copy the Secret Key as the console shows it, whole and unchanged"
            raise InvalidInputError(msg) from None
        redact.register(self.app_key, self.access_key, self.secret_key, self.password)
        if self.password:
            redact.register(f"{self.email}:{self.password}")

    @property
    def account_key(self) -> str:
        """A stable name of these credentials that reveals none of them."""
        return _digest("1.0", self.app_id, self.access_key)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """API 2.0: an OAuth2 client."""

    client_id: str
    client_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret"):
            _need(name, getattr(self, name))
        redact.register(self.client_secret, f"{self.client_id}:{self.client_secret}")

    @property
    def account_key(self) -> str:
        """A stable name of these credentials that reveals none of them."""
        return _digest("2.0", self.client_id)


Credentials = ApplicationKeys | ClientCredentials


def _need(name: str, value: str) -> None:
    """Refuse what would break or forge an HTTP header."""
    if not value or value != value.strip() or not value.isascii() or not value.isprintable():
        msg = f"{name} is empty or holds spaces around it, line breaks or non-ASCII characters: copy it again"
        raise InvalidInputError(msg)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
