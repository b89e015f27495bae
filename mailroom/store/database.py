"""Connections and transactions: how the store talks to SQLite and PostgreSQL.

A writing transaction is `BEGIN IMMEDIATE` on SQLite, so it waits in one place only, at its start. On PostgreSQL it is
READ COMMITTED with row locks, and it first writes a commit key: when the connection is lost during COMMIT, the same
transaction is run again under the same key. The key's unique index waits for the lost one to end and then says
whether it was committed, so no transaction is ever applied twice or dropped.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Engine, Executable, Row, Table, text
from sqlalchemy.engine import URL

from mailroom.clock import Clock
from mailroom.errors import InvalidInputError, StoreBusyError
from mailroom.faults import faultpoint
from mailroom.store.bulk import insert_from_json, insert_into, update_by_id
from mailroom.store.failures import (
    DATABASE_ERRORS,
    VALUE_ERRORS,
    is_conflict,
    is_connection_loss,
    raise_in_words,
)
from mailroom.store.numbered import NumberedRows
from mailroom.store.schema import commit_keys

Result = TypeVar("Result")
Given = Mapping[str, Any] | None
"""Values for a query's named parameters."""

BUSY_SECONDS = 30.0
RECONNECT_SECONDS = 30.0
_CONFLICT_ATTEMPTS = 8
_COMMIT_KEY = text("INSERT INTO commit_keys (key, at) VALUES (:key, now()) ON CONFLICT DO NOTHING")
_DATABASE_TIME = text("SELECT clock_timestamp()")
CHUNK = 500
"""Ids per `IN (...)`: far below every driver's limit on parameters."""


class Database:
    """One database: reads, writes with bounded repetition, and the time it goes by."""

    def __init__(
        self, engine: Engine, clock: Clock, *, busy_seconds: float = BUSY_SECONDS,
        reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> None:  # fmt: skip
        self.engine = engine
        self._writer = engine.execution_options(mailroom_writes=True)
        self.clock = clock
        self._busy_seconds = busy_seconds
        self._reconnect_seconds = reconnect_seconds
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._one_writer = threading.Lock()  # fair and quick; SQLite's own waiting sleeps in steps
        self._local = threading.local()
        self._statements: dict[tuple[str, ...], Any] = {}
        self._bulk: dict[tuple[str, ...], NumberedRows] = {}

    @property
    def url(self) -> URL:
        """Where the data is."""
        return self.engine.url

    def now(self, tx: Connection) -> datetime:
        """The database's time where it has one; SQLite lives on this machine and has none of its own."""
        if self.is_sqlite:
            return self.clock.now()
        moment: datetime = tx.execute(_DATABASE_TIME).scalar_one()
        return moment.astimezone(UTC)

    def insert_or_ignore(self, table: Table, *returning: Column[Any]) -> Any:
        """An INSERT that leaves existing rows alone; for batches: SQLAlchemy compiles it anew each time (1 ms)."""
        key = (table.name, *(column.name for column in returning))
        if key not in self._statements:
            statement: Any = insert_into(table, self.is_sqlite).on_conflict_do_nothing()
            self._statements[key] = statement.returning(*returning) if returning else statement
        return self._statements[key]

    def insert_new(self, tx: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
        """Insert the rows whose keys are new; returns how many there were."""
        if self.is_sqlite:
            return self._sqlite_bulk(table, rows[0]).insert(tx, rows, (), ignore=True)[1]
        return len(self.insert_rows(tx, table, rows, table.c.id))

    def insert_rows(
        self, tx: Connection, table: Table, rows: Sequence[dict[str, Any]], *returning: Column[Any], ignore: bool = True
    ) -> Sequence[Row[Any]]:
        """Insert many rows (with `ignore`: those whose keys are new); gives `returning` of each row inserted."""
        if not rows:
            return []
        if not self.is_sqlite:
            key = ("insert", table.name, str(ignore), *(column.name for column in returning), "of", *rows[0])
            if key not in self._statements:
                self._statements[key] = insert_from_json(table, list(rows[0]), returning, ignore=ignore)
            return tx.execute(self._statements[key], {"rows": list(rows)}).all()
        return self._sqlite_bulk(table, rows[0]).insert(tx, rows, returning, ignore=ignore)[0]

    def insert_numbered(
        self, tx: Connection, table: Table, rows: Sequence[dict[str, Any]], *keys: Column[Any]
    ) -> Sequence[Sequence[Any]]:
        """As `insert_rows` with the id in front, quicker on SQLite while no other thread of this process is busy."""
        if self.is_sqlite and rows:
            return self._sqlite_bulk(table, rows[0]).insert_numbered(tx, rows, [column.name for column in keys])
        return self.insert_rows(tx, table, rows, table.c.id, *keys)

    def update_rows(self, tx: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """Set the given columns of rows named by their `id`; every row gives the same columns."""
        if not rows:
            return
        if self.is_sqlite:
            self._sqlite_bulk(table, rows[0]).update(tx, rows)
            return
        key = ("update", table.name, *rows[0])
        if key not in self._statements:
            self._statements[key] = update_by_id(table, list(rows[0]))
        tx.execute(self._statements[key], {"rows": list(rows)})

    def _sqlite_bulk(self, table: Table, row: dict[str, Any]) -> NumberedRows:
        key = (table.name, *row)
        if key not in self._bulk:
            self._bulk[key] = NumberedRows(table, list(row), self.engine.dialect)
        return self._bulk[key]

    def driver(self, tx: Connection) -> sqlite3.Connection:
        """SQLite's own connection under `tx`, for what every effect asks: SQLAlchemy takes ten times as long."""
        connection = tx.connection.driver_connection
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - asked for on SQLite only
        return connection

    def read(self, fn: Callable[[Connection], Result], tx: Connection | None = None) -> Result:
        """Run `fn` on one consistent view; repeated after a lost connection."""
        if tx is not None:
            return fn(tx)
        return self._repeat(lambda: self._attempt_read(fn))

    def rows(self, query: Executable, given: Given = None, *, tx: Connection | None = None) -> Sequence[Row[Any]]:
        """Every row of one query, read as `read` says."""
        return self.read(lambda c: c.execute(query, given).all(), tx)

    def first(self, query: Executable, *, tx: Connection | None = None) -> Row[Any] | None:
        """Its first row, if there is one."""
        return self.read(lambda c: c.execute(query).first(), tx)

    def values(self, query: Executable) -> Sequence[Any]:
        """The first column of every row."""
        return self.read(lambda c: c.execute(query).scalars().all())

    def value(self, query: Executable, *, tx: Connection | None = None) -> Any:
        """The first column of its first row; None without a row."""
        return self.read(lambda c: c.execute(query).scalar(), tx)

    def write(self, fn: Callable[[Connection], Result], tx: Connection | None = None) -> Result:
        """Run `fn` inside `tx`, or in a transaction of its own, repeated as `run` says."""
        return fn(tx) if tx is not None else self.run(fn)

    def run(self, fn: Callable[[Connection], Result], *, keyed: bool = True) -> Result:
        """Run `fn` in one writing transaction and commit it exactly once.

        Repeated (`fn` included) after a deadlock or a serialization failure, a bounded number of times, and after a
        lost connection for up to half a minute. `fn` must therefore touch nothing but the database. (`keyed` is off for
        the migration only, which may be about to make the table of keys, and is harmless twice.)

        Raises:
            StoreUnavailableError: locked, full or unreachable; nothing was written.
            InvalidInputError: a value fits no column.
        """
        key = uuid.uuid4().hex
        kept: list[Result] = []

        def attempt() -> Result:
            with self._writing() as tx:
                if keyed and not self.is_sqlite and not self._first_time(tx, key):
                    return kept[-1]  # an earlier attempt was committed although its answer was lost
                result = fn(tx)
                kept.append(result)
                faultpoint("store.before_commit")
            faultpoint("store.after_commit")
            return result

        return self._repeat(attempt)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One writing transaction; committed at the end of the block, rolled back by an exception. Never repeated."""
        try:
            with self._writing() as tx:
                yield tx
        except (*DATABASE_ERRORS, *VALUE_ERRORS) as error:
            raise_in_words(error, self.url)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if getattr(self._local, "writing", False):
            msg = "A second writing transaction was opened inside the first; hand the first on as `tx=`."
            raise InvalidInputError(msg)
        if self.is_sqlite and not self._one_writer.acquire(timeout=self._busy_seconds):
            msg = f"Another thread of this process kept the store locked for {self._busy_seconds:.0f} s. Run again."
            raise StoreBusyError(msg)
        self._local.writing = True
        try:
            with self._writer.connect() as connection, connection.begin():
                yield connection
        finally:
            self._local.writing = False
            if self.is_sqlite:
                self._one_writer.release()

    def _first_time(self, tx: Connection, key: str) -> bool:
        return int(tx.execute(_COMMIT_KEY, {"key": key}).rowcount) == 1

    def _attempt_read(self, fn: Callable[[Connection], Result]) -> Result:
        with self.engine.connect() as connection, connection.begin():
            return fn(connection)

    def _repeat(self, attempt: Callable[[], Result]) -> Result:
        conflicts = 0
        give_up_at: float | None = None
        pause = 0.05
        while True:
            try:
                return attempt()
            except DATABASE_ERRORS as error:
                if is_conflict(error) and conflicts < _CONFLICT_ATTEMPTS:
                    conflicts += 1
                    self.clock.sleep(0.002 * 2**conflicts * (0.5 + (uuid.uuid4().int % 100) / 100))
                    continue
                if not self.is_sqlite and is_connection_loss(error):
                    now = self.clock.monotonic()
                    give_up_at = now + self._reconnect_seconds if give_up_at is None else give_up_at
                    if now < give_up_at:
                        with suppress(*DATABASE_ERRORS):
                            self.engine.dispose()
                        self.clock.sleep(pause)
                        pause = min(pause * 2, 1.0)
                        continue
                raise_in_words(error, self.url)
            except VALUE_ERRORS as error:
                raise_in_words(error, self.url)


def prune_commit_keys(tx: Connection, before: datetime) -> None:
    """Forget the keys of transactions long over."""
    tx.execute(commit_keys.delete().where(commit_keys.c.at < before))
