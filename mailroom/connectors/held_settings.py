"""What a cycle of the held connector fetches, how far it goes, and which entries it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mimecast.models import HeldMessage
from mailroom.mimecast.statuses import ROUTES

Risk = Literal["negligible", "low", "medium", "high"]
_RISKS: tuple[Risk, ...] = ("negligible", "low", "medium", "high")
_MOST_HOURS = 30 * 24 - 1
_ROUTES = ROUTES | {"other"}  # what an entry is filed under whose route this version does not know


@dataclass(frozen=True)
class HeldSettings:
    """What a cycle fetches and how far it goes.

    Attributes:
        instance: Name of this connector; two instances on one tenant keep separate cursors.
        max_hours_backwards: Reach of the first cycle, and of the first one of each day (UTC), which lists everything
            again; in hours, at most 719.
        overlap_minutes: How far each cycle looks back behind the cursor, for entries that appear late.
        patience_minutes: How long an entry waits for its tracking record before it becomes an alert without details;
            tracking is indexed later than the queue.
        max_messages: Settle at most this many per cycle; the rest waits staged for the next. 0 = no limit.
        time_limit: Seconds after which a cycle stops and keeps what it has. 0 = no limit.
        with_detail: Fetch the message info of every entry (levels T1 and T2) or only the list (T1).
        routes: Keep only these routes; empty = all.
        queue_reasons: Keep only entries whose reason or queue reason is listed; empty = all.
        lowest_risk: Drop entries below this risk; empty = keep all. Needs details.
        ingest_without_risk: Keep entries without risk information when `lowest_risk` is set.
        environment: Environment written on the alerts.
        workers: Message infos fetched at a time.
        slice_size: Entries settled per transaction.
    """

    instance: str = "held"
    max_hours_backwards: int = 14 * 24
    overlap_minutes: int = 60
    patience_minutes: int = 10
    max_messages: int = 0
    time_limit: float = 0.0
    with_detail: bool = True
    routes: tuple[str, ...] = ()
    queue_reasons: tuple[str, ...] = ()
    lowest_risk: Risk | Literal[""] = ""
    ingest_without_risk: bool = True
    environment: str = "Default Environment"
    workers: int = 8
    slice_size: int = 250

    def __post_init__(self) -> None:
        for name, low, high in (
            ("max_hours_backwards", 1, _MOST_HOURS),
            ("overlap_minutes", 0, 24 * 60),
            ("patience_minutes", 0, 24 * 60),
            ("max_messages", 0, 10_000_000),
            ("time_limit", 0, 86_400),
            ("workers", 1, 64),
            ("slice_size", 1, 5_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                msg = f"{name} is {value}: choose a number from {low} to {high}."
                raise InvalidInputError(msg)
        if not self.instance.strip():
            raise InvalidInputError("instance is empty: write a name, or leave it out.")
        if strange := [route for route in self.routes if route.lower() not in _ROUTES]:
            msg = f"routes has {strange[0][:80]!r}: choose from {', '.join(sorted(ROUTES))}, or leave it empty."
            raise InvalidInputError(msg)
        if self.lowest_risk and self.lowest_risk not in _RISKS:
            msg = f"lowest_risk is {self.lowest_risk!r}: choose one of {', '.join(_RISKS)}, or leave it empty."
            raise InvalidInputError(msg)
        if self.lowest_risk and not self.with_detail:
            msg = "lowest_risk needs the message details: switch with_detail on, or leave lowest_risk empty."
            raise InvalidInputError(msg)

    def unwanted(self, entry: HeldMessage) -> str:
        """Why an entry is left out, as far as the hold list tells; "" keeps it."""
        if self.routes and entry.route not in {route.lower() for route in self.routes}:
            return f"route {entry.route} is not asked for"
        return "" if self.with_detail else self._other_queue(entry, "")

    def unwanted_in_detail(self, entry: HeldMessage, risk: str | None, queue_reason: str) -> str:
        """Why an entry is left out, seen from its details (`risk` None: there is no risk information)."""
        return self._below_risk(risk) or self._other_queue(entry, queue_reason)

    def _other_queue(self, entry: HeldMessage, queue_reason: str) -> str:
        if not self.queue_reasons:
            return ""
        wanted = {reason.casefold() for reason in self.queue_reasons}
        if {entry.reason.casefold(), entry.reason_code.casefold(), queue_reason.casefold()} & wanted:
            return ""
        return "queue reason is not asked for"

    def _below_risk(self, risk: str | None) -> str:
        if not self.lowest_risk:
            return ""
        if risk not in _RISKS:
            return "" if self.ingest_without_risk else "no risk information"
        if _RISKS.index(risk) < _RISKS.index(self.lowest_risk):
            return f"risk {risk} is below {self.lowest_risk}"
        return ""
