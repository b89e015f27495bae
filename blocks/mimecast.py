"""Block "Mimecast Credentials": one tenant, with API 1.0 keys or an API 2.0 application."""

from __future__ import annotations

from typing import Self
from urllib.parse import quote, urlsplit

from prefect.blocks.abstract import CredentialsBlock
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from mailroom.errors import InvalidInputError
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.mimecast.client import OnWait

_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


class MimecastCredentials(CredentialsBlock):
    """Credentials of one Mimecast tenant.

    Fill in Client ID and Client Secret (API 2.0), or the four keys of API 1.0. When both are given, API 2.0 is used.

    Example:
        Load stored credentials and open a client:
        ```python
        from blocks import MimecastCredentials

        credentials = MimecastCredentials.load("BLOCK_NAME")
        with credentials.get_client() as client:
            print(client.generation)
        ```
    """

    _block_type_name = "Mimecast Credentials"
    _block_type_slug = "mimecast-credentials"  # never change: stored blocks refer to it
    _description = "Credentials and connection settings of one Mimecast tenant."
    _documentation_url = HttpUrl("https://integrations.mimecast.com/documentation/")

    # An error about a field must not quote the fields: they are keys, in clear.
    model_config = ConfigDict(hide_input_in_errors=True)

    api_root: str = Field(
        default="https://api.services.mimecast.com",
        title="API Root",
        description="API 2.0: https://api.services.mimecast.com. API 1.0: the regional host, such as "
        "https://eu-api.mimecast.com.",
    )
    client_id: str = Field(default="", title="Client ID", description="API 2.0: id of the API application.")
    client_secret: SecretStr = Field(
        default=SecretStr(""), title="Client Secret", description="API 2.0: secret of the API application."
    )
    application_id: str = Field(default="", title="Application ID", description="API 1.0: application id.")
    application_key: SecretStr = Field(
        default=SecretStr(""), title="Application Key", description="API 1.0: application key."
    )
    access_key: SecretStr = Field(
        default=SecretStr(""), title="Access Key", description="API 1.0: access key of the service user."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), title="Secret Key", description="API 1.0: secret key of the service user."
    )
    email: str = Field(
        default="",
        title="Login Email",
        description="API 1.0, optional: address of the service user, to renew an expired access key (HTTP 418).",
    )
    password: SecretStr = Field(
        default=SecretStr(""), title="Login Password", description="API 1.0, optional: its password."
    )
    verify_ssl: bool = Field(
        default=True, title="Verify SSL", description="Check the server's certificate. Leave this on."
    )
    ca_bundle: str = Field(
        default="", title="CA Bundle", description="Path of a CA bundle on the worker, for inspecting proxies."
    )
    proxy: str = Field(
        default="", title="Proxy", description="Proxy address without credentials, such as http://proxy:3128."
    )
    proxy_username: str = Field(default="", title="Proxy Username", description="User name for the proxy.")
    proxy_password: SecretStr = Field(
        default=SecretStr(""), title="Proxy Password", description="Password for the proxy."
    )

    @model_validator(mode="after")
    def _one_scheme_is_complete(self) -> Self:
        root = urlsplit(self.api_root)
        if not root.hostname or (root.scheme != "https" and root.hostname not in _THIS_MACHINE):
            raise InvalidInputError("API Root must start with https:// (plain http only on this machine).")
        if "@" in self.proxy:
            raise InvalidInputError("Give user name and password of the proxy in their own fields, not in Proxy.")
        if not (self._has_application() or self._has_keys()):
            raise InvalidInputError(
                "Fill in Client ID and Client Secret (API 2.0), or Application ID, Application Key, Access Key "
                "and Secret Key (API 1.0)."
            )
        return self

    def _has_application(self) -> bool:
        return bool(self.client_id and self.client_secret.get_secret_value())

    def _has_keys(self) -> bool:
        keys = (self.application_key, self.access_key, self.secret_key)
        return bool(self.application_id and all(key.get_secret_value() for key in keys))

    def get_client(self, on_wait: OnWait | None = None) -> MimecastClient:
        """Open a client. The caller closes it (`with ... as client`).

        Args:
            on_wait: Told before each wait for a rate limit or a repeat.
        """
        credentials: ApplicationKeys | ClientCredentials
        if self._has_application():
            credentials = ClientCredentials(self.client_id, self.client_secret.get_secret_value())
        else:
            credentials = ApplicationKeys(
                self.application_id,
                self.application_key.get_secret_value(),
                self.access_key.get_secret_value(),
                self.secret_key.get_secret_value(),
                email=self.email,
                password=self.password.get_secret_value(),
            )
        return MimecastClient(
            self.api_root,
            credentials,
            proxy=self._proxy_url() or None,
            verify=(self.ca_bundle or True) if self.verify_ssl else False,
            on_wait=on_wait,
        )

    def _proxy_url(self) -> str:
        if not self.proxy or not self.proxy_username:
            return self.proxy
        scheme, _, rest = self.proxy.rpartition("://")
        user = quote(self.proxy_username, safe="")
        password = quote(self.proxy_password.get_secret_value(), safe="")
        return f"{scheme or 'http'}://{user}:{password}@{rest}"
