"""What a person fills in to describe a mailbox, flat, as in the block and in `mailroom.toml`. Cheap to import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Authentication = Literal[
    "password", "google refresh token", "google service account", "microsoft application", "microsoft delegated"
]
Security = Literal["implicit", "starttls", "none"]


@dataclass(frozen=True)
class AccountFields:
    """The form. `account_from` in `mailroom.mail.account` says what is missing."""

    address: str = ""
    provider: str = "custom"
    username: str = ""
    password: str = field(default="", repr=False)
    authentication: Authentication = "password"
    sasl: Literal["xoauth2", "oauthbearer"] = "xoauth2"
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    application_certificate: str = field(default="", repr=False)
    tenant_id: str = ""
    refresh_token: str = field(default="", repr=False)
    service_account_key: str = field(default="", repr=False)
    imap_host: str = ""
    imap_port: int = 0
    imap_security: Security | Literal[""] = ""
    imap_server_name: str = ""
    smtp_host: str = ""
    smtp_port: int = 0
    smtp_security: Security | Literal[""] = ""
    smtp_server_name: str = ""
    smtp_login: bool = True
    """False: the server takes mail without a login."""
    smtp_username: str = ""
    """Empty: as for IMAP."""
    smtp_password: str = field(default="", repr=False)
    """Empty: the password or token of IMAP."""
    sender_address: str = ""
    """What stands in From; empty: the mailbox's address."""
    sender_name: str = ""
    folders: tuple[str, ...] = ("INBOX",)
    sent_folder: str = ""
    server_time_zone: str = "UTC"
    aliases: tuple[str, ...] = ()
    allowed_recipient_domains: tuple[str, ...] = ()
    max_recipients: int = 100
    trusted_authserv_ids: tuple[str, ...] = ()
    verify_ssl: bool = True
    ca_bundle: str = ""
    client_certificate: str = ""
    minimum_tls: Literal["1.0", "1.1", "1.2", "1.3"] = "1.2"
    allow_plaintext: bool = False
    proxy: str = ""
    proxy_username: str = ""
    proxy_password: str = field(default="", repr=False)
