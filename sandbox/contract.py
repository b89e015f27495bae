"""Whether requests are as documented: every field name and type, also where the tenant would forgive.

The tables are those that the functions read with; here each of them is taken strictly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.validate import Field, check_item
from sandbox.wire import Request

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\Z", re.ASCII)
_DATES = {
    "start",
    "end",
    "from",
    "to",
    "fromDate",
    "toDate",
    "startDateTime",
    "endDateTime",
    "fromDateTime",
    "toDateTime",
}
"""Fields that hold a date when their value begins like one."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in a request that is not as documented."""

    path: str
    field: str
    problem: str


def check_request(request: Request, tables: Mapping[str, Mapping[str, Field]]) -> list[Violation]:
    """Everything in a request that is not as documented.

    Args:
        request: What arrived.
        tables: Path -> fields of an item; of paths that are not here nothing is said.
    """
    fields = tables.get(request.path)
    if fields is None or not request.body:
        return []
    try:
        body = json.loads(request.body)
    except ValueError:
        return [Violation(request.path, "", "the body is not JSON")]
    if not isinstance(body, dict):
        return [Violation(request.path, "", "the body is no object")]
    found = [Violation(request.path, name, "unknown member") for name in body if name not in ("meta", "data")]
    found += _page(request.path, body.get("meta"))
    items = body.get("data")
    if not isinstance(items, list):
        return [*found, Violation(request.path, "data", "must be a list")]
    for item in items:
        if not isinstance(item, dict):
            found.append(Violation(request.path, "data", "must be a list of objects"))
            continue
        found += check_object(request.path, item, fields)
    return found


def check_rest(request: Request, fields: Mapping[str, Field] | None) -> list[Violation]:
    """The same for a REST function, whose body is one flat object; None where it takes no body."""
    path = f"{request.method} {request.path}"
    if fields is None:
        return [Violation(path, "", "a body is not expected")] if request.body else []
    try:
        body = json.loads(request.body)
    except ValueError:
        return [Violation(path, "", "the body is not JSON")]
    return check_object(path, body, fields) if isinstance(body, dict) else [Violation(path, "", "must be an object")]


def check_object(path: str, item: dict[str, Any], fields: Mapping[str, Field], below: str = "") -> list[Violation]:
    """Complaints about one object and the objects inside it."""
    found = [
        Violation(path, below + entry["field"], f"{entry['code']}: {entry['message']}")
        for entry in check_item(item, fields, strict=True)
    ]
    for name, value in item.items():
        if name in _DATES and isinstance(value, str) and value[:4].isdigit() and not _DATE.match(value):
            found.append(Violation(path, below + name, "a date is written like 2025-01-14T09:30:00+0000"))
        if value is None:
            found.append(Violation(path, below + name, "null: leave the field out"))
        inner = fields[name].inside if name in fields else None
        for entry in (value if isinstance(value, list) else [value]) if inner is not None else ():
            if isinstance(entry, dict):
                found += check_object(path, entry, inner or {}, f"{below}{name}.")
            else:
                found.append(Violation(path, below + name, "must be an object"))
    return found


def _page(path: str, meta: Any) -> list[Violation]:
    if meta is None:
        return []
    if not isinstance(meta, dict) or set(meta) - {"pagination"}:
        return [Violation(path, "meta", "has the member pagination")]
    page = meta.get("pagination", {})
    if not isinstance(page, dict):
        return [Violation(path, "meta.pagination", "must be an object")]
    found = [
        Violation(path, f"meta.pagination.{name}", "unknown member")
        for name in page
        if name not in ("pageSize", "pageToken")
    ]
    if "pageSize" in page and (not isinstance(page["pageSize"], int) or isinstance(page["pageSize"], bool)):
        found.append(Violation(path, "meta.pagination.pageSize", "must be a number"))
    if "pageToken" in page and not isinstance(page["pageToken"], str):
        found.append(Violation(path, "meta.pagination.pageToken", "must be a string"))
    return found
