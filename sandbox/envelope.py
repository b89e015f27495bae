"""The envelope: what a request carries, what an answer looks like, and strict reading of both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from sandbox.ids import DamagedIdError, page_token, read_page_token
from sandbox.wire import Reply, Request

Item = dict[str, Any]


class RefusalError(Exception):
    """The whole call is refused; carries the finished answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(slots=True)
class Outcome:
    """What a function made of its items. `meta_status` may differ from HTTP's 200."""

    data: list[Any] = field(default_factory=list)
    fail: list[Any] = field(default_factory=list)
    pagination: dict[str, Any] | None = None
    meta_status: int = 200


@dataclass(frozen=True, slots=True)
class Page:
    """The page that was asked for; `asked` is False when the request had no page block."""

    size: int
    offset: int = 0
    asked: bool = False

    def block(self, shown: int, total: int, *, count: bool = True) -> dict[str, Any]:
        """The `pagination` of an answer that shows `shown` of `total` rows."""
        block: dict[str, Any] = {"pageSize": self.size}
        if count:
            block["totalCount"] = total
        if self.offset + shown < total:
            block["next"] = page_token(self.size, self.offset + shown)
        if self.offset:
            block["previous"] = page_token(self.size, max(0, self.offset - self.size))
        return block


def dumps(value: Any) -> bytes:
    """JSON as UTF-8; text that UTF-8 cannot carry is written with escapes."""
    try:
        return orjson.dumps(value)
    except TypeError:  # lone surrogates, long numbers, nesting without end: the standard library writes them too
        pass
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def answer(outcome: Outcome) -> Reply:
    """The HTTP 200 answer of a function."""
    meta: dict[str, Any] = {"status": outcome.meta_status}
    if outcome.pagination is not None:
        meta["pagination"] = outcome.pagination
    return Reply(body=dumps({"meta": meta, "data": outcome.data, "fail": outcome.fail}))


def error(code: str, message: str, field_name: str = "", *, retryable: bool = False) -> Item:
    """One entry of `fail[].errors`."""
    entry: Item = {"code": code, "message": message, "retryable": retryable}
    return {"field": field_name, **entry} if field_name else entry


def failure(key: Any, *errors: Item) -> Item:
    """One entry of `fail`."""
    return {"key": key, "errors": list(errors)}


def refuse(status: int, code: str, message: str, *, flat: bool = False) -> RefusalError:
    """An error answer for the whole call; `flat` is the shape of API 2.0's own layer."""
    if flat:
        body: Item = {"fail": [{"code": code, "message": message}]}
    else:
        body = {"meta": {"status": status}, "data": [], "fail": [{"errors": [error(code, message)]}]}
    return RefusalError(Reply(status=status, body=dumps(body)))


def read_items(request: Request) -> tuple[list[Item], Item]:
    """(`data`, `meta.pagination`) of a request body; an empty body means no items.

    Raises:
        RefusalError: HTTP 400 for anything that is not an envelope.
    """
    if not request.body:
        return [], {}
    if "json" not in request.headers.get("content-type", "").lower():
        raise refuse(400, "err_content_type", "Content-Type must be application/json")
    try:
        body = json.loads(request.body)
    except ValueError as err:
        raise refuse(400, "err_malformed_json", "the body is not JSON") from err
    if not isinstance(body, dict) or set(body) - {"meta", "data"}:
        raise refuse(400, "err_validation", "the envelope has the members meta and data")
    items = body.get("data", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refuse(400, "err_validation", "data must be a list of objects")
    meta = body.get("meta") or {}
    page = meta.get("pagination", {}) if isinstance(meta, dict) else None
    if not isinstance(page, dict) or set(page) - {"pageSize", "pageToken"}:
        raise refuse(400, "err_validation", "meta.pagination has the members pageSize and pageToken")
    return items, page


def read_page(block: Item, *, default: int, most: int) -> Page:
    """The page to serve. A token freezes the size it was made with.

    Raises:
        RefusalError: HTTP 400 for a size out of bounds or a token that is none.
    """
    size = block.get("pageSize", default)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= most:
        raise refuse(400, "err_validation_range", f"pageSize must be from 1 to {most}")
    token = block.get("pageToken")
    if token in (None, ""):
        return Page(size, asked="pageSize" in block)
    try:
        frozen, offset = read_page_token(token)
    except (DamagedIdError, AttributeError, TypeError) as err:
        raise refuse(400, "err_page_token_invalid", "the page token is not valid") from err
    return Page(frozen, offset, asked=True)


def stamp(epoch: float) -> str:
    """`2025-01-14T09:30:00+0000`."""
    return _stamp(int(epoch))


@lru_cache(maxsize=4096)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
