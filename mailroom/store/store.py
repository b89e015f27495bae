"""The store: the one truth about items, alerts, verdicts and actions."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.closing import Closing
from mailroom.errors import InvalidInputError, StoreUnavailableError
from mailroom.store.blobs import Blobs
from mailroom.store.columns import dump_json, load_json
from mailroom.store.database import (
    BUSY_SECONDS,
    RECONNECT_SECONDS,
    Database,
    prune_commit_keys,
)
from mailroom.store.dialects import configure_postgresql, configure_sqlite
from mailroom.store.failures import not_writable
from mailroom.store.health import CheckReport, check, check_on_start
from mailroom.store.migrate import prepare
from mailroom.store.repositories import Repositories

Result = TypeVar("Result")


class Store(Repositories, Closing):
    """All repositories over one database and one place for blobs. Thread-safe; close it when done."""

    @classmethod
    def open(
        cls, url: str, *, blobs: str | Path | None = None, clock: Clock = SYSTEM_CLOCK, migrate: bool = True,
        busy_seconds: float = BUSY_SECONDS, reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> Store:  # fmt: skip
        """Open the store, making or upgrading its schema.

        Args:
            url: `sqlite:///path/to/file` or `postgresql://user:password@host/database`.
            blobs: Folder or fsspec address for raw bytes; by default a folder `blobs` beside the SQLite file.
            clock: Where local time comes from.
            migrate: Off means: refuse any schema but the one this code needs.
            busy_seconds: How long to wait for a locked database.
            reconnect_seconds: How long to try again after the connection to PostgreSQL was lost.

        Raises:
            InvalidInputError: `url` is not one of these.
            StoreUnavailableError: locked, full, not writable, unreachable.
            SchemaError: the schema is newer, foreign, or older with `migrate` off.
            StoreError: the file is damaged.
        """
        where = _parsed(url)
        if where.get_backend_name() == "sqlite":
            path = Path(where.database or "").absolute()
            _prepare_folder(path)
            where = where.set(database=str(path))
            blobs = blobs or path.parent / "blobs"
        engine = _engine(where, busy_seconds)
        db = Database(engine, clock, busy_seconds=busy_seconds, reconnect_seconds=reconnect_seconds)
        try:
            check_on_start(db)
            changed = prepare(db, migrate=migrate)
            if not db.is_sqlite and not changed:
                db.run(lambda tx: prune_commit_keys(tx, clock.now() - timedelta(days=2)))
        except BaseException:
            db.close()
            raise
        return cls(db, Blobs(str(blobs) if blobs else None))

    @property
    def url(self) -> str:
        """Where the data is, without the password."""
        return self.db.url.render_as_string(hide_password=True)

    def transaction(self) -> AbstractContextManager[Connection]:
        """A writing transaction to hand on as `tx`; committed at the end of the block, never repeated."""
        return self.db.transaction()

    def run(self, fn: Callable[[Connection], Result]) -> Result:
        """Run `fn(tx)` in one transaction, committed exactly once; repeated as a whole when the database asks."""
        return self.db.run(fn)

    def check(self, *, deep: bool = True) -> CheckReport:
        """Look for damage: pages, references, the wall's chain, conservation, blobs that rows refer to."""
        return check(self.db, self.events, self.runs, self.blobs, deep=deep)

    def close(self) -> None:
        """Close every connection."""
        self.db.close()


def _parsed(url: str) -> URL:
    try:
        where = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is no number
        msg = (
            "The store's URL is not readable; write sqlite:///path/to/file or postgresql://user:password@host/database."
        )
        raise InvalidInputError(msg) from error
    if where.drivername in {"postgres", "postgresql", "postgresql+pg8000"}:
        return where.set(drivername="postgresql+pg8000")
    if where.get_backend_name() != "sqlite" or where.database in {None, "", ":memory:"}:
        msg = (
            f"The store's URL begins with {where.drivername!r}; it must be sqlite:///path/to/file (a real file: the "
            "store has to outlive the process) or postgresql://user:password@host/database."
        )
        raise InvalidInputError(msg)
    return where


def _prepare_folder(path: Path) -> None:
    """Make the folder (0700) and the file (0600) before SQLite would make them readable by others."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        if path.is_dir():
            msg = f"{path} is a folder; the store's URL must name a file."
            raise InvalidInputError(msg)
        if not path.exists():
            with suppress(FileExistsError):  # made meanwhile; a file that is in use must not be opened here, see health
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise StoreUnavailableError(not_writable(path)) from error
    if not os.access(path, os.R_OK | os.W_OK) or not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreUnavailableError(not_writable(path))
    for extra in ("-wal", "-shm"):  # left by a run under another account
        beside = path.with_name(path.name + extra)
        # Whoever closes the store last removes them: what is gone at the second look was never in the way.
        if beside.exists() and not os.access(beside, os.R_OK | os.W_OK) and beside.exists():
            raise StoreUnavailableError(not_writable(beside))
    with suppress(OSError):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _engine(where: URL, busy_seconds: float) -> Engine:
    json_text = {"json_serializer": dump_json, "json_deserializer": load_json}
    options = {**json_text, "pool_size": 20, "max_overflow": 20, "hide_parameters": True}
    if where.get_backend_name() == "sqlite":
        engine = create_engine(where, connect_args={"timeout": busy_seconds, "check_same_thread": False}, **options)
        configure_sqlite(engine)
        return engine
    from mailroom.store.postgres_tls import PostgresTls  # what it loads, a store on SQLite never needs

    tls = PostgresTls(where)
    connect = {"timeout": None, "application_name": "mailroom"}
    engine = create_engine(tls.without(where), connect_args=connect, pool_recycle=1800, **options)
    configure_postgresql(engine)
    tls.configure(engine)
    return engine
