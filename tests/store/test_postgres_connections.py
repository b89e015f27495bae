"""Connections to PostgreSQL answer at once, however much is sent."""

from __future__ import annotations

import socket
from typing import Any

from mailroom.store import Store


def test_a_long_statement_never_waits_for_the_receipt_of_its_first_piece(postgres: Any) -> None:
    with Store.open(postgres.url(postgres.new_database())) as store, store.db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
