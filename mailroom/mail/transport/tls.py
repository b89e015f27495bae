"""TLS contexts that verify, and handshakes that say which check failed."""

from __future__ import annotations

import logging
import socket
import ssl
from pathlib import Path

from mailroom.errors import AccessError, InvalidInputError, MailroomError, TransientError
from mailroom.mail.transport.names import checked_host

log = logging.getLogger(__name__)

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

_VERIFY: dict[int, tuple[str, str]] = {
    9: ("not_yet_valid", "the certificate is not valid yet; check this machine's clock, then the server's certificate"),
    10: ("expired", "the certificate has expired; have the server's certificate renewed"),
    18: ("self_signed", "the certificate is signed by itself; give it (or its CA) as CA file"),
    19: ("unknown_ca", "the certificate's CA is not trusted here; give the CA file of the server or of the firewall"),
    20: ("unknown_ca", "the certificate's CA is not trusted here; give the CA file of the server or of the firewall"),
    21: (
        "unknown_ca",
        "the certificate's CA is not trusted here; the server may not send its intermediate certificate",
    ),
    23: ("revoked", "the certificate has been revoked; do not connect, tell whoever runs the server"),
    26: ("wrong_purpose", "the certificate is not meant for servers; have another one installed"),
    62: (
        "wrong_host",
        "the certificate is for another host name; use the name it was made for, or set the server name",
    ),
    64: ("wrong_host", "the certificate does not name this IP address; use the server's host name"),
    66: (
        "weak",
        "the certificate's key is too weak; have another one installed, or lower the minimum version to 1.1",
    ),
    68: (
        "weak",
        "the certificate's signature is too weak; have another one installed, or lower the minimum version to 1.1",
    ),
}
_REASONS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW"),
        ("old_protocol", "the server speaks only old versions of TLS; have it updated, or lower the minimum version"),
    ),
    **dict.fromkeys(
        ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE"),
        ("plaintext", "the server answers in clear: the port is for STARTTLS or for no TLS; correct port or security"),
    ),
    **dict.fromkeys(
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "DH_KEY_TOO_SMALL", "TLSV1_ALERT_INSUFFICIENT_SECURITY"),
        (
            "no_common_cipher",
            "no cipher both sides accept; have the server updated, or lower the minimum version to 1.1",
        ),
    ),
    **dict.fromkeys(
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE", "TLSV1_ALERT_UNKNOWN_CA"),
        ("client_certificate", "the server does not accept our certificate; set or correct the client certificate"),
    ),
}


class TlsError(AccessError):
    """The handshake failed a check. `check` names it.

    One of expired, not_yet_valid, wrong_host, unknown_ca, self_signed, revoked, wrong_purpose, weak, old_protocol,
    plaintext, tls_expected, no_common_cipher, client_certificate, other.
    """

    def __init__(self, message: str, check: str = "other") -> None:
        super().__init__(message, check)  # args as given: survives pickling
        self.check = check

    def __str__(self) -> str:
        return str(self.args[0])


def context(
    verify: bool = True,
    ca_file: str | Path | None = None,
    client_cert: str | Path | None = None,
    minimum: str = "1.2",
) -> ssl.SSLContext:
    """A client's context: certificate and host name are checked unless `verify` is False.

    Args:
        verify: False accepts any certificate; every handshake then logs a warning.
        ca_file: PEM file, or folder, of the only CAs to trust; None: the system's.
        client_cert: PEM file with certificate and key.
        minimum: Lowest version of TLS: 1.0, 1.1, 1.2 or 1.3. Below 1.2 weak ciphers and keys are taken too.

    Raises:
        InvalidInputError: A file cannot be read, or the version is not known.
    """
    if minimum not in _VERSIONS:
        raise InvalidInputError(f"minimum TLS version {minimum!r} is not one of {', '.join(_VERSIONS)}")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if ca_file is None:
            made.load_default_certs(ssl.Purpose.SERVER_AUTH)
        else:
            folder = Path(ca_file).is_dir()
            made.load_verify_locations(None if folder else str(ca_file), str(ca_file) if folder else None)
    except OSError as error:  # ssl.SSLError is one
        raise InvalidInputError(f"CA file {ca_file}: cannot be read as PEM ({error}); check the path") from error
    try:
        if client_cert is not None:
            made.load_cert_chain(str(client_cert), password=lambda: "")  # never ask at a terminal
    except OSError as error:
        raise InvalidInputError(
            f"client certificate {client_cert}: no PEM file with certificate and unencrypted key ({error})"
        ) from error
    if minimum in {"1.0", "1.1"}:
        made.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 speaks TLS 1.0 and 1.1 at level 0 only
    made.minimum_version = _VERSIONS[minimum]
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def wrap(sock: socket.socket, context: ssl.SSLContext, server_name: str, *, what: str = "") -> ssl.SSLSocket:
    """Shake hands on `sock` and return the secure socket; on failure `sock` is closed and nothing was sent inside.

    `server_name` is checked against the certificate; `what` names the peer in messages (default: `server_name`).
    The socket's timeout bounds each step.

    Raises:
        TlsError: A check failed; `.check` says which.
        TransientError: The peer closed the connection or did not answer in time.
    """
    name = what or server_name
    if context.verify_mode == ssl.CERT_NONE:
        log.warning("the certificate of %s is NOT verified; name its CA in the settings instead", name)
    try:
        return context.wrap_socket(sock, server_hostname=checked_host(server_name, "the server name").rstrip("."))
    except (OSError, ValueError) as error:
        sock.close()
        raise _named(error, name) from error


def _named(error: Exception, name: str) -> MailroomError:
    if isinstance(error, MailroomError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        check, advice = _VERIFY.get(
            error.verify_code, ("other", f"the certificate is not accepted ({error.verify_message}); have it replaced")
        )
        return TlsError(f"{name}: {advice}", check)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return TransientError(f"{name} closed the connection during the TLS handshake; check that the port speaks TLS")
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        check, advice = _REASONS.get(reason, ("other", f"no TLS ({reason or error}); check port and security setting"))
        return TlsError(f"{name}: {advice}", check)
    if isinstance(error, TimeoutError):
        return TransientError(f"{name} did not answer the TLS handshake in time; check that the port speaks TLS")
    return TransientError(f"{name}: the connection was lost during the TLS handshake ({error}); try again")
