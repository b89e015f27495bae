"""Host names and ports as people write them, checked before they go into any protocol line."""

from __future__ import annotations

import ipaddress
import re

import idna

from mailroom.errors import InvalidInputError

_SCOPED = re.compile(r"[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]{1,32})?")  # the standard library lets any scope pass
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?")


def checked_host(host: str, what: str = "the host") -> str:
    """`host` in ASCII (IDNA), without the brackets of an IPv6 literal.

    Raises:
        InvalidInputError: Empty, a URL, with spaces or control characters, or no valid international name.
    """
    name = host.strip(" ")
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise InvalidInputError(f"{what} {host!r} is not a valid host name ({error})") from error
    if _PLAIN.fullmatch(name) or (":" in name and _is_ipv6(name)):
        return name
    raise InvalidInputError(f"{what} {host!r} is not a host name; write a name or an address, without scheme and port")


def _is_ipv6(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).version == 6 and _SCOPED.fullmatch(name) is not None
    except ValueError:
        return False


def checked_port(port: int, what: str = "the port") -> int:
    """`port` when it can be one.

    Raises:
        InvalidInputError: It cannot.
    """
    if not 1 <= port <= 65535:
        raise InvalidInputError(f"{what} {port} is not a number from 1 to 65535")
    return port
