"""A staged check of one submission server: which stage fails, and what to do about it."""

from __future__ import annotations

from mailroom.errors import AccessError, CredentialsError, TransientError
from mailroom.mail.compose.addresses import parse_mailbox
from mailroom.mail.smtp.login import greeted, log_in, log_in_anew, tcp, tls_context
from mailroom.mail.smtp.settings import SmtpSettings
from mailroom.mail.smtp.wire import LostError, Wire
from mailroom.mail.transport.stages import resolve, run_stages
from mailroom.stages import Stage


def ping(settings: SmtpSettings, *, sender: str = "") -> list[Stage]:
    """Check name, connection, TLS, greeting, login, and with `sender` whether this account may send as it.

    Effect: none; with `sender`, a mail is announced and taken back at once. Stages after a failure are not tried.
    Never raises: what went wrong is in the stages.
    """
    check = _Check(settings)
    steps = [
        ("name", lambda: resolve(settings.host, settings.proxy)),
        ("connection", check.connection),
        *([("TLS", check.implicit_tls)] if settings.security == "implicit" else []),
        ("greeting", check.greeting),
        *([("TLS", check.starttls)] if settings.security == "starttls" else []),
        ("login", check.login),
    ]
    if sender:
        steps.append(("sender", lambda: check.sender(sender)))
    try:
        return run_stages(steps)
    finally:
        if check.wire is not None:
            check.wire.leave()


class _Check:
    """The connection, stage by stage."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self.wire: Wire | None = None

    @property
    def _open(self) -> Wire:
        assert self.wire is not None  # noqa: S101 - the first stage has made it
        return self.wire

    def connection(self) -> str:
        self.wire = tcp(self._settings)
        way = f" through {self._settings.proxy.name}" if self._settings.proxy else ""
        return f"{self._settings.name} accepts connections{way}"

    def implicit_tls(self) -> str:
        self._open.secure(tls_context(self._settings), self._settings.server_name or self._settings.host)
        return self._tls()

    def starttls(self) -> str:
        try:
            self._open.starttls(tls_context(self._settings), self._settings.server_name or self._settings.host)
            self._open.greet()
        except LostError as error:
            raise self._lost(error) from error
        return self._tls()

    def greeting(self) -> str:
        try:
            greeted(self._open, self._settings)
        except LostError as error:
            raise self._lost(error) from error
        return f"it offers {', '.join(sorted(self._open.features)) or 'no extensions'}"

    def login(self) -> str:
        settings = self._settings
        if not settings.username:
            return "none: no user name is set"
        try:
            try:
                mechanism = log_in(self._open, settings, force_refresh=False)
            except CredentialsError:
                if settings.mechanism == "password":
                    raise
                self.wire, mechanism = log_in_anew(self._open, settings)
        except LostError as error:
            raise self._lost(error) from error
        return f"{settings.username} is logged in with {mechanism}"

    def sender(self, sender: str) -> str:
        mailbox = parse_mailbox(sender)
        try:
            answer = self._open.answer(f"MAIL FROM:<{mailbox.address}>")
            self._open.answer("RSET")
        except LostError as error:
            raise self._lost(error) from error
        if answer.status == "refused_transient":
            raise TransientError(f"{mailbox.address} cannot send now ({answer}); try again later")
        if answer.status != "accepted":
            raise AccessError(f"this account may not send as {mailbox.address} ({answer}); have the right granted")
        return f"may send as {mailbox.address}"

    def _tls(self) -> str:
        checked = "certificate accepted" if self._settings.verify else "certificate NOT VERIFIED"
        return f"{self._open.tls}, {checked}"

    def _lost(self, error: LostError) -> TransientError:
        return TransientError(
            f"{self._settings.name}: the connection was lost ({error}); check that port and security belong together "
            "(465 is implicit, 587 starttls)"
        )
