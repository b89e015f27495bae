"""Inserting and changing many rows at once, in the way that is quickest on each database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Table, Text, bindparam, column, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from mailroom.store.columns import CleanText


def update_by_id(table: Table, names: list[str], *, one_by_one: bool) -> Any:
    """An UPDATE of the columns `names` (with `id` among them).

    `one_by_one`: parameters are `b_<name>`, one set per row; SQLite runs these within the process.
    Otherwise one parameter `rows`, a list of rows as JSON, and one trip to the server for all of them.
    """
    changed = [name for name in names if name != "id"]
    if one_by_one:
        statement = table.update().where(table.c.id == bindparam("b_id"))
        return statement.values({name: bindparam(f"b_{name}") for name in changed})
    given = _rows_as_json(table, names)
    return table.update().where(table.c.id == given.c.id).values({name: given.c[name] for name in changed})


def insert_from_json(table: Table, names: list[str], returning: Sequence[Column[Any]], *, ignore: bool) -> Any:
    """PostgreSQL: an INSERT of the columns `names` with one parameter `rows`, a list of rows as JSON."""
    given = _rows_as_json(table, names)
    statement = postgresql.insert(table).from_select(names, select(*(given.c[name] for name in names)))
    return (statement.on_conflict_do_nothing() if ignore else statement).returning(*returning)


def _rows_as_json(table: Table, names: list[str]) -> Any:
    types = {name: table.c[name].type for name in names}
    typed = [column(name, Text() if isinstance(kind, CleanText) else kind) for name, kind in types.items()]
    given = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(*typed, name="given")
    return given.render_derived(with_types=True)
