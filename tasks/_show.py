"""Tables in the UI: harmless text only, at most a hundred rows, and never a reason to fail."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from prefect.artifacts import create_table_artifact
from prefect.exceptions import PrefectException
from prefect.runtime import task_run

from blocks._sync import in_sync
from mailroom.playbooks.harmless import harmless

log = logging.getLogger("mailroom.tasks")

MOST_ROWS = 100
_ID = re.compile("[A-Za-z0-9_=:-]{1,500}")
"""An id is shown whole, so that it can be copied; nothing in it can start markup or a link."""


def show(key: str, rows: Iterable[Mapping[str, Any]], description: str, *, ids: frozenset[str] = frozenset()) -> None:
    """Show a table beside the task run; outside of a run nothing happens.

    What was done is done: that the table cannot be shown is no reason to fail.

    Args:
        key: Name of the artifact.
        rows: One mapping per row; every value is made harmless.
        description: What the table shows.
        ids: Columns that hold ids of the product: shown unchanged where they look like one.
    """
    if not task_run.id:
        return
    table = [
        {harmless(name, 60): _cell(name in ids, value) for name, value in row.items()} for row in list(rows)[:MOST_ROWS]
    ]
    if not table:
        return
    try:
        in_sync(create_table_artifact, table=table, key=key, description=harmless(description, 300))
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        log.warning("the table %s could not be shown: %s", key, type(error).__name__)


def _cell(is_id: bool, value: Any) -> str:
    return value if is_id and isinstance(value, str) and _ID.fullmatch(value) else harmless(value)
