"""Inserting and changing many rows at once, in the way that is quickest on each database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import is_
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Row, Table, Text, bindparam, column, func, select

from mailroom.chunks import chunks
from mailroom.store.columns import JSON_VALUE, CleanText

_MOST_PARAMETERS = 30_000  # SQLite takes 32,766 in one statement


class SqliteBulk:
    """Writes many rows to one table of SQLite through the driver itself.

    SQLAlchemy prepares every row of a batch in Python, which takes as long as SQLite needs to store it. Here the
    values are bound column by column, with the types' own processors, and handed over at once.
    """

    def __init__(self, table: Table, names: Sequence[str], dialect: Dialect) -> None:
        self._table = table
        self._names = list(names)
        self._binders = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]

    def insert(
        self, tx: Connection, rows: Sequence[dict[str, Any]], returning: Sequence[Column[Any]], *, ignore: bool
    ) -> tuple[list[Row[Any]], int]:
        """Insert the rows (with `ignore`: those whose keys are new); gives `returning` of each and their number."""
        names = tuple(column.name for column in returning)
        return self._insert(tx, self._names, list(zip(*self._columns(rows), strict=True)), names, ignore=ignore)

    def update(self, tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Set the columns of the rows named by `id`."""
        changed = [name for name in self._names if name != "id"]
        settings = ", ".join(f'"{name}" = ?{self._names.index(name) + 1}' for name in changed)
        sql = f"UPDATE {self._table.name} SET {settings} WHERE id = ?{self._names.index('id') + 1}"  # noqa: S608
        tx.exec_driver_sql(sql, list(zip(*self._columns(rows), strict=True)))

    def _insert(
        self, tx: Connection, names: Sequence[str], rows: Sequence[tuple[Any, ...]], returning: tuple[str, ...], *,
        ignore: bool,
    ) -> tuple[list[Row[Any]], int]:  # fmt: skip
        found: list[Row[Any]] = []
        number, size = 0, max(1, _MOST_PARAMETERS // len(names))
        for chunk in chunks(rows, size):
            sql = self._insert_sql(tuple(names), len(chunk), returning, ignore)
            result = tx.exec_driver_sql(sql, tuple(chain.from_iterable(chunk)))
            if returning:
                found += result.all()
            number += result.rowcount
        return found, number

    def _columns(self, rows: Sequence[dict[str, Any]]) -> list[list[Any]]:
        return [self._column(name, bind, rows) for name, bind in zip(self._names, self._binders, strict=True)]

    def _column(self, name: str, bind: Any, rows: Sequence[dict[str, Any]]) -> list[Any]:
        values = [row[name] for row in rows]
        if bind is None:
            return values
        if all(map(is_, values, repeat(values[0]))):  # half of the columns of a batch
            return [bind(values[0])] * len(values)
        if isinstance(self._table.c[name].type, CleanText):  # most values are plain ASCII and need no call at all
            return [v if v is None or (v.isascii() and "\x00" not in v) else bind(v) for v in values]
        return [bind(value) for value in values]

    @lru_cache(maxsize=64)  # noqa: B019 - lives as long as the store
    def _insert_sql(self, names: tuple[str, ...], number: int, returning: tuple[str, ...], ignore: bool) -> str:
        one = "(" + ", ".join("?" * len(names)) + ")"
        columns = ", ".join(f'"{name}"' for name in names)
        sql = f"INSERT INTO {self._table.name} ({columns}) VALUES {', '.join([one] * number)}"  # noqa: S608
        sql += " ON CONFLICT DO NOTHING" if ignore else ""
        return sql + (f" RETURNING {', '.join(returning)}" if returning else "")


def insert_into(table: Table, is_sqlite: bool) -> Any:
    """An INSERT that can say what to do about conflicts; loads no dialect but the one that is used."""
    if is_sqlite:
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def update_by_id(table: Table, names: list[str]) -> Any:
    """PostgreSQL: an UPDATE of the columns `names` (with `id` among them), parameter `rows` as for inserts."""
    changed = [name for name in names if name != "id"]
    given = _rows_as_json(table, names)
    return table.update().where(table.c.id == given.c.id).values({name: given.c[name] for name in changed})


def insert_from_json(table: Table, names: list[str], returning: Sequence[Column[Any]], *, ignore: bool) -> Any:
    """PostgreSQL: an INSERT of the columns `names` with one parameter `rows`, a list of rows as JSON."""
    given = _rows_as_json(table, names)
    statement = insert_into(table, False).from_select(names, select(*(given.c[name] for name in names)))
    return (statement.on_conflict_do_nothing() if ignore else statement).returning(*returning)


def _rows_as_json(table: Table, names: list[str]) -> Any:
    types = {name: table.c[name].type for name in names}
    typed = [column(name, Text() if isinstance(kind, CleanText) else kind) for name, kind in types.items()]
    given = func.jsonb_to_recordset(bindparam("rows", type_=JSON_VALUE)).table_valued(*typed, name="given")
    return given.render_derived(with_types=True)
