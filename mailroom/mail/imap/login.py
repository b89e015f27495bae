"""From a greeting to an open account: STARTTLS, the login, and what the server can do afterwards."""

from __future__ import annotations

import base64

from mailroom import redact
from mailroom.errors import AccessError, CredentialsError, RejectedError
from mailroom.mail.imap.answers import Reply, Untagged, untagged_of
from mailroom.mail.imap.codes import Status, error_for
from mailroom.mail.imap.commands import LiteralArgument
from mailroom.mail.imap.settings import ImapSettings
from mailroom.mail.imap.wire import Wire
from mailroom.mail.oauth import sasl
from mailroom.mail.oauth.diagnosis import diagnose

_TRIES = 4
"""Challenges answered before giving up."""


def greet(wire: Wire) -> bool:
    """Take over greeting and capabilities; True when the server says we are logged in already."""
    imap = wire.client.imap
    wire.learn(" ".join(imap.capabilities).encode("ascii", "replace"))
    kind, _, rest = (imap.welcome or b"")[2:].partition(b" ")
    status = Status.of(kind.decode("ascii", "replace").upper(), rest)
    if status.code == "ALERT":
        wire.alerts.append(status.text)
    return status.kind == "PREAUTH"


def start_tls(wire: Wire, preauth: bool) -> None:
    """Switch to TLS or fail; everything learned before is forgotten.

    Raises:
        AccessError: Not offered, refused, or impossible (a PREAUTH greeting): the password was not sent.
    """
    unsafe = "nothing was sent; use security implicit, or ask the server's administrator"
    if preauth:
        raise AccessError(f"{wire.where}: the server says PREAUTH before TLS, so STARTTLS is impossible; {unsafe}")
    if "STARTTLS" not in wire.capabilities:
        raise AccessError(f"{wire.where}: the server (or something on the way) does not offer STARTTLS; {unsafe}")
    reply = wire.attempt("STARTTLS")
    if reply.status.kind != "OK":
        raise AccessError(f"{wire.where}: STARTTLS was refused ({reply.status.said}); {unsafe}")
    with wire.talking("STARTTLS"):
        wire.client.imap.start_tls()
    wire.capabilities = frozenset()
    wire.command("CAPABILITY")


def log_in(wire: Wire, *, force_refresh: bool = False) -> None:
    """Log in and learn what the server can do now.

    Raises:
        CredentialsError: Not accepted.
        AccessError: The server takes no login of this kind.
        TransientError: Not now.
    """
    settings = wire.settings
    reply = _with_password(wire, settings) if settings.mechanism == "password" else _with_token(wire, force_refresh)
    if reply.status.kind != "OK":
        raise error_for(reply.status, "LOGIN" if settings.mechanism == "password" else "AUTHENTICATE", wire.where)
    wire.client.imap.state = "AUTH"
    told = list(reply.codes("CAPABILITY"))
    if told:
        wire.learn(told[-1])
    else:
        wire.command("CAPABILITY")
    if "ID" in wire.capabilities:
        wire.attempt("ID", "(", b"name", b"Mailroom", ")")  # some providers open no folder before it


def _with_password(wire: Wire, settings: ImapSettings) -> Reply:
    user, password = settings.username, settings.password
    redact.register(password, f"{user}\0{password}", f"\0{user}\0{password}")
    disabled, plain = "LOGINDISABLED" in wire.capabilities, "AUTH=PLAIN" in wire.capabilities
    if disabled and not plain:  # LOGINDISABLED is about LOGIN alone
        raise AccessError(f"{wire.where}: the server takes no password on this connection; use TLS, or OAuth")
    if plain and (disabled or not (user + password).isascii()):
        return _authenticate(wire, "PLAIN", f"\0{user}\0{password}", "")
    return wire.attempt("LOGIN", _argument(user), _argument(password))


def _argument(text: str) -> bytes:
    data = text.encode()
    return LiteralArgument(data) if b"\r" in data or b"\n" in data else data


def _with_token(wire: Wire, force_refresh: bool) -> Reply:
    settings = wire.settings
    assert settings.token is not None  # noqa: S101 - `ImapSettings.check` has seen to it
    wanted, other = settings.mechanism.upper(), {"XOAUTH2": "OAUTHBEARER", "OAUTHBEARER": "XOAUTH2"}
    offered = {word[5:] for word in wire.capabilities if word.startswith("AUTH=")}
    mechanism = next((name for name in (wanted, other[wanted]) if name in offered), None)
    if mechanism is None:
        raise AccessError(
            f"{wire.where}: the server does not offer {wanted} here (it offers "
            f"{', '.join(sorted(offered)) or 'nothing'}); check host and port, and that TLS is on"
        )
    token = settings.token(force_refresh)
    if mechanism == "XOAUTH2":
        first, failed = sasl.xoauth2(settings.username, token), sasl.XOAUTH2_FAILED
    else:
        first, failed = (
            sasl.oauthbearer(settings.username, settings.host, settings.port, token),
            sasl.OAUTHBEARER_FAILED,
        )
    reply = _authenticate(wire, mechanism, first, failed)
    if reply.status.kind == "NO":
        _explain(wire, reply, token)
    return reply


def _explain(wire: Wire, reply: Reply, token: str) -> None:
    """Raise what a refused token says about itself, unless the server had another reason."""
    if not isinstance(error_for(reply.status, "AUTHENTICATE", wire.where), (CredentialsError, RejectedError)):
        return
    found = diagnose(token, purpose="imap", clock=wire.clock)
    challenge = reply.untagged[-1].pieces[0].decode("utf-8", "replace") if reply.untagged else ""
    if challenge or found.problems or reply.status.code in {"", "AUTHENTICATIONFAILED"}:
        said = f"{reply.status.said}; {challenge}" if challenge else reply.status.said
        raise CredentialsError(
            f"{wire.where}: the token was not accepted ({redact.scrub(said)[:300]}); {found.advice}; do not try again "
            "and again, that locks the account"
        )


def _authenticate(wire: Wire, mechanism: str, first: str, failed: str) -> Reply:
    """One SASL exchange. `failed` is what to send when the server answers the first response with a challenge."""
    encoded = base64.b64encode(first.encode())
    with wire.talking("AUTHENTICATE"):
        direct = "SASL-IR" in wire.capabilities
        tag = wire.send("AUTHENTICATE", mechanism, *([encoded.decode()] if direct else []))
        assert isinstance(tag, bytes)  # noqa: S101 - no literal was sent
        challenges: list[Untagged] = []
        for answered in range(_TRIES):
            while True:
                pieces = wire.read()
                if pieces[0].startswith((b"+", tag + b" ")):
                    break
                wire.note(untagged_of(pieces), "AUTHENTICATE")
            if pieces[0].startswith(tag + b" "):
                return Reply(wire.tagged(pieces, tag), challenges)
            if answered == 0 and not direct:
                wire.raw(encoded + b"\r\n")
                continue
            challenges.append(untagged_of([b"* CHALLENGE " + _decoded(pieces[0][1:].strip())]))
            wire.raw(base64.b64encode(failed.encode()) + b"\r\n")
        raise CredentialsError(f"{wire.where}: {mechanism} did not come to an end; the server keeps asking")


def _decoded(challenge: bytes) -> bytes:
    try:
        return base64.b64decode(challenge)
    except ValueError:
        return challenge
