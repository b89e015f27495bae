"""A staged check of one mailbox: name, connection, TLS, greeting, login, folder. Never raises for a failed stage."""

from __future__ import annotations

from collections.abc import Callable

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import (
    AccessError,
    CredentialsError,
    InvalidInputError,
    MailroomError,
    NotFoundError,
    RateLimitError,
    TransientError,
)
from mailroom.mail.imap import login
from mailroom.mail.imap.connection import Client, connect, tls_context
from mailroom.mail.imap.session import ImapSession
from mailroom.mail.imap.settings import ImapSettings
from mailroom.mail.imap.wire import Wire
from mailroom.mail.transport import TlsError, open_socket, tls
from mailroom.mail.transport.stages import resolve, run_stages
from mailroom.stages import Stage

NAMES = ("settings", "name", "connection", "TLS", "greeting", "login", "folder")


def ping(settings: ImapSettings, clock: Clock = SYSTEM_CLOCK, *, folder: str = "INBOX") -> list[Stage]:
    """Check each step to an open folder; after a failure the later ones are not tried. Effect: reads.

    The login is tried once (a refused token once more, renewed). Never raises: what went wrong is in the stages.
    """
    return _Check(settings, clock, folder).run()


class _Check:
    def __init__(self, settings: ImapSettings, clock: Clock, folder: str) -> None:
        self.settings, self.clock, self.folder = settings, clock, folder
        self.client: Client | None = None
        self.session: ImapSession | None = None

    def run(self) -> list[Stage]:
        steps: dict[str, Callable[[], str | None]] = dict(
            zip(
                NAMES,
                (self._settings, self._name, self._tcp, self._tls, self._greeting, self._login, self._folder),
                strict=True,
            )
        )
        try:
            return run_stages(steps.items(), advise=_advice)
        finally:
            self._close()

    def _settings(self) -> str:
        self.settings.check()
        return f"{self.settings.where}, {self.settings.security}, {self.settings.mechanism}"

    def _name(self) -> str:
        return resolve(self.settings.host, self.settings.proxy)

    def _tcp(self) -> str:
        settings = self.settings
        open_socket(settings.host, settings.port, timeout=settings.connect_timeout, proxy=settings.proxy).close()
        return f"{settings.where} accepts connections{' through ' + settings.proxy.name if settings.proxy else ''}"

    def _tls(self) -> str | None:
        settings = self.settings
        if settings.security != "implicit":
            return None
        sock = open_socket(settings.host, settings.port, timeout=settings.connect_timeout, proxy=settings.proxy)
        with tls.wrap(
            sock,
            tls_context(settings),
            settings.server_name or settings.host,
            what=settings.where,
        ) as secure:
            how = secure.version() or "TLS"
        return how if settings.verify else f"{how}, NOT VERIFIED"

    def _greeting(self) -> str:
        settings = self.settings
        self.client = connect(settings, self.clock)
        wire = Wire(self.client, settings, self.clock)
        preauth = login.greet(wire)
        detail = "the server greets"
        if settings.security == "starttls":
            login.start_tls(wire, preauth)
            detail += f"; STARTTLS done{'' if settings.verify else ', NOT VERIFIED'}"
        wire.close()
        self.client = None
        return detail

    def _login(self) -> str:
        self.session = ImapSession.open(self.settings, self.clock)
        offered = sorted({"IDLE", "MOVE", "UIDPLUS", "CONDSTORE", "SPECIAL-USE"} & self.session.capabilities)
        alerts = "".join(f"; the server says: {text}" for text in self.session.alerts)
        return f"logged in as {self.settings.username}; offers {', '.join(offered) or 'no extensions'}{alerts}"

    def _folder(self) -> str:
        assert self.session is not None  # noqa: S101 - the stage before has opened it
        name = self.session.resolve(self.folder)
        status = self.session.open(name)
        return f"{name}: {status.messages} mails, next UID {status.uidnext}"

    def _close(self) -> None:
        if self.client is not None:
            self.client.imap.shutdown()
        if self.session is not None:
            self.session.close()


_OF_CERTIFICATE = {
    "expired", "not_yet_valid", "wrong_host", "unknown_ca", "self_signed", "revoked", "wrong_purpose", "other",
}  # fmt: skip


def _advice(error: MailroomError) -> str:
    """What to do, in one clause; the error's own text says the rest."""
    if isinstance(error, InvalidInputError):
        return "mend the settings, then check again"
    if isinstance(error, CredentialsError):
        return "mend user name, password or token (provider's console), then check again; do not repeat as it is"
    if isinstance(error, TlsError) and error.check == "plaintext":
        return "take the port for TLS (usually 993), or set STARTTLS for this one"
    if isinstance(error, TlsError) and error.check == "tls_expected":
        return "set IMAP security to implicit for this port, or take the one for STARTTLS (usually 143)"
    if isinstance(error, TlsError) and error.check in _OF_CERTIFICATE:
        return "mend the certificate or name its CA in the settings; do not switch verification off"
    if isinstance(error, AccessError):
        return "mend what the reason names, then check again"
    if isinstance(error, NotFoundError):
        return "choose one of the folders the server has"
    if isinstance(error, RateLimitError):
        return "close other sessions of this account, wait, then check again"
    if isinstance(error, TransientError):
        return "check that host and port are right and reachable from here, or try again later"
    return "check that this is the IMAP server's host and port"
