"""Block "Alert Store": the database and the blob folder in which Mailroom keeps its truth."""

from __future__ import annotations

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from mailroom.store import Store


class AlertStore(Block):
    """Where alerts, verdicts, actions and their history are kept.

    Example:
        Load the stored settings and open the store:
        ```python
        from blocks import AlertStore

        with AlertStore.load("BLOCK_NAME").get_store() as store:
            print(store.stats.overview())
        ```
    """

    _block_type_name = "Alert Store"
    _block_type_slug = "mailroom-alert-store"  # never change: stored blocks refer to it
    _description = "Database and blob folder of Mailroom."
    _documentation_url = "https://docs.sqlalchemy.org/en/20/core/engines.html"  # type: ignore[assignment]

    url: str = Field(
        default="sqlite:///.mailroom/mailroom.db",
        title="Database URL",
        description="sqlite:////absolute/path.db, or postgresql+pg8000://user@host/database. Leave the password "
        "out and give it below.",
    )
    password: SecretStr = Field(
        default=SecretStr(""), title="Database Password", description="Password of the database user."
    )
    blobs: str = Field(
        default="",
        title="Blob Folder",
        description="Folder (or fsspec URL) for raw mail and attachments; beside the database when empty.",
    )

    def get_store(self) -> Store:
        """Open the store and bring its schema up to date. The caller closes it (`with ... as store`)."""
        return Store.open(self._url(), blobs=self.blobs or self._blob_folder())

    def _url(self) -> str:
        password = self.password.get_secret_value()
        if not password:
            return self.url
        from sqlalchemy.engine import make_url

        return make_url(self.url).set(password=password).render_as_string(hide_password=False)

    def _blob_folder(self) -> str:
        scheme, _, path = self.url.partition(":///")
        return str(Path(path).parent / "blobs") if scheme == "sqlite" else ".mailroom/blobs"
