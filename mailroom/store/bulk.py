"""Changing many rows by their id, in the way that is quickest on each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, Text, bindparam, column, func
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
    typed = [
        column(name, Text() if isinstance(table.c[name].type, CleanText) else table.c[name].type) for name in names
    ]
    given = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(*typed, name="given")
    given = given.render_derived(with_types=True)
    return table.update().where(table.c.id == given.c.id).values({name: given.c[name] for name in changed})
