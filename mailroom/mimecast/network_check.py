"""The stages below HTTP: name, connection, TLS. With a proxy they are about the proxy."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

if TYPE_CHECKING:
    from mailroom.mimecast.client import MimecastClient

_PATIENCE = 10.0


class StageFailure(Exception):  # noqa: N818 - an outcome on its way to the report, not an error of the project
    """Why a stage failed, and what to do."""

    def __init__(self, detail: str, advice: str) -> None:
        super().__init__(detail, advice)
        self.detail, self.advice = detail, advice


def _target(client: MimecastClient) -> tuple[str, int, str]:
    """Host, port and a name for messages: the proxy when there is one."""
    if proxy := client.transport.proxy:
        host, _, port = proxy.rpartition(":")
        return host, int(port), f"the proxy {proxy}"
    parts = urlsplit(client.api_root)
    port_number = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.hostname or "", port_number, f"{parts.hostname}:{port_number}"


def check_name(client: MimecastClient) -> str:
    """Resolve the host's name.

    Raises:
        StageFailure: It does not resolve.
    """
    host, port, name = _target(client)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StageFailure(f"{name} does not resolve ({error})", "check the host name and the DNS servers") from error
    return f"{name} is {found[0][4][0]}"


def check_connection(client: MimecastClient) -> str:
    """Open a TCP connection.

    Raises:
        StageFailure: Refused, filtered or unreachable.
    """
    host, port, name = _target(client)
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE):
            return f"{name} accepts connections"
    except OSError as error:
        raise StageFailure(
            f"{name} cannot be reached ({error})", "check the firewall, the route and whether a proxy is needed"
        ) from error


def check_tls(client: MimecastClient) -> str | None:
    """Shake hands with the API host; None for plain http and behind a proxy (the next stage shows it there).

    Raises:
        StageFailure: The certificate or the protocol is not accepted.
    """
    if client.transport.proxy or not client.api_root.startswith("https://"):
        return None
    host, port, name = _target(client)
    context = _context(client.transport.verify)
    try:
        with (
            socket.create_connection((host, port), timeout=_PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            how = secure.version() or "TLS"
    except ssl.SSLCertVerificationError as error:
        raise StageFailure(
            f"the certificate of {name} is not accepted ({error.verify_message})",
            "an inspecting proxy? Name its CA bundle in the settings; do not switch verification off",
        ) from error
    except OSError as error:
        raise StageFailure(f"no TLS with {name} ({error})", "check that this is the API's host and port") from error
    return how if client.transport.verify is not False else f"{how}, NOT VERIFIED"


def _context(verify: bool | str) -> ssl.SSLContext:
    bundle = DEFAULT_CA_BUNDLE_PATH if verify is True else verify
    if bundle is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    folder = Path(str(bundle)).is_dir()
    return ssl.create_default_context(cafile=None if folder else str(bundle), capath=str(bundle) if folder else None)


NETWORK_STAGES: tuple[tuple[str, Callable[[MimecastClient], str | None]], ...] = (
    ("name", check_name),
    ("connection", check_connection),
    ("TLS", check_tls),
)
