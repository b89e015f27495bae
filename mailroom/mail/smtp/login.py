"""Entering a submission server: connect, TLS, AUTH."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from math import inf

from mailroom.errors import AccessError, CredentialsError, MailroomError, NotOfferedError, TransientError
from mailroom.mail.oauth.diagnosis import diagnose
from mailroom.mail.oauth.sasl import OAUTHBEARER_FAILED, XOAUTH2_FAILED, oauthbearer, xoauth2
from mailroom.mail.smtp.report import Answer
from mailroom.mail.smtp.settings import SmtpSettings
from mailroom.mail.smtp.wire import LostError, Wire
from mailroom.mail.transport.connect import open_socket
from mailroom.mail.transport.silence import patience, what_silence_means
from mailroom.mail.transport.tls import context

_LONGEST_LINE = 12_000
"""Octets of an AUTH line, RFC 4954 less some room."""
_SYNTAX = {500, 501, 555}


@contextlib.contextmanager
def session(settings: SmtpSettings, until: float = inf) -> Iterator[Wire]:
    """A connection that is logged in; left politely at the end, and given up at `until` (on `time.monotonic`).

    Raises:
        TransientError: It cannot be reached, or it wants us to come back later.
        CredentialsError: The login is not accepted. A token was renewed once before.
        AccessError: TLS or the server's policy stands in the way; the message says what.
        NotOfferedError: The server does not offer the way of logging in.
        ResponseError: It does not speak SMTP.
    """
    wire = connected(settings, until)
    try:
        try:
            log_in(wire, settings, force_refresh=False)
        except CredentialsError:
            if settings.mechanism == "password":
                raise
            wire, _ = log_in_anew(wire, settings)
        yield wire
    except LostError as error:
        raise TransientError(f"{settings.name}: the connection was lost ({error}); try again") from error
    finally:
        wire.leave()


def log_in_anew(wire: Wire, settings: SmtpSettings) -> tuple[Wire, str]:
    """Leave `wire`, connect again and log in with a fresh token, once; the new connection and the mechanism.

    Some servers close after a failure, others count failures per connection, so the old one is not used again.

    Raises:
        MailroomError: As `session`.
        LostError: The connection was lost.
    """
    wire.leave()
    wire = connected(settings, wire.until)
    try:
        return wire, log_in(wire, settings, force_refresh=True)
    except BaseException:
        wire.leave()
        raise


def connected(settings: SmtpSettings, until: float = inf) -> Wire:
    """Connection, TLS, greeting and EHLO, without login.

    Raises:
        MailroomError: As `session`.
    """
    wire = tcp(settings, until)
    server_name = settings.server_name or settings.host
    try:
        if settings.security == "implicit":
            wire.secure(tls_context(settings), server_name)
        greeted(wire, settings)
        if settings.security == "starttls":
            wire.starttls(tls_context(settings), server_name)
            wire.greet()
    except LostError as error:
        raise TransientError(
            f"{settings.name}: no SMTP answer ({error}); try again, and check that port and security belong together "
            f"(it is {settings.security}; 465 is implicit, 587 starttls)"
        ) from error
    except BaseException:
        wire.close()
        raise
    return wire


def tcp(settings: SmtpSettings, until: float = inf) -> Wire:
    """Only the connection."""
    sock = open_socket(settings.host, settings.port, timeout=settings.connect_timeout, proxy=settings.proxy)
    return Wire(sock, settings.name, settings.greeting_name, settings.read_timeout, until)


def greeted(wire: Wire, settings: SmtpSettings) -> None:
    """The server's greeting and EHLO.

    Raises:
        TransientError: It does not serve us now.
        AccessError: It does not serve us at all, or only with TLS from the first byte.
        LostError: No answer came.
        ResponseError: It does not speak SMTP.
    """
    if not wire.tls and wire.is_silent(patience(settings.read_timeout)):
        reason = what_silence_means(
            settings.host, settings.port, patience=patience(settings.read_timeout), proxy=settings.proxy,
            name=wire.name, starttls_port=587,
        )  # fmt: skip
        if reason is not None:
            wire.close()  # it would not understand a QUIT either
            raise reason
    greeting = wire.answer()
    if greeting.status != "accepted":
        kind = TransientError if greeting.status == "refused_transient" else AccessError
        raise kind(f"{wire.name} does not serve us ({greeting}); try again later, or ask who runs it")
    wire.greet()


def log_in(wire: Wire, settings: SmtpSettings, *, force_refresh: bool) -> str:
    """AUTH as the settings say; returns the mechanism used, empty without a user name.

    Raises:
        CredentialsError: Refused for good.
        TransientError: Refused for now.
        NotOfferedError: The mechanism is not offered.
    """
    if not settings.username:
        return ""
    offered = wire.features.get("AUTH", "").upper().split()
    token = ""
    if settings.mechanism == "password":
        mechanism = _password_mechanism(wire, offered)
        answer = _with_password(wire, settings, mechanism)
    else:
        mechanism = settings.mechanism.upper()
        if mechanism not in offered:
            raise _not_offered(wire, mechanism, offered)
        assert settings.token is not None  # noqa: S101 - the settings have checked it
        token = settings.token(force_refresh)
        answer = _with_token(wire, settings, mechanism, token)
    if answer.code != 235:
        raise _refused(wire.name, answer, mechanism, token)
    return mechanism


def _refused(name: str, answer: Answer, mechanism: str, token: str) -> MailroomError:
    """The error for a refused AUTH. Of a token, what it says about itself; never the token."""
    if answer.status == "refused_transient" and answer.code != 432:
        return TransientError(f"{name} cannot check the login now ({answer}); try again later")
    if answer.code == 432:  # also "a password transition is needed", RFC 4954; Microsoft means too many sessions
        return TransientError(f"{name} takes no more sessions of this account now ({answer}); try again later")
    if answer.code in {500, 501, 502, 504, 538}:
        return NotOfferedError(f"{name} does not take {mechanism} here ({answer}); use another mechanism, or TLS")
    advice = _ADVICE.get(answer.enhanced)
    if token:
        found = diagnose(token, purpose="smtp")
        advice = found.advice if found.problems or advice is None else advice
    elif advice is None:
        advice = "check user name and password; Gmail, Yahoo and iCloud want an app password, Microsoft 365 wants OAuth"
    return CredentialsError(f"{name} does not accept the {mechanism} login ({answer}); {advice}")


_ADVICE = {
    "5.7.139": "authenticated SMTP is switched off for this mailbox or tenant; have it enabled in Exchange",
    "5.7.30": "passwords are not accepted any more; use OAuth",
    "5.7.9": "an app password is needed (2-step verification is on)",
    "5.7.14": "the provider wants a sign-in in the browser first; sign in there once",
    "5.7.3": "the login was not accepted or is not allowed; check user name, password and the mailbox's SMTP switch",
}


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """The context the settings ask for.

    Raises:
        InvalidInputError: A file cannot be read.
    """
    return context(settings.verify, settings.ca_file, settings.client_cert, settings.minimum_tls)


def _password_mechanism(wire: Wire, offered: list[str]) -> str:
    for mechanism in ("PLAIN", "LOGIN"):
        if mechanism in offered:
            return mechanism
    raise _not_offered(wire, "a password login (PLAIN or LOGIN)", offered)


def _not_offered(wire: Wire, wanted: str, offered: list[str]) -> NotOfferedError:
    if not offered:
        return NotOfferedError(
            f"{wire.name} offers no login on this connection; use the submission port with TLS (465 or 587), or "
            "switch SMTP login off where it takes mail without one"
        )
    return NotOfferedError(f"{wire.name} does not offer {wanted}, only {', '.join(offered)}; change the mechanism")


def _with_password(wire: Wire, settings: SmtpSettings, mechanism: str) -> Answer:
    user, password = settings.username, settings.password
    if mechanism == "PLAIN":
        return wire.dialogue("PLAIN", f"\x00{user}\x00{password}", lambda _turn: f"\x00{user}\x00{password}")
    return wire.dialogue("LOGIN", None, lambda turn: user if turn == 1 else password)


def _with_token(wire: Wire, settings: SmtpSettings, mechanism: str, token: str) -> Answer:
    if mechanism == "XOAUTH2":
        first, failed = xoauth2(settings.username, token), XOAUTH2_FAILED
    else:
        first, failed = oauthbearer(settings.username, settings.host, settings.port, token), OAUTHBEARER_FAILED
    if len(first) * 4 // 3 < _LONGEST_LINE:
        answer = wire.dialogue(mechanism, first, lambda _turn: failed)
        if answer.code not in _SYNTAX:
            return answer
    return wire.dialogue(mechanism, None, lambda turn: first if turn == 1 else failed)
