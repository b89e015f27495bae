"""How connections are set up on each database."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, event


def configure_sqlite(engine: Engine) -> None:
    """WAL, full sync, foreign keys, a long wait for locks; transactions begin when we say so."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        # 64 MB of cache and a checkpoint every 64 MB keep bulk loading linear up to hundreds of thousands of rows.
        settings = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY")
        for pragma in (*settings, "cache_size=-64000", "wal_autocheckpoint=16000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("mailroom_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def configure_postgresql(engine: Engine) -> None:
    """Commits that survive a crash even where the server's default says otherwise, and quiet farewells."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver sends a long statement in pieces; the last must not wait 40 ms for the receipt of the first.
        if connection._usock.family != socket.AF_UNIX:
            connection._usock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cursor = connection.cursor()
        # The ledger promises that a claim is on disk before the effect is sent.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        # Events are compressed in half the time; servers without it keep their own way.
        cursor.execute(
            "SELECT set_config(name, 'lz4', false) FROM pg_settings "
            "WHERE name = 'default_toast_compression' AND setting = 'pglz' AND 'lz4' = ANY(enumvals)"
        )
        cursor.close()
        connection.commit()

    close = engine.dialect.do_close

    def close_quietly(connection: Any) -> None:
        with suppress(Exception):  # saying goodbye to a server that is gone is no news
            close(connection)

    dialect: Any = engine.dialect
    dialect.do_close = dialect.do_terminate = close_quietly
