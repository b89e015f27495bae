"""Sockets for mail: straight or through a proxy, and TLS that says which check failed."""

from mailroom.mail.transport.connect import open_socket
from mailroom.mail.transport.proxy import ProxySettings
from mailroom.mail.transport.tls import TlsError, context, wrap

__all__ = ["ProxySettings", "TlsError", "context", "open_socket", "wrap"]
