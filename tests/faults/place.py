"""Where a process is killed: a store of its own, and whatever a test puts beside it for the process to talk to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from mailroom.closing import Closing
from mailroom.store import Store
from sandbox import Tenant


class Place(Closing):
    """A fresh store, and processes that work on it."""

    tables: Sequence[Table] = ()
    """What a run that finds everything done must leave as it is."""

    def __init__(self, forks: Any, store_url: str, folder: Path) -> None:
        self._forks, self.store_url, self.folder = forks, store_url, folder
        folder.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """End what the test put beside the store."""

    def opened(self) -> Store:
        """The store, as the process has it."""
        return Store.open(self.store_url, blobs=self.folder / "blobs")

    def begin(self, fault: str = "", **wanted: str) -> Any:
        """Start the process; `wanted` is what it finds in its environment besides the store."""
        return self._forks.start(fault, store=self.store_url, blobs=str(self.folder / "blobs"), **wanted)

    def finish(self, fault: str = "", **wanted: str) -> Any:
        """Run the process to its end, or to its death."""
        process = self.begin(fault, **wanted)
        process.code = process.wait()
        return process

    def content(self) -> dict[str, list[Any]]:
        """Every row of `tables`, of a store that is whole."""
        with self.opened() as store:
            assert store.check().problems == ()
            return {
                table.name: list(store.db.rows(select(table).order_by(*table.primary_key))) for table in self.tables
            }


def keys_of(tenant: Tenant) -> str:
    """Of the API 2.0 application, as the processes take them."""
    known = tenant.credentials_v2
    return json.dumps({"client_id": known.client_id, "client_secret": known.client_secret})
