"""How a mailbox logs in: one login for reading and sending, or one of its own for sending, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mailroom.errors import InvalidInputError
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.imap.settings import Mechanism
from mailroom.mail.oauth import (
    GoogleRefreshToken,
    GoogleServiceAccount,
    MicrosoftClientCredentials,
    MicrosoftDelegated,
    TokenHttp,
)
from mailroom.mail.transport import ProxySettings


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with its password or tokens. Without a user name: no login."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: Callable[[bool], str] | None = field(default=None, repr=False)
    mechanism: Mechanism = "password"


def logins(
    fields: AccountFields, address: str, proxy: ProxySettings | None, keep: Callable[[str], None] | None
) -> tuple[Login, Login]:
    """The logins for IMAP and for SMTP.

    Args:
        fields: The form.
        address: Of the mailbox: the user name where none is given.
        proxy: For token requests, if it is an HTTP proxy.
        keep: Stores a renewed refresh token (Microsoft, delegated), before it is used.

    Raises:
        InvalidInputError: a field is missing, or two do not go together.
    """
    http = TokenHttp(proxy=proxy if proxy and proxy.kind.startswith("http") else None, ca_file=fields.ca_bundle or None)
    username = fields.username or address
    token = _token(fields, address, http, keep)
    reading = Login(username, fields.password) if token is None else Login(username, "", token, fields.sasl)
    return reading, _sending(fields, reading, http)


def _sending(fields: AccountFields, reading: Login, http: TokenHttp) -> Login:
    own = fields.smtp_username
    if not fields.smtp_login:
        if own or fields.smtp_password:
            raise InvalidInputError(
                "SMTP login is off, but there is an SMTP username or password: empty both, or switch SMTP login on."
            )
        return Login()
    if fields.smtp_password:
        return Login(own or reading.username, fields.smtp_password)
    if own and fields.authentication == "google service account":  # these tokens are good for one mailbox each
        return replace(reading, username=own, token=_service_account(fields, own, http))
    return replace(reading, username=own or reading.username)


def _token(
    fields: AccountFields, address: str, http: TokenHttp, keep: Callable[[str], None] | None
) -> Callable[[bool], str] | None:
    if fields.authentication == "password":
        return None
    kind: str = fields.authentication
    match kind:
        case "google refresh token":
            _need(fields, "client_id", "client_secret", "refresh_token")
            return GoogleRefreshToken(
                client_id=fields.client_id,
                client_secret=fields.client_secret,
                refresh_token=fields.refresh_token,
                http=http,
            )
        case "google service account":
            return _service_account(fields, address, http)
        case "microsoft application":
            _need(fields, "tenant_id", "client_id", *(() if fields.application_certificate else ("client_secret",)))
            return MicrosoftClientCredentials(
                tenant=fields.tenant_id,
                client_id=fields.client_id,
                client_secret=fields.client_secret,
                certificate=fields.application_certificate,
                http=http,
            )
        case "microsoft delegated":
            _need(fields, "client_id", "refresh_token")
            return MicrosoftDelegated(
                client_id=fields.client_id,
                refresh_token=fields.refresh_token,
                tenant=fields.tenant_id or "common",
                client_secret=fields.client_secret,
                save=keep,
                http=http,
            )
        case _:
            msg = f"Authentication {fields.authentication!r} is not known; write password or one of the OAuth ways."
            raise InvalidInputError(msg)


def _service_account(fields: AccountFields, mailbox: str, http: TokenHttp) -> GoogleServiceAccount:
    _need(fields, "service_account_key")
    return GoogleServiceAccount(info=fields.service_account_key, mailbox=mailbox, http=http)


def _need(fields: AccountFields, *names: str) -> None:
    missing = [name.replace("_", " ") for name in names if not getattr(fields, name)]
    if missing:
        msg = f"Authentication by {fields.authentication} needs {', '.join(missing)} as well."
        raise InvalidInputError(msg)
