"""What the newer functions of API 2.0 have in common: query, flat body, cursors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.envelope import Item, dumps, error, failure, refuse
from sandbox.ids import DamagedIdError, page_token, read_page_token
from sandbox.wire import Reply, Request, form_fields
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

MOST = 100
"""Largest page."""


@dataclass(slots=True)
class RestCall:
    """One authenticated, permitted call of a REST function."""

    tenant: Tenant
    request: Request
    values: dict[str, str]
    """What stands in the variable places of the path."""
    operator: str

    @property
    def world(self) -> World:
        """The tenant's memory."""
        return self.tenant.world

    def query(self, allowed: Sequence[str]) -> dict[str, str]:
        """The query's fields.

        Raises:
            RefusalError: HTTP 400 for a field that is not allowed.
        """
        fields = form_fields(self.request.query) if self.request.query else {}
        unknown = sorted(set(fields) - set(allowed))
        if unknown:
            raise refuse(400, "err_validation", f"unknown parameter {unknown[0]}", flat=True)
        return fields

    def body(self) -> Item:
        """The body, a flat object.

        Raises:
            RefusalError: HTTP 400 for anything else.
        """
        if "json" not in self.request.headers.get("content-type", "").lower():
            raise refuse(400, "err_content_type", "Content-Type must be application/json", flat=True)
        try:
            body = json.loads(self.request.body)
        except ValueError as err:
            raise refuse(400, "err_malformed_json", "the body is not JSON", flat=True) from err
        if not isinstance(body, dict):
            raise refuse(400, "err_validation", "the body must be an object", flat=True)
        return body

    def page(self, fields: dict[str, str], cursor: str, rows: Sequence[Any]) -> tuple[list[Any], str]:
        """(the rows of the page that was asked for, the cursor of the next one or "").

        Raises:
            RefusalError: HTTP 400 for a size out of bounds or a cursor that is none.
        """
        size = fields.get("pageSize", "25")
        if not size.isdigit() or not 1 <= int(size) <= MOST:
            raise refuse(400, "err_validation_range", f"pageSize must be from 1 to {MOST}", flat=True)
        most, start = int(size), 0
        if fields.get(cursor):
            try:
                most, start = read_page_token(fields[cursor])
            except DamagedIdError as err:
                raise refuse(400, "err_page_token_invalid", "the page token is not valid", flat=True) from err
        shown = list(rows[start : start + most])
        return shown, page_token(most, start + len(shown)) if start + len(shown) < len(rows) else ""


def answer(body: Item, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status=status, body=dumps(body))


def wrong(errors: Sequence[Item]) -> Reply:
    """HTTP 400 with everything that is wrong."""
    return Reply(status=400, body=dumps({"fail": [failure({}, *errors)]}))


def not_found() -> Reply:
    """HTTP 404."""
    return Reply(status=404, body=dumps({"fail": [error("err_not_found", "no such object")]}))
