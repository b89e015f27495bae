"""What a function gets to see of a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.envelope import Item, Outcome, Page, error, failure, read_page, refuse
from sandbox.ids import DamagedIdError, ObjectId
from sandbox.validate import DateError, Field, check_item, read_date
from sandbox.wire import Reply
from sandbox.world import World

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

_SMASH = re.compile(r"[0-9a-f]{32}\Z", re.ASCII)
"""Looks like an id, is a hash: refused as the wrong kind, not as damaged."""


@dataclass(slots=True)
class Context:
    """One authenticated, permitted call."""

    tenant: Tenant
    items: list[Item]
    page_block: Item
    generation: str
    operator: str
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The tenant's memory."""
        return self.tenant.world

    def page(self, *, default: int, most: int) -> Page:
        """The page that was asked for."""
        return read_page(self.page_block, default=default, most=most)

    def valid(self, outcome: Outcome, fields: Mapping[str, Field], *, strict: bool) -> list[Item]:
        """The items that pass; the others go to `outcome.fail`."""
        good = []
        for item in self.items:
            errors = check_item(item, fields, strict=strict)
            if errors:
                outcome.fail.append(failure(item, *errors))
            else:
                good.append(item)
        return good

    def need_items(self) -> None:
        """Refuse a call with an empty `data` list.

        Raises:
            RefusalError: HTTP 400.
        """
        if not self.items:
            raise refuse(400, "err_validation_null", "data must not be empty")

    def read_id(self, text: object) -> ObjectId:
        """Decode an id.

        Raises:
            RefusalError: HTTP 400 with an empty body, as for any damaged id.
        """
        if isinstance(text, str) and _SMASH.match(text):
            return ObjectId("smash", 0)
        try:
            return self.world.mint.read(text)
        except DamagedIdError:
            from sandbox.envelope import RefusalError

            raise RefusalError(Reply(status=400, body=b"", content_type="")) from None

    def window(
        self, item: Item, outcome: Outcome, *, back: float, names: tuple[str, str] = ("start", "end")
    ) -> tuple[float, float] | None:
        """(start, end) of an item in seconds since 1970; None when a date is bad (then `fail` says so).

        Args:
            item: With `start` and `end`, both optional.
            outcome: Gets the failure.
            back: Seconds before now that count as start when none is given.
            names: What the two are called.
        """
        now = self.tenant.clock.epoch()
        dates: dict[str, float] = {names[0]: now - back, names[1]: now}
        for name in names:
            try:
                given = read_date(item.get(name), iso_z=self.tenant.iso_z_accepted)
            except DateError:
                wrong = error("err_validation_date", f"{name} is not a date of the form ...+0000", name)
                outcome.fail.append(failure(item, wrong))
                return None
            dates[name] = dates[name] if given is None else given
        return dates[names[0]], dates[names[1]]
