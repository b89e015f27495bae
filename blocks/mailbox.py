"""Block "Mailbox Credentials": one mailbox, read over IMAP and sent from over SMTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from prefect.blocks.abstract import CredentialsBlock
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from blocks._sync import in_sync
from mailroom.mail.account_fields import AccountFields, Authentication

if TYPE_CHECKING:
    from mailroom.mail.account import MailAccount
    from mailroom.mail.imap import ImapSession

Provider = Literal[
    "custom", "gmail", "microsoft365", "outlook.com", "yahoo", "aol", "icloud", "fastmail", "zoho", "gmx", "web.de"
]
_SECRETS = (
    "password", "client_secret", "application_certificate", "refresh_token", "service_account_key", "smtp_password",
    "proxy_password",
)  # fmt: skip


class MailboxCredentials(CredentialsBlock):
    """Credentials and connection settings of one mailbox.

    Choose a provider, or fill in the hosts. Google and Microsoft take OAuth; plain passwords are gone there.

    Example:
        Load stored credentials and open the mailbox:
        ```python
        from blocks import MailboxCredentials

        credentials = MailboxCredentials.load("BLOCK_NAME")
        with credentials.get_client() as session:
            print(session.folders())
        ```
    """

    _block_type_name = "Mailbox Credentials"
    _block_type_slug = "mailbox-credentials"  # never change: stored blocks refer to it
    _description = "Credentials and connection settings of one mailbox (IMAP and SMTP)."
    _documentation_url = HttpUrl("https://www.rfc-editor.org/rfc/rfc9051")

    model_config = ConfigDict(hide_input_in_errors=True)

    address: str = Field(default="", title="Email", description="Address of the mailbox, such as soc@example.com.")
    provider: Provider = Field(
        default="custom", title="Provider", description="Fills in hosts, ports and security; custom: fill in the hosts."
    )
    username: str = Field(default="", title="Username", description="Login name, if it is not the address.")
    password: SecretStr = Field(
        default=SecretStr(""), title="Password", description="Password or app password of the mailbox."
    )
    authentication: Authentication = Field(
        default="password", title="Authentication", description="How to log in. Gmail and Microsoft 365: OAuth."
    )
    sasl: Literal["xoauth2", "oauthbearer"] = Field(
        default="xoauth2", title="OAuth Mechanism", description="Almost every server takes xoauth2."
    )
    client_id: str = Field(default="", title="Client ID", description="OAuth: id of the application.")
    client_secret: SecretStr = Field(
        default=SecretStr(""), title="Client Secret", description="OAuth: secret of the application."
    )
    application_certificate: SecretStr = Field(
        default=SecretStr(""),
        title="Application Certificate",
        description="Microsoft, instead of the secret: PEM text with certificate and private key.",
    )
    tenant_id: str = Field(default="", title="Tenant ID", description="Microsoft: directory id or domain.")
    refresh_token: SecretStr = Field(
        default=SecretStr(""), title="Refresh Token", description="Google refresh token, or Microsoft delegated."
    )
    service_account_key: SecretStr = Field(
        default=SecretStr(""), title="Service Account Key", description="Google: the key file's JSON text."
    )
    imap_host: str = Field(default="", title="IMAP Server Address", description="Leave empty to send only.")
    imap_port: int = Field(default=0, title="IMAP Port", description="0: 993, or 143 with STARTTLS.")
    imap_security: Literal["", "implicit", "starttls", "none"] = Field(
        default="", title="IMAP Security", description="Empty: implicit TLS (IMAP USE SSL). STARTTLS never falls back."
    )
    imap_server_name: str = Field(
        default="", title="IMAP Certificate Name", description="Name in the certificate, if it is not the host's."
    )
    smtp_host: str = Field(default="", title="SMTP Server Address", description="Leave empty to read only.")
    smtp_port: int = Field(default=0, title="SMTP Port", description="0: 465, or 587 with STARTTLS.")
    smtp_security: Literal["", "implicit", "starttls", "none"] = Field(
        default="", title="SMTP Security", description="Empty: implicit TLS. STARTTLS never falls back."
    )
    smtp_server_name: str = Field(
        default="", title="SMTP Certificate Name", description="Name in the certificate, if it is not the host's."
    )
    smtp_login: bool = Field(
        default=True, title="SMTP Login", description="Off: the SMTP server takes mail without a login (a relay)."
    )
    smtp_username: str = Field(
        default="", title="SMTP Username", description="Empty: as for IMAP. Another account may do the sending."
    )
    smtp_password: SecretStr = Field(
        default=SecretStr(""), title="SMTP Password", description="Empty: the password or token of IMAP."
    )
    sender_address: str = Field(
        default="",
        title="Sender Address",
        description="Stands in From; empty: the mailbox's. Answers are asked back to the mailbox (Reply-To).",
    )
    sender_name: str = Field(default="", title="Sender Name", description="Display name in From.")
    folders: list[str] = Field(
        default=["INBOX"], title="Folders", description="Where answers are looked for. Names are case sensitive."
    )
    sent_folder: str = Field(default="", title="Sent Folder", description="Empty: found by its special use.")
    server_time_zone: str = Field(
        default="UTC", title="Server Time Zone", description="IANA zone of the server, such as Asia/Jerusalem."
    )
    aliases: list[str] = Field(default=[], title="Aliases", description="Further addresses of this mailbox.")
    allowed_recipient_domains: list[str] = Field(
        default=[], title="Allowed Recipient Domains", description="Mail is sent to these domains only; empty: any."
    )
    max_recipients: int = Field(default=100, ge=1, le=1000, title="Max Recipients", description="Of one mail.")
    trusted_authserv_ids: list[str] = Field(
        default=[],
        title="Trusted Authentication Servers",
        description="Names (authserv-id) whose Authentication-Results count, such as mx.example.com.",
    )
    verify_ssl: bool = Field(
        default=True, title="Verify SSL", description="Check the server's certificate. Leave this on."
    )
    ca_bundle: str = Field(default="", title="CA Bundle", description="Path of a CA bundle on the worker.")
    client_certificate: str = Field(
        default="",
        title="Client Certificate",
        description="For servers that ask for one: path of a PEM file with certificate and key on the worker.",
    )
    minimum_tls: Literal["1.0", "1.1", "1.2", "1.3"] = Field(
        default="1.2", title="Minimum TLS Version", description="Below 1.2 for old appliances only."
    )
    allow_plaintext: bool = Field(
        default=False, title="Allow Plaintext Login", description="Send the password unencrypted. For laboratories."
    )
    proxy: str = Field(
        default="",
        title="Proxy Server Address",
        description="For IMAP and SMTP, without credentials: http://proxy:3128 or socks5://proxy:1080.",
    )
    proxy_username: str = Field(default="", title="Proxy Username", description="User name for the proxy.")
    proxy_password: SecretStr = Field(
        default=SecretStr(""), title="Proxy Password", description="Password for the proxy."
    )

    @model_validator(mode="after")
    def _can_be_opened(self) -> Self:
        self.get_account("this mailbox")
        return self

    def get_account(self, name: str = "") -> MailAccount:
        """The account as the core library takes it; nothing is connected yet.

        Args:
            name: What to call it in the store and in messages; the block's own name by default.

        Raises:
            InvalidInputError: a field is missing or wrong.
        """
        from mailroom.mail.account import account_from  # only runs that use a mailbox pay for it

        given = {one: getattr(self, one) for one in AccountFields.__dataclass_fields__}
        for secret in _SECRETS:
            given[secret] = given[secret].get_secret_value()
        given = {one: tuple(value) if isinstance(value, list) else value for one, value in given.items()}
        name = name or self._block_document_name or self.address
        return account_from(name, AccountFields(**given), keep_refresh_token=self._keep_refresh_token)

    def _keep_refresh_token(self, renewed: str) -> None:
        """Microsoft hands out a new refresh token with every access token; the old one ends after a while."""
        stored = self._block_document_name
        if stored is None:  # never saved, so there is nothing to keep it in
            return
        self.refresh_token = SecretStr(renewed)
        in_sync(self.save, stored, overwrite=True)

    def get_client(self) -> ImapSession:
        """Log in to IMAP. The caller closes the session (`with ... as session`)."""
        return self.get_account().open_imap()
