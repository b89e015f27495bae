"""Block "Alert Store": the database and the blob folder in which Mailroom keeps its truth."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from mailroom.errors import InvalidInputError
from mailroom.store import Store

_SQLITE = "sqlite:///"


class AlertStore(Block):
    """Where alerts, verdicts, actions and their history are kept.

    Example:
        Load the stored settings and open the store:
        ```python
        from blocks import AlertStore

        settings = AlertStore.load("BLOCK_NAME")
        with settings.get_store() as store:
            print(store.stats.overview())
        ```
    """

    _block_type_name = "Alert Store"
    _block_type_slug = "mailroom-alert-store"  # never change: stored blocks refer to it
    _description = "Database and blob folder of Mailroom."
    _documentation_url = HttpUrl("https://docs.sqlalchemy.org/en/20/core/engines.html")

    model_config = ConfigDict(hide_input_in_errors=True)

    url: str = Field(
        default="sqlite:///~/.mailroom/mailroom.db",
        title="Database URL",
        description="sqlite:////absolute/path.db (~ is the worker's home folder), or "
        "postgresql+pg8000://user@host/database. Leave the password out and give it below.",
    )
    password: SecretStr = Field(
        default=SecretStr(""), title="Database Password", description="Password of the database user."
    )
    blobs: str = Field(
        default="",
        title="Blob Folder",
        description="Folder (or fsspec URL) for raw mail and attachments; beside the database when empty.",
    )

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if _has_password(self.url):
            raise InvalidInputError(
                "Leave the password out of Database URL: its own field, Database Password, hides it."
            )
        for title, path in (("Database URL", self._file()), ("Blob Folder", self._folder())):
            if path is not None and not path.is_absolute():
                msg = (
                    f"{title} names a relative path. A flow runs in a folder of its own that is deleted afterwards: "
                    "write an absolute one, such as sqlite:////var/lib/mailroom/mailroom.db or /var/lib/mailroom/blobs."
                )
                raise InvalidInputError(msg)
        return self

    def get_store(self) -> Store:
        """Open the store and bring its schema up to date. The caller closes it (`with ... as store`).

        Raises:
            StoreError, InvalidInputError: it cannot be opened; the message says what to do.
        """
        return Store.open(self._address(), blobs=self._blob_folder())

    def _file(self) -> Path | None:
        """The database file of SQLite; None for a server."""
        if not self.url.startswith(_SQLITE):
            return None
        return Path(self.url.removeprefix(_SQLITE)).expanduser()

    def _folder(self) -> Path | None:
        """The blob folder, if it is one on this machine."""
        return None if not self.blobs or "://" in self.blobs else Path(self.blobs).expanduser()

    def _address(self) -> str:
        if (file := self._file()) is not None:
            return f"{_SQLITE}{file}"
        password = self.password.get_secret_value()
        if not password:
            return self.url
        return make_url(self.url).set(password=password).render_as_string(hide_password=False)

    def _blob_folder(self) -> str:
        if self.blobs:
            return str(self._folder() or self.blobs)
        file = self._file() or Path("~/.mailroom/mailroom.db").expanduser()
        return str(file.parent / "blobs")


def _has_password(url: str) -> bool:
    try:
        return bool(make_url(url).password)
    except (ArgumentError, ValueError):
        return False  # opening it says what is wrong
