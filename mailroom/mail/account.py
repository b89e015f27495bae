"""One mailbox as its owner configures it: where it is read, how it sends, who it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict
from zoneinfo import ZoneInfo, available_timezones

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import InvalidInputError
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.account_login import Login, logins
from mailroom.mail.compose import OutgoingMail, parse_mailbox
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.mail.providers import Provider, names, preset, provider_of
from mailroom.mail.smtp import SendGuards, SmtpSettings
from mailroom.mail.transport import ProxySettings

_MOST_RECIPIENTS = 1_000


@dataclass(frozen=True)
class MailAccount:
    """A mailbox that can be opened. `imap` or `smtp` is None when that half is not configured."""

    name: str
    address: str
    imap: ImapSettings | None
    smtp: SmtpSettings | None
    sender_address: str = ""
    """What stands in From; empty: the mailbox's address. Answers go to the mailbox all the same."""
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
        """The address, its aliases and what we send as, lower case."""
        every = (self.address, *self.aliases, self.sends_as)
        return tuple(dict.fromkeys(one.lower() for one in every))

    @property
    def sends_as(self) -> str:
        """The address in From."""
        return self.sender_address or self.address

    @property
    def sender(self) -> str:
        """What stands in From: the address, with the name in quotes when there is one."""
        return self._named(self.sends_as)

    @property
    def contact(self) -> str:
        """Where people reach us: the mailbox, with the name."""
        return self._named(self.address)

    def _named(self, address: str) -> str:
        if not self.sender_name:
            return address
        name = self.sender_name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{name}" <{address}>'

    def answered_here(self, mail: OutgoingMail) -> OutgoingMail:
        """`mail` with a Reply-To that leads to the mailbox, where From does not and it has none."""
        if mail.reply_to or self.sends_as.lower() == self.address.lower():
            return mail
        return replace(mail, reply_to=self.address)

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


class _Way(TypedDict):
    """What both halves have in common, as their settings call it."""

    verify: bool
    ca_file: str | None
    client_cert: str | None
    minimum_tls: str
    proxy: ProxySettings | None
    allow_plaintext: bool


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
    if not 1 <= fields.max_recipients <= _MOST_RECIPIENTS:
        msg = f"Max Recipients is {fields.max_recipients}: write a number from 1 to {_MOST_RECIPIENTS}."
        raise InvalidInputError(msg)
    known = preset(fields.provider) if fields.provider != "custom" else None
    proxy = _proxy(fields)
    reading, sending = logins(fields, address, proxy, keep_refresh_token)
    way: _Way = {
        "verify": fields.verify_ssl,
        "ca_file": fields.ca_bundle or None,
        "client_cert": fields.client_certificate or None,
        "minimum_tls": fields.minimum_tls,
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
        imap = ImapSettings(
            host=imap_host,
            port=port,
            security=security,
            server_name=fields.imap_server_name or None,
            **_login(reading),
            **way,
        )
        imap.check()
    if smtp_host:
        security = fields.smtp_security or (known.smtp_security if known else "implicit")
        port = fields.smtp_port or (known.smtp_port if known else 0) or (465 if security == "implicit" else 587)
        _check_sending(sending)
        greeting = "" if "@" in sending.username else address.rpartition("@")[2]
        smtp = SmtpSettings(
            host=smtp_host,
            port=port,
            security=security,
            server_name=fields.smtp_server_name or None,
            ehlo_name=greeting,
            **_login(sending),
            **way,
        )
    sender_address = parse_mailbox(fields.sender_address).address if fields.sender_address else ""
    own_account = sending.username.lower() == reading.username.lower()  # another one files its copies elsewhere
    return MailAccount(
        name=name,
        address=address,
        imap=imap,
        smtp=smtp,
        sender_address=sender_address,
        sender_name=fields.sender_name,
        folders=fields.folders or ("INBOX",),
        sent_folder=fields.sent_folder,
        stores_sent_copy=own_account and _files_copies(known, imap_host, smtp_host),
        aliases=fields.aliases,
        time_zone=fields.server_time_zone,
        guards=SendGuards(
            max_recipients=fields.max_recipients,
            allowed_domains=fields.allowed_recipient_domains,
            own_addresses=tuple(dict.fromkeys((address, *fields.aliases, sender_address or address))),
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


def _files_copies(known: Provider | None, imap_host: str, smtp_host: str) -> bool:
    """What goes out by `smtp_host` appears in the Sent folder at `imap_host` by itself."""
    reading = known if known and imap_host == known.imap_host else provider_of(imap_host)
    sending = known if known and smtp_host == known.smtp_host else provider_of(smtp_host)
    return reading is not None and reading is sending and reading.stores_sent_copy


def _login(login: Login) -> dict[str, Any]:
    return {one: getattr(login, one) for one in Login.__dataclass_fields__}


def _check_sending(login: Login) -> None:
    if login.username and login.token is None and not login.password:
        raise InvalidInputError(
            "The SMTP password is missing: store it as password (IMAP and SMTP) or as SMTP password, or switch "
            "SMTP login off (smtp_login = false) for a server that takes mail without one."
        )
