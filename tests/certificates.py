"""Certificates for tests: one authority, a good server, and servers that must be refused, each for one reason.

Made with the cryptography package; a set takes some tens of milliseconds.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)
KINDS = ("good", "expired", "not_yet_valid", "wrong_host", "self_signed", "unknown_ca")


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path


class Certificates:
    """An authority and what it signed, in a folder.

    Args:
        folder: Where the files go; made when missing.

    Attributes:
        ca_file: What a client must trust to accept `good`.
        other_ca_file: An authority that signed none of them but `unknown_ca`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._ca = _Authority("Mailroom test authority")
        self._other = _Authority("Somebody else's authority")
        self.ca_file = self._write("ca.pem", self._ca.pem)
        self.other_ca_file = self._write("other-ca.pem", self._other.pem)
        self._pairs: dict[str, Pair] = {}

    def pair(self, kind: str = "good") -> Pair:
        """The files of a server: one of `KINDS`; all but `wrong_host` are for localhost and 127.0.0.1."""
        if kind not in self._pairs:
            self._pairs[kind] = self._make(kind)
        return self._pairs[kind]

    def server_context(self, kind: str = "good", *, client_ca: bool = False) -> ssl.SSLContext:
        """A server's side of TLS; with `client_ca` it demands a client certificate of our authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        pair = self.pair(kind)
        context.load_cert_chain(pair.certificate, pair.key)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        """A client that trusts our authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def client_pair(self) -> Pair:
        """A certificate that a client shows, signed by our authority."""
        if "client" not in self._pairs:
            certificate, key = self._ca.sign("Mailroom client", [], client=True)
            self._pairs["client"] = self._store("client", certificate, key)
        return self._pairs["client"]

    def _make(self, kind: str) -> Pair:
        local: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        now = datetime.now(UTC)
        if kind == "good":
            made = self._ca.sign("localhost", local)
        elif kind == "expired":
            made = self._ca.sign("localhost", local, start=now - 3 * _DAY, end=now - _DAY)
        elif kind == "not_yet_valid":
            made = self._ca.sign("localhost", local, start=now + _DAY, end=now + 3 * _DAY)
        elif kind == "wrong_host":
            made = self._ca.sign("elsewhere.example", [x509.DNSName("elsewhere.example")])
        elif kind == "unknown_ca":
            made = self._other.sign("localhost", local)
        elif kind == "self_signed":
            alone = _Authority("localhost", local)
            made = alone.pem, alone.key_pem
        else:
            raise ValueError(f"unknown kind {kind!r}: use one of {', '.join(KINDS)}")
        return self._store(kind, *made)

    def _store(self, name: str, certificate: bytes, key: bytes) -> Pair:
        return Pair(self._write(f"{name}.pem", certificate), self._write(f"{name}.key", key))

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


class _Authority:
    def __init__(self, name: str, names: list[x509.GeneralName] | None = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        now = datetime.now(UTC)
        usage = _usage(signs=True)
        builder = _builder(self._name, self._name, self._key, now - _DAY, now + 30 * _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)
        self.key_pem = _key_pem(self._key)

    def sign(
        self,
        name: str,
        names: list[x509.GeneralName],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        client: bool = False,
    ) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        builder = _builder(_named(name), self._name, key, start or now - _DAY, end or now + 30 * _DAY)
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), start, end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
