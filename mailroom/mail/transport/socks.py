"""SOCKS5 and SOCKS4(a)."""

from __future__ import annotations

import socket

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.sync import Proxy

from mailroom.errors import AccessError, CredentialsError, InvalidInputError, TransientError
from mailroom.mail.transport.names import checked_host
from mailroom.mail.transport.proxy import ProxySettings

_TYPES = {"socks5": ProxyType.SOCKS5, "socks4": ProxyType.SOCKS4}
_NOT_ALLOWED = 2
_SOCKS4_IDENT = {0x5C, 0x5D}


def connect_through_socks(host: str, port: int, proxy: ProxySettings, timeout: float) -> socket.socket:
    """A socket that speaks with `host`:`port` through the proxy, `timeout` set on it.

    Raises:
        InvalidInputError: The name is too long for SOCKS, or must be resolved here and has no fitting address.
        CredentialsError: The proxy did not let us in.
        AccessError: Its rules do not allow the target.
        TransientError: Proxy or target cannot be reached, or a connection was lost.
    """
    client = Proxy(
        _TYPES[proxy.kind],
        checked_host(proxy.host),
        proxy.port,
        proxy.username or None,
        proxy.password or None,
        rdns=proxy.remote_dns,
    )
    try:
        sock = client.connect(host, port, timeout=timeout)
    except ProxyTimeoutError as error:
        raise TransientError(f"{proxy.name} did not answer within {timeout:g} seconds; check host and port") from error
    except ProxyConnectionError as error:
        raise TransientError(f"{proxy.name} cannot be reached; check host, port and firewall ({error})") from error
    except ProxyError as error:
        raise _refusal(error, f"{host}:{port}", proxy) from error
    except OSError as error:  # also a name that could not be resolved here
        raise TransientError(f"{proxy.name}, on the way to {host}:{port}: {error}; try again") from error
    except (UnicodeError, ValueError) as error:
        raise InvalidInputError(f"{host} cannot be asked for through {proxy.name} ({error})") from error
    sock.settimeout(timeout)
    return sock


def _refusal(error: ProxyError, target: str, proxy: ProxySettings) -> Exception:
    code = error.error_code
    if code is None and isinstance(error.__cause__, Exception) and "IncompleteRead" in type(error.__cause__).__name__:
        return TransientError(f"{proxy.name} closed the connection during the handshake; try again, check its login")
    if code is None or code in _SOCKS4_IDENT:
        return CredentialsError(
            f"{proxy.name} did not let us in ({error}); check that it is a {proxy.kind} proxy, its user and password"
        )
    if code in {_NOT_ALLOWED, 7, 8}:
        return AccessError(f"{proxy.name} does not allow {target} ({error}); have whoever runs it allow this port")
    return TransientError(f"{proxy.name} could not reach {target} ({error}); check the host name, then try again later")
