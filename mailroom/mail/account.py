"""One mailbox as its owner configures it: where it is read, how it sends, who it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, available_timezones

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import InvalidInputError
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.compose import parse_mailbox
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.mail.oauth import (
    GoogleRefreshToken,
    GoogleServiceAccount,
    MicrosoftClientCredentials,
    MicrosoftDelegated,
    TokenHttp,
)
from mailroom.mail.providers import names, preset
from mailroom.mail.smtp import SendGuards, SmtpSettings
from mailroom.mail.transport import ProxySettings


@dataclass(frozen=True)
class MailAccount:
    """A mailbox that can be opened. `imap` or `smtp` is None when that half is not configured."""

    name: str
    address: str
    imap: ImapSettings | None
    smtp: SmtpSettings | None
    sender_name: str = ""
    folders: tuple[str, ...] = ("INBOX",)
    """Where mail and answers are looked for."""
    sent_folder: str = ""
    """Empty: found by its special use."""
    stores_sent_copy: bool = False
    """The provider files a copy of what is sent by SMTP by itself."""
    aliases: tuple[str, ...] = ()
    time_zone: str = "UTC"
    guards: SendGuards = field(default_factory=SendGuards)
    trusted_authserv_ids: tuple[str, ...] = ()

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The address and its aliases, lower case."""
        return tuple(dict.fromkeys(one.lower() for one in (self.address, *self.aliases)))

    @property
    def sender(self) -> str:
        """What stands in From: the address, with the name in quotes when there is one."""
        if not self.sender_name:
            return self.address
        name = self.sender_name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{name}" <{self.address}>'

    @property
    def domain(self) -> str:
        """What new Message-IDs end with."""
        return self.address.rpartition("@")[2]

    def zone(self) -> ZoneInfo:
        """The server's time zone."""
        return ZoneInfo(self.time_zone)

    def need_imap(self) -> ImapSettings:
        """The IMAP half. Raises InvalidInputError when it is not configured."""
        if self.imap is None:
            msg = f"mailbox {self.name!r} has no IMAP server: fill in the IMAP host (or choose a provider)."
            raise InvalidInputError(msg)
        return self.imap

    def need_smtp(self) -> SmtpSettings:
        """The SMTP half. Raises InvalidInputError when it is not configured."""
        if self.smtp is None:
            msg = f"mailbox {self.name!r} has no SMTP server: fill in the SMTP host (or choose a provider)."
            raise InvalidInputError(msg)
        return self.smtp

    def open_imap(self, clock: Clock = SYSTEM_CLOCK) -> ImapSession:
        """Log in to IMAP. The caller closes the session (`with ... as session`)."""
        return ImapSession.open(self.need_imap(), clock=clock)


def account_from(
    name: str, fields: AccountFields, *, keep_refresh_token: Callable[[str], None] | None = None
) -> MailAccount:
    """Put the fields of a form together; nothing is connected yet.

    Args:
        name: What to call the account in the store and in messages.
        fields: The form.
        keep_refresh_token: Stores a renewed refresh token (Microsoft, delegated), before it is used.

    Raises:
        InvalidInputError: a field is missing or wrong; the message says which and what to write.
    """
    address = parse_mailbox(fields.address).address if fields.address else ""
    if not address:
        raise InvalidInputError("The mailbox needs its address, such as soc@example.com.")
    if fields.server_time_zone not in available_timezones():
        msg = f"Server time zone {fields.server_time_zone!r} is not known: write an IANA name such as Europe/Berlin."
        raise InvalidInputError(msg)
    known = preset(fields.provider) if fields.provider != "custom" else None
    proxy = _proxy(fields)
    token = _token(fields, address, proxy, keep_refresh_token)
    login = {
        "username": fields.username or address,
        "password": fields.password if token is None else "",
        "token": token,
        "mechanism": "password" if token is None else fields.sasl,
        "verify": fields.verify_ssl,
        "ca_file": fields.ca_bundle or None,
        "proxy": proxy,
        "allow_plaintext": fields.allow_plaintext,
    }
    imap_host = fields.imap_host or (known.imap_host if known else "")
    smtp_host = fields.smtp_host or (known.smtp_host if known else "")
    if not (imap_host or smtp_host):
        choices = ", ".join(names())
        msg = f"Fill in the IMAP host, the SMTP host or both, or choose a provider ({choices})."
        raise InvalidInputError(msg)
    imap = smtp = None
    if imap_host:
        security = fields.imap_security or (known.imap_security if known else "implicit")
        port = fields.imap_port or (known.imap_port if known else 0) or (993 if security == "implicit" else 143)
        imap = ImapSettings(host=imap_host, port=port, security=security, **login)  # type: ignore[arg-type]
        imap.check()
    if smtp_host:
        security = fields.smtp_security or (known.smtp_security if known else "implicit")
        port = fields.smtp_port or (known.smtp_port if known else 0) or (465 if security == "implicit" else 587)
        smtp = SmtpSettings(host=smtp_host, port=port, security=security, **login)  # type: ignore[arg-type]
    return MailAccount(
        name=name,
        address=address,
        imap=imap,
        smtp=smtp,
        sender_name=fields.sender_name,
        folders=fields.folders or ("INBOX",),
        sent_folder=fields.sent_folder,
        stores_sent_copy=bool(known and known.stores_sent_copy),
        aliases=fields.aliases,
        time_zone=fields.server_time_zone,
        guards=SendGuards(
            max_recipients=fields.max_recipients,
            allowed_domains=fields.allowed_recipient_domains,
            own_addresses=(address, *fields.aliases),
        ),
        trusted_authserv_ids=fields.trusted_authserv_ids,
    )


def _proxy(fields: AccountFields) -> ProxySettings | None:
    if not fields.proxy:
        return None
    if "@" in fields.proxy:
        raise InvalidInputError("Give user name and password of the proxy in their own fields, not in its address.")
    plain = ProxySettings.from_url(fields.proxy)
    return ProxySettings(
        plain.kind, plain.host, plain.port, fields.proxy_username, fields.proxy_password, plain.remote_dns
    )


def _token(
    fields: AccountFields, address: str, proxy: ProxySettings | None, keep: Callable[[str], None] | None
) -> Callable[[bool], str] | None:
    if fields.authentication == "password":
        return None
    http = TokenHttp(proxy=proxy if proxy and proxy.kind.startswith("http") else None, ca_file=fields.ca_bundle or None)
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
            _need(fields, "service_account_key")
            return GoogleServiceAccount(info=fields.service_account_key, mailbox=address, http=http)
        case "microsoft application":
            _need(fields, "tenant_id", "client_id", "client_secret")
            return MicrosoftClientCredentials(
                tenant=fields.tenant_id, client_id=fields.client_id, client_secret=fields.client_secret, http=http
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


def _need(fields: AccountFields, *names: str) -> None:
    missing = [name.replace("_", " ") for name in names if not getattr(fields, name)]
    if missing:
        msg = f"Authentication by {fields.authentication} needs {', '.join(missing)} as well."
        raise InvalidInputError(msg)
