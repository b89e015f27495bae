"""TLS to PostgreSQL, as PostgreSQL's own programs name it: `sslmode` and `sslrootcert` in the store's URL.

The driver by itself would encrypt where the server offers it, never verify, and read all authorities of the machine
anew for every connection, which takes longer than all else a connection needs. Here one context serves them all.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL

from mailroom.errors import InvalidInputError, StoreUnavailableError

MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey")
_REFUSED = "refuses SSL"
"""What the driver says when the server has no TLS."""


class PostgresTls:
    """How connections to one server are encrypted.

    Attributes:
        mode: One of `MODES`; by default `prefer`, and `disable` on this machine, where nobody listens in.
    """

    def __init__(self, where: URL) -> None:
        self._where = where.render_as_string(hide_password=True)
        self.mode = _text(where, "sslmode") or ("disable" if _is_loopback(where.host) else "prefer")
        if self.mode not in MODES:
            raise InvalidInputError(f"sslmode={self.mode} in the store's URL: it is one of {', '.join(MODES)}.")
        files = {name: text for name in _FILES if (text := _text(where, name))}
        self._context: ssl.SSLContext | bool = self._made(files) if self.mode != "disable" else False

    @staticmethod
    def without(where: URL) -> URL:
        """The URL as the driver takes it."""
        return where.difference_update_query(["sslmode", *_FILES])

    def configure(self, engine: Engine) -> None:
        """Let every connection of the engine be made so."""

        @event.listens_for(engine, "do_connect")
        def on_connect(dialect: Any, _record: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
            return self._connect(lambda context: dialect.connect(*arguments, **options | {"ssl_context": context}))

    def _connect(self, connect: Callable[[ssl.SSLContext | bool], Any]) -> Any:
        try:
            return connect(self._context)
        except ssl.SSLError as error:
            raise StoreUnavailableError(self._not_trusted(error)) from error
        except Exception as error:
            if _REFUSED not in str(error):
                raise
            if self.mode != "prefer":
                msg = (
                    f"PostgreSQL at {self._where} offers no TLS and sslmode={self.mode} asks for it. Switch TLS on "
                    "there (ssl = on), or write sslmode=disable if nobody can listen in on the way."
                )
                raise StoreUnavailableError(msg) from error
        return connect(False)

    def _made(self, files: dict[str, str]) -> ssl.SSLContext:
        for name, path in files.items():
            if not Path(path).is_file():
                raise InvalidInputError(f"{name}={path} in the store's URL: there is no such file.")
        verified = self.mode.startswith("verify")
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = self.mode == "verify-full"
            context.verify_mode = ssl.CERT_REQUIRED if verified else ssl.CERT_NONE
            if verified and "sslrootcert" in files:
                context.load_verify_locations(files["sslrootcert"])
            elif verified:
                context.load_default_certs()
            if "sslcert" in files:
                context.load_cert_chain(files["sslcert"], files.get("sslkey"))
        except (ssl.SSLError, OSError) as error:
            msg = f"The certificates named in the store's URL ({', '.join(files)}) cannot be read: {error}."
            raise InvalidInputError(msg) from error
        return context

    def _not_trusted(self, error: ssl.SSLError) -> str:
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        return (
            f"The TLS of PostgreSQL at {self._where} is not to be trusted: {why}. Name its authority with "
            "sslrootcert=/path/to/ca.pem in the store's URL, or connect by the name that stands in its certificate."
        )


def _is_loopback(host: str | None) -> bool:
    return host in {None, "", "localhost", "::1"} or str(host).startswith("127.")


def _text(where: URL, name: str) -> str:
    value = where.query.get(name, "")
    return value if isinstance(value, str) else value[-1]
